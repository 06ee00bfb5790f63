/**
 * The part of the page on fits, from results/trainer.json. The notes on what limits what are written by hand and kept.
 */
import type { Spread } from './statistics.ts'
import { megabytes, memoryOf, passSpeeds, times, trainerGoals } from './trainer-goals.ts'
import { PICTURE_ALT, PICTURE_NAME } from './trainer-picture.ts'
import { readTrainerResult, type SetResult, type Solver, type TrainerResult } from './trainer-results.ts'

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], left: number, body: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((_, i) => (i < left ? '---' : '---:'))), ...body.map(row)].join('\n')

const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2))
const duration = (seconds: number): string => (seconds < 1 ? `${digits(1000 * seconds)} ms` : `${digits(seconds)} s`)
const median = (spread: Spread | null | undefined): string => (spread == null ? '–' : duration(spread.median))

const shapeOf = ({ rows, features, classes, kind }: SetResult): string => `${rows}×${features}×${classes} ${kind}`

function summaryRow(set: SetResult): string[] {
  const cells = set.targets.flatMap((_, target) => {
    const own = (threads: number): string =>
      median(set.solvers.find((one) => one.library === 'maxshift' && one.threads === threads)?.reached[target])
    const against = (library: string): string => {
      const found = set.against.find((one) => one.library === library && one.target === target)
      return found === undefined ? '–' : `${times(found.median)} ${found.solver}`
    }
    return [own(2), against('scikit-learn'), against('PyTorch')]
  })
  return [set.name, shapeOf(set), ...cells]
}

function solverRow(set: SetResult, { library, name, threads, reached, passes, end, seconds }: Solver): string[] {
  const label = library === 'maxshift' ? '**maxshift**' : `${library} ${name}`
  const cells = set.targets.map((_, target) => {
    const spread = reached[target]
    return spread == null ? '–' : `${median(spread)} (${passes[target]})`
  })
  const remark = reached.every((one) => one === null) ? `${end}${seconds > 0 ? ` after ${duration(seconds)}` : ''}` : ''
  return [label, `${threads}`, ...cells, remark]
}

/** Every solver on one data set; fastest to the last target first. */
function setSection(set: SetResult): string[] {
  const last = set.targets.length - 1
  const time = ({ reached }: Solver): number => reached[last]?.median ?? reached[0]?.median ?? Infinity
  const body = [...set.solvers].sort((a, b) => time(a) - time(b)).map((solver) => solverRow(set, solver))
  const { cpu, node, date, loadAverage } = set.machine
  const memory = memoryOf(set)
  const facts = [
    set.about,
    `optimum ${set.optimum.toPrecision(10)}`,
    `${set.rounds} round${set.rounds === 1 ? '' : 's'}`,
    ...(memory === undefined ? [] : [`a fit takes ${megabytes(memory.beyond)} beyond data of ${megabytes(set.bytes)}`]),
    `${cpu}, Node ${node}, ${date.slice(0, 16).replace('T', ' ')} UTC, load average ${loadAverage.before} to ${loadAverage.after}`,
  ]
  const targets = set.targets.map((target) => `to ${target.toPrecision(8)} (passes)`)
  return [
    `### ${set.name}, ${shapeOf(set)}`,
    `${facts.join('; ')}.`,
    table(['solver', 'threads', ...targets, ''], 1, body),
  ]
}

function goalSection(result: TrainerResult): string[] {
  const goals = trainerGoals(result)
  const verdict = ({ measured, met }: (typeof goals)[number]): string =>
    measured === undefined ? 'not measured' : met ? 'met' : '**missed**'
  const count = (word: string): number => goals.filter((goal) => verdict(goal) === word).length
  return [
    `${count('met')} met, ${count('**missed**')} missed, ${count('not measured')} not measured.`,
    table(
      ['', 'goal', 'measured', ''],
      2,
      goals.map((goal) => [goal.what, goal.goal, goal.measured ?? '–', verdict(goal)]),
    ),
  ]
}

/** Paragraphs of the page, with the hand-written notes; none without a result. */
export function trainerSection(
  notes: readonly string[],
  result: TrainerResult | undefined = readTrainerResult(),
): string[] {
  if (result === undefined || result.sets.length === 0) return []
  const versions = new Map(result.sets.flatMap((set) => Object.entries(set.versions)))
  const speeds = Object.entries(passSpeeds(result.sets.find(({ pass }) => pass !== undefined)))
  return [
    '## Training',
    'Seconds from the call of `SoftmaxRegression.fit` until the objective mean(loss) + ‖W‖²/(2 rows) is down to a target: the optimum with ' +
      '1e-3 and 1e-5 of it more; on MNIST what lbfgs of scikit-learn reaches after 300 steps, and the optimum with 1e-5 more. Objectives of all ' +
      'are computed by one function in float64. Theirs are the multinomial solvers of scikit-learn, and L-BFGS of PyTorch on all rows with strong ' +
      'Wolfe conditions, each as float32 or float64, on two cores, on small data also on one, whichever is faster; tables are standardised, pictures ' +
      'scaled to [0, 1] beforehand. Loading and conversion of data count for no one; our threads and copies count. Every solver runs once, ' +
      'then the fastest and ours in turn; ratios are medians of those within a round, above 1× ours takes less. How each is watched is told in ' +
      '`bench/peers/trainer.py`.',
    `* ${[...versions].map(([name, version]) => `${name} ${version}`).join(', ')}`,
    ...(result.missing.length === 0
      ? []
      : [result.missing.map(({ name, reason }) => `* not there: ${name} (${reason})`).join('\n')]),
    '### Goals of training',
    ...goalSection(result),
    ...(speeds.length === 0
      ? []
      : [`A pass on one thread: ${speeds.map(([kind, speed]) => `${kind} ${speed.toFixed(1)} GFLOP/s`).join(', ')}.`]),
    `![${PICTURE_ALT}](${PICTURE_NAME})`,
    '### What limits training',
    ...notes,
    '### Times of training',
    'Ours on two threads, and how many times more the fastest solver takes, to the first and to the second target.',
    table(
      ['data', 'rows × features × classes', 'ours', 'scikit-learn', 'PyTorch', 'ours', 'scikit-learn', 'PyTorch'],
      2,
      result.sets.map(summaryRow),
    ),
    ...result.sets.flatMap(setSection),
  ]
}
