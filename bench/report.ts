/**
 * Writes docs/performance.md from results/*.json. Everything in it is computed, except for the notes between the two
 * comments, which are written by hand and kept.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Check, checkGoal, GOALS, type Goal } from './goals.ts'
import { linearSection } from './linear-report.ts'
import { optionsSection } from './options-report.ts'
import type { Dtype, Shape } from './problem.ts'
import { SHAPES, shapeName } from './problem.ts'
import { contestantOf, measurementOf, type QuestionResult, ratioOf, readResults } from './results.ts'
import { PICTURE_NAME, trainerPicture } from './trainer-picture.ts'
import { trainerSection } from './trainer-report.ts'
import { readTrainerResult } from './trainer-results.ts'
import { TOLERANCE } from './validate.ts'

const PAGE = new URL('../docs/performance.md', import.meta.url)
const NOTES_END = '<!-- end of notes -->'
/** The places of the page that are written by hand: of the softmax family, and of training. */
const NOTES_BEGIN = {
  family: '<!-- notes: written by hand, kept by the generator -->',
  training: '<!-- notes on training: written by hand, kept by the generator -->',
}
export type Notes = Readonly<Record<keyof typeof NOTES_BEGIN, string>>

/** Three digits that matter. */
const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2))
const times = (x: number | undefined): string => (x === undefined ? '–' : `${digits(x)}×`)
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], body: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...body.map(row)].join('\n')

/** The teams of all results, in the order in which they appear. */
function allTeams(results: readonly QuestionResult[]): QuestionResult['teams'] {
  const byName = new Map(results.flatMap(({ teams }) => teams.map((team) => [team.name, team] as const)))
  return [...byName.values()]
}

function machineSection(results: readonly QuestionResult[]): string {
  const lines = results.map(({ operation, machine, settings }) => {
    const { cpu, cores, memoryGiB, system, node, date, loadAverage } = machine
    return (
      `* ${operation}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}; ${date.slice(0, 16).replace('T', ' ')} UTC, ` +
      `load average ${loadAverage.before} before and ${loadAverage.after} after; ${settings.rounds} rounds of at least ` +
      `${settings.roundMilliseconds} ms after ${settings.warmups} to warm up`
    )
  })
  const missing = new Map(
    results.flatMap((result) => result.missing.map(({ name, reason }) => [name, reason] as const)),
  )
  const absent = [...missing].map(([name, reason]) => `* not there: ${name} (${reason})`)
  return [...lines, ...absent].join('\n')
}

const teamTable = (results: readonly QuestionResult[]): string =>
  table(
    ['contestant', 'version', 'how it is called'],
    allTeams(results).map(({ name, version, call }) => [name, version, call]),
  ).replace('---: | ---:', '--- | ---')

function verdict(checks: readonly Check[]): string {
  const measured = checks.filter(({ ratio }) => ratio !== undefined)
  if (measured.length === 0) return 'not measured'
  if (measured.some(({ met }) => !met)) return '**missed**'
  return measured.length === checks.length ? 'met' : 'met where measured'
}

function goalRow(results: readonly QuestionResult[], goal: Goal): string[] {
  const checks = checkGoal(results, goal)
  const cells = SHAPES.map((shape) => {
    const check = checks.find((one) => one.shape === shape)
    if (check === undefined) return ''
    return check.ratio === undefined ? '–' : `${times(check.ratio)} ${check.met ? '✓' : '✗'}`
  })
  const bounds = [...new Set(checks.map(({ bound }) => bound))].sort((a, b) => b - a).map((bound) => `${bound}×`)
  const { operation, dtype, ours, peer, kind } = goal
  const wanted = `${kind === 'faster' ? '≥' : 'time ≤'} ${bounds.join(' or ')} ${peer}`
  return [`${dtype} ${operation}, ${ours}`, wanted, ...cells, verdict(checks)]
}

const goalTable = (results: readonly QuestionResult[]): string =>
  table(
    ['operation', 'goal', ...SHAPES.map(shapeName), ''],
    GOALS.map((goal) => goalRow(results, goal)),
  )

/** One shape and dtype: a row per contestant, a column per operation. */
function shapeTable(results: readonly QuestionResult[], shape: Shape, dtype: Dtype): string {
  const cell = (name: string, ours: boolean, result: QuestionResult): string => {
    const measurement = measurementOf(results, result.operation, dtype, shape)
    const measured = contestantOf(measurement, name)
    if (measured?.status === 'wrong') return 'wrong'
    if (measured?.nsPerElement === undefined) return '–'
    const median = digits(measured.nsPerElement.median)
    if (ours) return median
    const ratios = ['accurate (alloc)', 'fast (alloc)'].map((own) => times(ratioOf(measurement, own, name)?.median))
    return `${median} (${ratios.join(', ')})`
  }
  const body = allTeams(results)
    .map(({ name, ours }) => [ours ? `**${name}**` : name, ...results.map((result) => cell(name, ours, result))])
    .filter(([, ...cells]) => cells.some((text) => text !== '–'))
  return table([dtype, ...results.map(({ operation }) => operation)], body)
}

const noted = (place: keyof Notes, notes: Notes): string[] => [NOTES_BEGIN[place], notes[place], NOTES_END]

/** The whole page, with these notes. */
export function performancePage(results: readonly QuestionResult[], notes: Notes): string {
  const shapes = SHAPES.flatMap((shape) => [
    `### ${shapeName(shape)}`,
    shapeTable(results, shape, 'f32'),
    shapeTable(results, shape, 'f64'),
  ])
  const goals = GOALS.map((goal) => verdict(checkGoal(results, goal)))
  const count = (word: string): number => goals.filter((goal) => goal.startsWith(word)).length
  return `${[
    '# Performance',
    'Time of the softmax family against its peers, one thread each. Written by `node bench/run.mjs report` from `bench/results`; ' +
      '[bench/README.md](../bench/README.md) tells how to measure again.',
    '## What was measured, and how',
    `Each contestant is first validated against the formula in float64 (tolerance ${TOLERANCE.f32} in float32, ${TOLERANCE.f64} in ` +
      'float64, per component); one that fails is called wrong and not timed. Then all run in turn, round by round, in one ' +
      'session, on the same logits (normal, standard deviation 2). A ratio is the median of the ratios of the two times within a ' +
      'round: above 1×, ours is faster. Times are medians in nanoseconds per logit. The gradient is that of the mean loss, loss ' +
      'included; for PyTorch and the others it is forward and backward.',
    ...(results.length === 0 ? ['There are no results yet.'] : [teamTable(results)]),
    machineSection(results),
    '## Goals',
    `${count('met')} met, ${count('**missed**')} missed, ${count('not')} not measured. A goal is met if it holds at every shape that it names.`,
    goalTable(results),
    '## What limits what',
    ...noted('family', notes),
    '## Times',
    'Nanoseconds per logit; in brackets, how many times faster *accurate (alloc)* and *fast (alloc)* are. A dash: the contestant ' +
      'has no such operation or dtype, or was not there.',
    ...shapes,
    ...linearSection(),
    ...optionsSection(),
    ...trainerSection(noted('training', notes)),
  ].join('\n\n')}\n`
}

/** The hand-written notes of a page. */
export function notesOf(page: string): Notes {
  const between = (mark: string): string => {
    const begin = page.indexOf(mark)
    const end = page.indexOf(NOTES_END, begin)
    return begin < 0 || end < 0 ? '' : page.slice(begin + mark.length, end).trim()
  }
  return { family: between(NOTES_BEGIN.family), training: between(NOTES_BEGIN.training) }
}

export function writeReport(): void {
  const notes = notesOf(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '')
  writeFileSync(PAGE, performancePage(readResults(), notes))
  const picture = trainerPicture(readTrainerResult()?.sets.find(({ solvers }) => solvers.some(({ curve }) => curve)))
  if (picture !== undefined) writeFileSync(new URL(PICTURE_NAME, PAGE), picture)
}
