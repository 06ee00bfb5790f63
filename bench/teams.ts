/**
 * Who takes part: every team that can be loaded here. One that cannot is named, with the reason, and never fails the bench.
 */
import type { Team } from './contestant.ts'
import { jaxJs } from './peers/jax-js.ts'
import { handWritten, memcpy } from './peers/limits.ts'
import { ourTeams } from './peers/maxshift.ts'
import { onnxruntime } from './peers/onnxruntime.ts'
import { pythonTeams } from './peers/python.ts'
import { tensorflow } from './peers/tensorflow.ts'
import { transformers } from './peers/transformers.ts'

export interface Missing {
  name: string
  reason: string
}

export interface Teams {
  teams: Team[]
  missing: Missing[]
  close(): void
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]

export async function loadTeams(only: readonly string[]): Promise<Teams> {
  const loaded: Team[] = await ourTeams()
  const missing: Missing[] = []
  const loaders = {
    onnxruntime,
    'TensorFlow.js': tensorflow,
    'jax-js': jaxJs,
    'transformers.js': transformers,
  }
  for (const [name, load] of Object.entries(loaders)) {
    try {
      loaded.push(await load())
    } catch (error) {
      missing.push({ name, reason: reasonOf(error) })
    }
  }
  let close = (): void => {}
  try {
    const python = await pythonTeams()
    loaded.push(...python.teams)
    for (const name of python.missing) missing.push({ name, reason: 'python3 does not have it' })
    close = python.close
  } catch (error) {
    missing.push({ name: 'PyTorch, SciPy, NumPy', reason: reasonOf(error) })
  }
  loaded.push(memcpy, handWritten)
  const teams = loaded.filter(({ name }) => only.length === 0 || only.includes(name))
  return { teams, missing, close }
}
