/**
 * The other side of the trainer's bench: the solvers of peers/trainer.py, each run once to find the fastest.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ask } from './peers/python.ts'
import type { Library } from './trainer-results.ts'
import type { SetShape } from './trainer-sets.ts'

export interface PeerSolver {
  readonly name: string
  readonly library: 'sklearn' | 'torch'
}

export interface PeerRun {
  /** Why it did not run; then there is nothing else. */
  readonly absent?: string
  readonly reached: readonly (number | null)[]
  readonly passes: readonly (number | null)[]
  readonly curve: readonly (readonly [seconds: number, objective: number])[]
  readonly end: string
  readonly seconds: number
}

/** A solver with so many threads, and its first run. */
export interface Candidate {
  readonly library: Library
  readonly name: string
  readonly threads: number
  readonly run: PeerRun
}

export interface Race {
  readonly targets: readonly number[]
  /** Seconds that a run may take. */
  readonly limit: number
  /** Whether the way down is noted, too. */
  readonly curve: boolean
}

const LIBRARIES = { sklearn: 'scikit-learn', torch: 'PyTorch' } as const
/** Below so many products a pass is so short that one BLAS thread may be faster than several. */
const SMALL = 3e7
/** Above so many, float64 is not tried where the same solver got there in float32, at half the traffic of memory. */
const LARGE = 3e8

/** In a moment of quiet, as threads of the one before may still be spinning. */
export async function runPeer(
  ask: Ask,
  { name, threads }: { readonly name: string; readonly threads: number },
  race: Race,
): Promise<PeerRun> {
  await sleep(100)
  const run = await ask<PeerRun>({ do: 'run', solver: name, threads, ...race })
  return run.absent === undefined ? run : { ...run, reached: [], passes: [], curve: [], end: run.absent, seconds: 0 }
}

/** A short run is run twice, as the second time nothing is new. */
async function firstRun(ask: Ask, solver: { name: string; threads: number }, race: Race): Promise<PeerRun> {
  const run = await runPeer(ask, solver, race)
  return run.seconds < 1 && run.absent === undefined ? runPeer(ask, solver, race) : run
}

/** Runs every solver; one that is slower than the fastest of its library so far is cut off. */
export async function explore(
  ask: Ask,
  solvers: readonly PeerSolver[],
  { rows, features, classes }: SetShape,
  race: Race,
  cores: number,
  tell: (candidate: Candidate) => void,
): Promise<Candidate[]> {
  const candidates: Candidate[] = []
  const fastest = { sklearn: race.limit, torch: race.limit }
  const products = rows * features * classes
  for (const { name, library } of solvers) {
    const twin = candidates.find((one) => one.name === name.replace('f64', 'f32'))
    if (products > LARGE && twin?.run.reached.at(-1) != null) continue
    for (const threads of products < SMALL ? [cores, 1] : [cores]) {
      const limit = Math.max(1, Math.min(race.limit, 1.1 * fastest[library]))
      const run = await firstRun(ask, { name, threads }, { ...race, limit })
      fastest[library] = Math.min(fastest[library], run.reached.at(-1) ?? Infinity)
      const candidate = { library: LIBRARIES[library], name, threads, run }
      candidates.push(candidate)
      tell(candidate)
    }
  }
  return candidates
}

/** Of runs so short, several that are near the fastest go on to the rounds, as one run does not tell. */
const SHORT_SECONDS = 1
const NEAR = 1.6

/** Who may be the fastest of a library to a target, fastest first. */
export function fastestOf(candidates: readonly Candidate[], library: Library, target: number): Candidate[] {
  const time = ({ run }: Candidate): number => run.reached[target] ?? Infinity
  const ranked = candidates
    .filter((one) => one.library === library && time(one) < Infinity)
    .sort((a, b) => time(a) - time(b))
  return ranked.filter((one, i) => i === 0 || (time(one) < SHORT_SECONDS && time(one) <= NEAR * time(ranked[0])))
}
