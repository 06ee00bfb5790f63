/**
 * The command of the bench; README.md tells its arguments.
 *
 * Every question runs in a process of its own, so that no question inherits what the engine learnt in another, nor its memory.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { sink } from './contestant.ts'
import { type Measurement, measure, type Settings } from './harness.ts'
import { answerLinear } from './linear.ts'
import { loadNow, machine } from './machine.ts'
import { answerOptions } from './options.ts'
import { type Dtype, problemOf, SHAPES, shapeName } from './problem.ts'
import { QUESTIONS, type Question } from './questions.ts'
import { writeReport } from './report.ts'
import type { QuestionResult } from './results.ts'
import { loadTeams } from './teams.ts'
import { answerTrainer } from './trainer.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    shape: { type: 'string', multiple: true, default: [] },
    dtype: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', multiple: true, default: [] },
    'dry-run': { type: 'boolean', default: false },
  },
})

const settings: Settings = values.quick
  ? { rounds: 3, warmups: 1, roundMilliseconds: 10 }
  : { rounds: 9, warmups: 2, roundMilliseconds: 25 }
if (values.rounds !== undefined) settings.rounds = Number(values.rounds)

const say = (line: string): boolean => process.stderr.write(`${line}\n`)

/** One line per contestant, fastest first, then those who did not run. */
function tell({ dtype, rows, classes, contestants }: Measurement, operation: string): void {
  say(`\n${operation} ${dtype} ${shapeName({ rows, classes })}, ns per logit: median (min – max)`)
  const speed = (name: string): number => contestants.find((one) => one.name === name)?.nsPerElement?.median ?? Infinity
  for (const { name, nsPerElement, status, reason } of [...contestants].sort((a, b) => speed(a.name) - speed(b.name))) {
    if (nsPerElement === undefined) {
      say(`  ${name.padEnd(18)} ${status}: ${reason}`)
      continue
    }
    const { min, median, max } = nsPerElement
    say(`  ${name.padEnd(18)} ${median.toFixed(2).padStart(9)} (${min.toFixed(2)} – ${max.toFixed(2)})`)
  }
}

async function answer({ file, operation, expected }: Question): Promise<void> {
  const before = loadNow()
  const { teams, missing, close } = await loadTeams(values.only)
  for (const { name, reason } of missing) say(`skipped: ${name}: ${reason}`)
  const measurements: Measurement[] = []
  const dtypes = (['f32', 'f64'] as const).filter((dtype) => values.dtype.length === 0 || values.dtype.includes(dtype))
  const shapes = SHAPES.filter((shape) => values.shape.length === 0 || values.shape.includes(shapeName(shape)))
  for (const dtype of dtypes satisfies Dtype[]) {
    for (const shape of shapes) {
      const problem = problemOf(operation, dtype, shape)
      const measurement = await measure(teams, problem, expected(problem), settings)
      tell(measurement, operation)
      measurements.push(measurement)
    }
  }
  close()
  if (Number.isNaN(sink.value)) say('the sum of all first results is NaN')
  const result: QuestionResult = {
    operation,
    machine: machine(before),
    settings,
    teams: teams.map(({ name, version, ours, call }) => ({ name, version, ours, call })),
    missing,
    measurements,
  }
  if (values['dry-run']) return
  mkdirSync(new URL('results/', import.meta.url), { recursive: true })
  writeFileSync(new URL(`results/${file}.json`, import.meta.url), `${JSON.stringify(result, null, 2)}\n`)
}

const LINEAR = 'linear-cross-entropy'
const OPTIONS = 'options'
const TRAINER = 'trainer'
const FILES = [...QUESTIONS.map(({ file }) => file), LINEAR, OPTIONS, TRAINER]
const asked = positionals.length > 0 ? positionals : FILES
const question = QUESTIONS.find(({ file }) => file === asked[0])
if (asked.length === 1 && asked[0] === 'report') {
  writeReport()
} else if (asked.length === 1 && asked[0] === LINEAR) {
  await answerLinear(settings, values.shape, values['dry-run'])
} else if (asked.length === 1 && asked[0] === OPTIONS) {
  await answerOptions(settings, values['dry-run'])
} else if (asked.length === 1 && asked[0] === TRAINER) {
  const { quick, only, rounds, 'dry-run': dryRun } = values
  await answerTrainer({ quick, dryRun, only, rounds: rounds === undefined ? undefined : Number(rounds) })
} else if (asked.length === 1 && question !== undefined) {
  await answer(question)
} else {
  const unknown = asked.find((file) => !FILES.includes(file))
  if (unknown !== undefined) {
    say(`expected report or one of ${FILES.join(', ')}, got ${unknown}`)
    process.exit(2)
  }
  const options = process.argv.slice(2).filter((argument) => !positionals.includes(argument))
  for (const file of asked) {
    const { status } = spawnSync(
      process.execPath,
      [fileURLToPath(new URL('run.mjs', import.meta.url)), file, ...options],
      {
        stdio: 'inherit',
      },
    )
    if (status !== 0) process.exit(status ?? 1)
  }
}
