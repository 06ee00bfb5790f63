/**
 * Our side of the trainer's bench: fits that stop at an objective, timed from outside, and the peak of memory of one in a process of
 * its own.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Ask } from './peers/python.ts'
import { temporaryFile } from './problem.ts'
import { spread } from './statistics.ts'
import type { TrainerFeatures, TrainerProblem } from './trainer-sets.ts'

interface Progress {
  readonly iteration: number
  readonly objective: number
  readonly dataPasses: number
}

interface Fitted {
  readonly weights: Float64Array
  readonly intercepts: Float64Array
  readonly report: { readonly status: string; readonly objective: number; readonly dataPasses: number }
}

interface Library {
  readonly SoftmaxRegression: {
    fit(features: TrainerFeatures, labels: Int32Array, options: Record<string, unknown>): Promise<Fitted>
  }
}

const BUILD = new URL('../packages/maxshift/dist/', import.meta.url)

/** One fit: when it passed each target, and where it ended. */
export interface OurRun {
  /** Seconds from the call on; for the last target until the promise has settled. */
  readonly reached: (number | null)[]
  readonly passes: (number | null)[]
  readonly curve: [seconds: number, objective: number][]
  /** Seconds and passes over the data after each step. */
  readonly steps: [seconds: number, passes: number][]
  readonly seconds: number
  readonly model: Fitted
}

export interface Ours {
  readonly version: string
  fit(problem: TrainerProblem, threads: number, targets: readonly number[], tolerance?: number): Promise<OurRun>
}

/** Past the last target a fit is stopped; a tolerance that no fit reaches leaves the decision to the targets. */
const NEVER = 1e-13

export async function loadOurs(): Promise<Ours> {
  if (!existsSync(new URL('regression/index.js', BUILD)))
    throw new Error('the library is not built: run npm ci in the root')
  const { SoftmaxRegression }: Library = await import(new URL('regression/index.js', BUILD).href)
  const { version } = JSON.parse(readFileSync(new URL('../package.json', BUILD), 'utf8'))
  const fit: Ours['fit'] = async ({ x, labels, scale }, threads, targets, tolerance = NEVER) => {
    const reached: OurRun['reached'] = targets.map(() => null)
    const passes: OurRun['passes'] = targets.map(() => null)
    const curve: OurRun['curve'] = []
    const steps: OurRun['steps'] = []
    const start = performance.now()
    const elapsed = (): number => (performance.now() - start) / 1000
    const onIteration = ({ objective, dataPasses }: Progress): boolean => {
      const seconds = elapsed()
      curve.push([seconds, objective])
      steps.push([seconds, dataPasses])
      for (let i = 0; i < targets.length; i++)
        if (reached[i] === null && objective <= targets[i]) {
          reached[i] = seconds
          passes[i] = dataPasses
        }
      return targets.length === 0 || reached[targets.length - 1] === null
    }
    const options = {
      featureScale: scale,
      threads,
      tolerance,
      maxIterations: 3000,
      onIteration,
    }
    const model = await SoftmaxRegression.fit(x, labels, options)
    const seconds = elapsed()
    if (targets.length > 0 && reached[targets.length - 1] !== null) reached[targets.length - 1] = seconds
    return { reached, passes, curve, steps, seconds, model }
  }
  return { version, fit }
}

/** The objective of a model by the function that judges everyone. */
export async function commonObjective(ask: Ask, { weights, intercepts }: Fitted, scale: number): Promise<number> {
  const parameters = temporaryFile('parameters')
  const both = new Float64Array(weights.length + intercepts.length)
  for (let i = 0; i < weights.length; i++) both[i] = weights[i] / scale
  both.set(intercepts, weights.length)
  writeFileSync(parameters, both)
  return (await ask<{ objective: number }>({ do: 'objective', parameters })).objective
}

/** Seconds of a pass on one thread: the median over steps 2 to 9, which come before coordinates are made anew. */
export async function passSeconds(ours: Ours, problem: TrainerProblem): Promise<number> {
  const { steps } = await ours.fit(problem, 1, [], 1e-3)
  const times: number[] = []
  for (let i = 1; i < Math.min(9, steps.length); i++)
    times.push((steps[i][0] - steps[i - 1][0]) / (steps[i][1] - steps[i - 1][1]))
  return spread(times).median
}

export interface Memory {
  /** Resident bytes before the fit, the data among them, and at its peak. */
  readonly before: number
  readonly peak: number
  readonly threads: number
}

/** Of a fit in a process of its own, on the files in the folder. */
export function fitMemory({ shape, scale }: TrainerProblem, folder: string, threads: number): Memory | string {
  const { kind, features } = shape
  const script = fileURLToPath(new URL('trainer-memory.mjs', import.meta.url))
  const asked = JSON.stringify({ folder, kind, columns: features, scale, threads })
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, asked], { encoding: 'utf8' })
  return status === 0
    ? { ...JSON.parse(stdout), threads }
    : (stderr.split('\n').find((line) => line.includes('Error')) ?? `the process ended with ${status}`)
}
