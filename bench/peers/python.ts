/**
 * PyTorch, SciPy and NumPy through worker.py: one process, asked in turn, so that their rounds interleave with ours. They
 * read the same bytes from a file and take the time themselves. One thread each.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Absent, type Contestant, type Outcome, type Team } from '../contestant.ts'
import { outputLength, type Problem, temporaryFile } from '../problem.ts'

interface Answer {
  error?: string
  absent?: string
  nanoseconds?: number
  loss?: number
}
export type Ask = <T = Answer>(request: Record<string, unknown>) => Promise<T>

const PEERS = [
  {
    key: 'torch',
    name: 'PyTorch',
    call: 'eager, `set_num_threads(1)`, `out=` where it exists, `backward()` for the gradient',
  },
  { key: 'scipy', name: 'SciPy', call: '`scipy.special.softmax`, `log_softmax`, `logsumexp`' },
  { key: 'numpy', name: 'NumPy', call: 'the shifted formulas with `out=`' },
] as const

const threadsOf = (threads: number): Record<string, string> => ({
  OMP_NUM_THREADS: `${threads}`,
  MKL_NUM_THREADS: `${threads}`,
  OPENBLAS_NUM_THREADS: `${threads}`,
})

/** Asks the worker, one question at a time; rejects when it reports an error or ends. */
function asker(worker: ChildProcess): Ask {
  if (worker.stdin === null || worker.stdout === null) throw new Error('the worker has no pipes')
  const { stdin } = worker
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]()
  return async <T>(request: Record<string, unknown>): Promise<T> => {
    stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`python3 ended while it was asked to ${request.do}`)
    const answer = JSON.parse(value) as T & Answer
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer
  }
}

async function enter(ask: Ask, peer: string, problem: Problem): Promise<Contestant> {
  const { operation, dtype, rows, classes, logitsFile: logits, labelsFile: labels } = problem
  const { absent } = await ask({ do: 'enter', peer, operation, dtype, rows, classes, logits, labels })
  if (absent !== undefined) throw new Absent(absent)
  return {
    time: async (repetitions) => {
      const { nanoseconds } = await ask({ do: 'time', peer, repetitions })
      return nanoseconds as number
    },
    result: async () => {
      const file = temporaryFile(`${peer}.result`)
      const { loss } = await ask({ do: 'result', peer, file })
      const outcome: Outcome = loss === undefined ? {} : { loss }
      if (outputLength(problem) > 0) {
        const { buffer, byteOffset, byteLength } = readFileSync(file)
        outcome.values = new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength))
      }
      return outcome
    },
    dispose: async () => {
      await ask({ do: 'leave', peer })
    },
  }
}

/** A worker with so many threads, and the versions of what it has, null for what it lacks; `close` ends the process. */
export async function startWorker<V = Record<string, string | null>>(
  script = 'worker.py',
  threads = 1,
): Promise<{ ask: Ask; versions: V; close(): void }> {
  const worker = spawn('python3', [fileURLToPath(new URL(script, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...threadsOf(threads) },
  })
  const started = new Promise<never>((_, reject) => worker.once('error', reject))
  const ask = asker(worker)
  const versions = await Promise.race([ask<V>({ do: 'versions' }), started])
  return { ask, versions, close: () => worker.stdin?.end() }
}

/** The Python teams that this machine has, and the names of those it lacks. */
export async function pythonTeams(): Promise<{ teams: Team[]; missing: string[]; close(): void }> {
  const { ask, versions, close } = await startWorker()
  const teams: Team[] = []
  const missing: string[] = []
  for (const { key, name, call } of PEERS) {
    const version = versions[key]
    if (version === null) missing.push(name)
    else teams.push({ name, version, ours: false, call, enter: (problem) => enter(ask, key, problem) })
  }
  return { teams, missing, close }
}
