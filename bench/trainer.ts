/**
 * How long does a fit take, from the call to an objective? SoftmaxRegression against the multinomial solvers of scikit-learn and PyTorch's
 * L-BFGS on all rows, on as many cores.
 *
 * For each data set: the optimum, from a fit to a tight tolerance (and full Newton steps where the set is small); then every solver once,
 * which shows the fastest of each library for each target; then those and ours in interleaved rounds. Objectives of all are computed by one
 * function in float64 (peers/trainer.py). A time begins with the call of fit, on data that are in memory in the dtype that the solver likes;
 * ours ends when the model is there and its threads have ended.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Absent } from './contestant.ts'
import { loadNow, machine } from './machine.ts'
import { type Ask, startWorker } from './peers/python.ts'
import { temporaryFile } from './problem.ts'
import { ratios, spread } from './statistics.ts'
import { commonObjective, fitMemory, loadOurs, type OurRun, type Ours, passSeconds } from './trainer-ours.ts'
import {
  type Candidate,
  explore,
  fastestOf,
  type PeerRun,
  type PeerSolver,
  type Race,
  runPeer,
} from './trainer-peers.ts'
import {
  type Against,
  type Curve,
  type Library,
  readTrainerResult,
  type SetResult,
  type Solver,
  TRAINER_FILE,
  type TrainerResult,
} from './trainer-results.ts'
import { GAPS, loadSet, removeFiles, TRAINER_SETS, type TrainerProblem, type TrainerSet } from './trainer-sets.ts'

export interface TrainerSettings {
  readonly quick: boolean
  readonly dryRun: boolean
  /** Names of data sets; all, if there is none. */
  readonly only: readonly string[]
  readonly rounds: number | undefined
}

/** Threads of everyone. */
export const CORES = 2
/** The most seconds of a run. */
const LIMIT = { quick: 15, full: 120 }
/** Rounds of a data set take so long together; where one takes longer, the peers' first run counts for all rounds. */
const ROUNDS_SECONDS = 30
const ROUNDS_MOST = 11
const WARM_SECONDS = 0.5
const TOLERANCE = { small: 1e-8, large: 3e-6 }

const say = (line: string): boolean => process.stderr.write(`${line}\n`)
const time = (seconds: number | null): string => (seconds === null ? '–' : `${(1000 * seconds).toPrecision(4)} ms`)

const tell = ({ library, name, threads, run }: Candidate): boolean =>
  say(
    `  ${library} ${name}, ${threads} threads: ${run.reached.map(time).join(', ')} (${run.end}, ${time(run.seconds)})`,
  )

/** What a set is measured with. */
interface Bench {
  readonly ask: Ask
  readonly ours: Ours
  readonly solvers: readonly PeerSolver[]
  readonly settings: TrainerSettings
}

/** The least objective that anyone knows, and how far ours is above full Newton steps. */
async function findOptimum({ ask, ours }: Bench, set: TrainerSet, problem: TrainerProblem) {
  const { model, seconds } = await ours.fit(problem, CORES, [], set.newton ? TOLERANCE.small : TOLERANCE.large)
  const reached = await commonObjective(ask, model, problem.scale)
  const { status, dataPasses } = model.report
  say(`  optimum ${reached} after ${dataPasses} passes and ${time(seconds)}, ${status}`)
  if (!set.newton) return { optimum: reached }
  const { objective } = await ask<{ objective: number }>({ do: 'newton' })
  return { optimum: Math.min(reached, objective), aboveNewton: (reached - objective) / objective }
}

/** A fit that stops at a target must be there by the objective that judges everyone. */
async function validate({ ask, ours }: Bench, problem: TrainerProblem, targets: readonly number[]): Promise<void> {
  for (const target of targets) {
    const { model } = await ours.fit(problem, CORES, [target])
    const objective = await commonObjective(ask, model, problem.scale)
    if (!(objective <= target * (1 + 1e-9)))
      throw new Error(`the fit that stopped at ${target} has the objective ${objective}`)
  }
}

interface Rounds {
  readonly ours: Map<number, OurRun[]>
  /** One run per round, or the first one alone. */
  readonly theirs: Map<Candidate, PeerRun[]>
}

async function runRounds(
  { ask, ours, settings }: Bench,
  problem: TrainerProblem,
  race: Race,
  entrants: readonly Candidate[],
): Promise<Rounds> {
  const runOurs = async (threads: number): Promise<OurRun> => {
    await sleep(100)
    return ours.fit(problem, threads, race.targets)
  }
  // Short fits are repeated until the engine has compiled what they need; Python's code has come compiled.
  let rehearsal = (await runOurs(1)).seconds
  for (let spent = rehearsal; spent < WARM_SECONDS; spent += rehearsal)
    rehearsal = (await ours.fit(problem, 1, race.targets)).seconds
  rehearsal = rehearsal * 1.6 + 0.2
  const together = entrants.reduce((sum, { run }) => sum + run.seconds + 0.1, rehearsal)
  const again = together <= ROUNDS_SECONDS
  const most = settings.rounds ?? (settings.quick ? 3 : ROUNDS_MOST)
  const rounds = Math.max(1, Math.min(most, Math.floor(ROUNDS_SECONDS / (again ? together : rehearsal))))
  const found: Rounds = {
    ours: new Map([1, CORES].map((threads) => [threads, []])),
    theirs: new Map(entrants.map((entrant) => [entrant, again ? [] : [entrant.run]])),
  }
  for (let round = 0; round < rounds; round++) {
    for (const [threads, runs] of found.ours) runs.push(await runOurs(threads))
    if (!again) continue
    for (const [entrant, runs] of found.theirs) runs.push(await runPeer(ask, entrant, { ...race, curve: false }))
  }
  return found
}

/** Times of a target by round. */
const timesOf = (runs: readonly (OurRun | PeerRun)[], target: number): Map<number, number> =>
  new Map(runs.flatMap(({ reached }, round) => (reached[target] == null ? [] : [[round, reached[target]] as const])))

function solverOf(
  { library, name, threads }: Pick<Solver, 'library' | 'name' | 'threads'>,
  runs: readonly (OurRun | PeerRun)[],
  end: string,
  targets: readonly number[],
  curve: Curve | undefined,
): Solver {
  const reached = targets.map((_, target) => {
    const times = [...timesOf(runs, target).values()]
    return times.length === 0 ? null : spread(times)
  })
  const passes = targets.map((_, target) => runs[0].passes[target] ?? null)
  const { seconds } = runs[0]
  return {
    library,
    name,
    threads,
    reached,
    passes,
    end,
    seconds,
    ...(curve === undefined ? {} : { curve: thinned(curve) }),
  }
}

/** Points that a picture can show. */
function thinned(curve: Curve): Curve {
  let next = 0
  const shown = curve.filter(([seconds], i) => {
    if (seconds < next && i < curve.length - 1) return false
    next = 1.04 * seconds
    return true
  })
  return shown.map(([seconds, objective]) => [Number(seconds.toPrecision(4)), Number(objective.toPrecision(10))])
}

/** On one thread, a pass over bytes and over the same as float32. */
async function passesByKind({ ours }: Bench, problem: TrainerProblem): Promise<Record<string, number>> {
  const { x, scale } = problem
  if (!(x instanceof Uint8Array)) return {}
  const single = { ...problem, x: Float32Array.from(x, (byte) => byte * scale), scale: 1 }
  const times = { u8: [] as number[], f32: [] as number[] }
  for (let round = 0; round < 3; round++) {
    times.u8.push(await passSeconds(ours, problem))
    times.f32.push(await passSeconds(ours, single))
  }
  return { u8: spread(times.u8).median, f32: spread(times.f32).median }
}

/** Against the one of a library that took least to a target, by the median of its rounds. */
function compare(
  { ours, theirs }: Rounds,
  library: Library,
  target: number,
  candidates: readonly Candidate[],
): Against[] {
  const mine = ours.get(CORES) ?? []
  const found = candidates.flatMap((candidate) => {
    const runs = theirs.get(candidate) ?? []
    const times = timesOf(runs.length < mine.length ? mine.map(() => runs[0]) : runs, target)
    const ratio = ratios(times, timesOf(mine, target))
    if (ratio === undefined) return []
    return [
      { median: spread([...times.values()]).median, against: { library, target, solver: candidate.name, ...ratio } },
    ]
  })
  return found
    .sort((a, b) => a.median - b.median)
    .slice(0, 1)
    .map(({ against }) => against)
}

type Measured = Pick<
  SetResult,
  'rounds' | 'targets' | 'optimum' | 'aboveNewton' | 'solvers' | 'against' | 'scaling' | 'pass'
>

async function measureSet(bench: Bench, set: TrainerSet, problem: TrainerProblem): Promise<Measured> {
  const { ask, solvers, settings } = bench
  const found = await findOptimum(bench, set, problem)
  const targets = set.targets ?? GAPS.map((gap) => found.optimum * (1 + gap))
  await validate(bench, problem, targets)
  const curves = set.curves === true
  const race = { targets, limit: settings.quick ? LIMIT.quick : LIMIT.full, curve: curves }
  const candidates = await explore(ask, solvers, problem.shape, race, CORES, tell)
  const finalists = (['scikit-learn', 'PyTorch'] as const).flatMap((library) =>
    targets.map((_, target) => ({ library, target, best: fastestOf(candidates, library, target) })),
  )
  const rounds = await runRounds(bench, problem, race, [...new Set(finalists.flatMap(({ best }) => best))])
  const { ours, theirs } = rounds
  const mine = ours.get(CORES) ?? []
  const last = targets.length - 1
  const against = finalists.flatMap(({ library, target, best }) => compare(rounds, library, target, best))
  const scaling = curves ? ratios(timesOf(ours.get(1) ?? [], last), timesOf(mine, last)) : undefined
  for (const { library, target, solver, median } of against)
    say(`  ${library} ${solver}: ${median.toFixed(2)} times our time to target ${target + 1}`)
  return {
    ...found,
    targets,
    rounds: mine.length,
    solvers: [
      ...[...ours].map(([threads, runs]) =>
        solverOf(
          { library: 'maxshift', name: 'fit', threads },
          runs,
          'reached',
          targets,
          curves ? runs[0].curve : undefined,
        ),
      ),
      ...candidates.map((candidate) => {
        const { run } = candidate
        const runs = theirs.get(candidate) ?? [run]
        return solverOf(candidate, runs.length === 0 ? [run] : runs, run.end, targets, curves ? run.curve : undefined)
      }),
    ],
    against,
    ...(scaling === undefined ? {} : { scaling, pass: await passesByKind(bench, problem) }),
  }
}

interface Versions {
  readonly solvers: readonly PeerSolver[]
  readonly sklearn: string | null
  readonly torch: string | null
  readonly numpy: string | null
}

/** Adds what was measured to what is there, set by set. */
function write(sets: readonly SetResult[], missing: TrainerResult['missing']): void {
  const before = readTrainerResult() ?? { sets: [], missing: [] }
  const names = TRAINER_SETS.map(({ name }) => name)
  const result: TrainerResult = {
    sets: names.flatMap(
      (name) => sets.find((set) => set.name === name) ?? before.sets.find((set) => set.name === name) ?? [],
    ),
    missing: [...missing, ...before.missing].filter(
      ({ name }, i, all) => !sets.some((set) => set.name === name) && all.findIndex((one) => one.name === name) === i,
    ),
  }
  mkdirSync(new URL('.', TRAINER_FILE), { recursive: true })
  writeFileSync(TRAINER_FILE, `${JSON.stringify(result, null, 2)}\n`)
}

/** One data set from its making to its result. */
async function answerSet(
  bench: Bench,
  set: TrainerSet,
  versions: Readonly<Record<string, string>>,
): Promise<SetResult> {
  const before = loadNow()
  const folder = dirname(temporaryFile('x'))
  const problem = await loadSet(bench.ask, set.name, folder)
  if (typeof problem === 'string') throw new Absent(problem)
  const memory = set.memory ? fitMemory(problem, folder, CORES) : undefined
  if (typeof memory === 'string') say(`  memory is not known: ${memory}`)
  removeFiles(folder)
  const measured = await measureSet(bench, set, problem)
  const found = memory === undefined || typeof memory === 'string' ? {} : { memory }
  return { ...problem.shape, machine: machine(before), versions, ...measured, ...found }
}

/** Runs the question; writes the results of the sets that were measured unless it is a dry run. A set that fails is said aloud. */
export async function answerTrainer(settings: TrainerSettings): Promise<void> {
  const unknown = settings.only.find((name) => !TRAINER_SETS.some((set) => set.name === name))
  if (unknown !== undefined) throw new Error(`expected --only to name a data set, got ${unknown}`)
  const ours = await loadOurs()
  const { ask, versions, close } = await startWorker<Versions>('trainer.py', CORES)
  const { sklearn, torch, numpy, solvers } = versions
  if (sklearn === null) say('skipped: scikit-learn: python3 does not have it')
  if (torch === null) say('skipped: PyTorch: python3 does not have it')
  const known = Object.entries({ maxshift: ours.version, 'scikit-learn': sklearn, PyTorch: torch, NumPy: numpy })
  const named = Object.fromEntries(known.filter((one): one is [string, string] => one[1] !== null))
  const asked = TRAINER_SETS.filter(({ name }) => settings.only.length === 0 || settings.only.includes(name))
  for (const set of asked) {
    say(set.name)
    try {
      const result = await answerSet({ ask, ours, solvers, settings }, set, named)
      if (!settings.dryRun) write([result], [])
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
      say(`  ${error instanceof Absent ? 'skipped' : 'failed'}: ${reason}`)
      if (!settings.dryRun) write([], [{ name: set.name, reason }])
    }
  }
  close()
}
