/**
 * The harness: validate, calibrate, then time in interleaved rounds (A B C A B C …), so that whatever slows the machine
 * for a while slows everyone.
 *
 * A round of a contestant is as many repetitions as last `roundMilliseconds`; the number is found by doubling, which warms up
 * as well. Times are nanoseconds per logit.
 */
import { Absent, type Contestant, type Team } from './contestant.ts'
import type { Dtype } from './problem.ts'
import { ratios, type Spread, spread } from './statistics.ts'
import { type Expected, errorOf, TOLERANCE } from './validate.ts'

export interface Settings {
  rounds: number
  warmups: number
  roundMilliseconds: number
}

export interface Measured {
  name: string
  status: 'timed' | 'wrong' | 'absent'
  /** Why it is absent or wrong. */
  reason?: string
  /** The largest error against float64, relative as validate.ts says. */
  error?: number
  nsPerElement?: Spread
  repetitions?: number
  rounds?: number
}

/** theirs / ours, for one of ours and one of the others: how many times faster ours is. */
export interface Ratio extends Spread {
  ours: string
  peer: string
}

export interface Measurement {
  dtype: string
  rows: number
  classes: number
  contestants: Measured[]
  ratios: Ratio[]
}

interface Entrant<P> {
  team: Team<P>
  contestant: Contestant
  repetitions: number
  /** Round → nanoseconds per logit. */
  times: Map<number, number>
  error: number
}

/** What the harness must know of a problem. */
interface Sized {
  readonly dtype: Dtype
  readonly rows: number
  readonly classes: number
}

/** A seldom contestant runs in the counted rounds 0, 3, 6, … */
const SELDOM = 3

/** Makes a team ready and validates it; what cannot run, or runs wrong, is described instead. */
async function admit<P extends Sized>(team: Team<P>, problem: P, expected: Expected): Promise<Entrant<P> | Measured> {
  const { name, unchecked } = team
  let contestant: Contestant | undefined
  try {
    contestant = await team.enter(problem)
    const error = unchecked ? 0 : errorOf(await contestant.result(), expected)
    if (error <= TOLERANCE[problem.dtype]) return { team, contestant, repetitions: 1, times: new Map(), error }
    await contestant.dispose?.()
    const reason = `its error of ${error.toExponential(1)} is over the tolerance of ${TOLERANCE[problem.dtype]}`
    return { name, status: 'wrong', reason, error: Number.isFinite(error) ? error : Number.MAX_VALUE }
  } catch (error) {
    await contestant?.dispose?.()
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return { name, status: 'absent', reason: error instanceof Absent ? reason : `failed: ${reason}` }
  }
}

async function calibrate<P>(entrant: Entrant<P>, { roundMilliseconds }: Settings): Promise<void> {
  const target = roundMilliseconds * 1e6
  for (;;) {
    const time = await entrant.contestant.time(entrant.repetitions)
    if (time >= target) return
    // Towards the target, at most tenfold, at least by one.
    const factor = Math.min(10, (1.1 * target) / Math.max(time, 1))
    entrant.repetitions = Math.max(entrant.repetitions + 1, Math.ceil(entrant.repetitions * factor))
  }
}

async function runRounds<P>(entrants: readonly Entrant<P>[], elements: number, settings: Settings): Promise<void> {
  for (let round = -settings.warmups; round < settings.rounds; round++) {
    for (const { team, contestant, repetitions, times } of entrants) {
      if (team.seldom && (round < 0 || round % SELDOM !== 0)) continue
      const time = await contestant.time(repetitions)
      if (round >= 0) times.set(round, time / repetitions / elements)
    }
  }
}

function ratiosOf<P>(entrants: readonly Entrant<P>[]): Ratio[] {
  const found: Ratio[] = []
  for (const ours of entrants.filter(({ team }) => team.ours)) {
    for (const peer of entrants.filter(({ team }) => !team.ours)) {
      const ratio = ratios(peer.times, ours.times)
      if (ratio !== undefined) found.push({ ours: ours.team.name, peer: peer.team.name, ...ratio })
    }
  }
  return found
}

export async function measure<P extends Sized>(
  teams: readonly Team<P>[],
  problem: P,
  expected: Expected,
  settings: Settings,
): Promise<Measurement> {
  const contestants: Measured[] = []
  const entrants: Entrant<P>[] = []
  for (const team of teams) {
    const admitted = await admit(team, problem, expected)
    if ('status' in admitted) contestants.push(admitted)
    else entrants.push(admitted)
  }
  for (const entrant of entrants) await calibrate(entrant, settings)
  const { dtype, rows, classes } = problem
  await runRounds(entrants, rows * classes, settings)
  for (const { team, repetitions, times, error } of entrants) {
    const nsPerElement = spread([...times.values()])
    contestants.push({ name: team.name, status: 'timed', error, nsPerElement, repetitions, rounds: times.size })
  }
  const found = ratiosOf(entrants)
  for (const { contestant } of entrants) await contestant.dispose?.()
  return { dtype, rows, classes, contestants, ratios: found }
}
