/**
 * The report of a fit as a file keeps it: JSON of everything but the times and the history of the run.
 *
 * JSON has no NaN and no infinity; both are written as null and read as NaN. A file may come from an older release, which did not
 * know all fields: those have a value for that case.
 */
import { describe } from '../check.ts'
import { SOLVERS } from './options.ts'
import type { CalibrationReport, FitReport, FitStatus } from './report.ts'

/** Refuses a file: what was expected, and what came. */
export type Fail = (expected: string, got: unknown) => never

const STATUSES: readonly FitStatus[] = [
  'converged',
  'max-iterations',
  'line-search-failed',
  'not-finite',
  'schedule-finished',
  'separated',
  'stopped',
  'time-limit',
  'early-stopped',
]

/** Numbers and flags; where a value is given, older files lack the field and mean that. */
const NUMBERS = {
  iterations: undefined,
  dataPasses: undefined,
  objective: undefined,
  gradientNorm: undefined,
  selectedWeights: Number.NaN,
  selectedFeatures: Number.NaN,
  rows: undefined,
  totalWeight: undefined,
  l2: undefined,
  l1: 0,
  featureScale: undefined,
  tolerance: undefined,
}
const FLAGS = { intercept: undefined, standardize: false }

const CALIBRATION_STATUSES: readonly CalibrationReport['status'][] = ['converged', 'separated', 'uninformative']
const CALIBRATION_NUMBERS = {
  temperature: undefined,
  logLossBefore: undefined,
  logLossAfter: undefined,
  eceBefore: undefined,
  eceAfter: undefined,
  rows: undefined,
}

export function encodeReport(report: FitReport): string {
  const names = [
    'status',
    ...Object.keys(FLAGS),
    ...Object.keys(NUMBERS),
    'gapBound',
    'solver',
    'validation',
    'calibration',
  ]
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, Reflect.get(report, name)])))
}

export function decodeReport(value: unknown, fail: Fail): FitReport {
  const fields = fieldsOf(value, 'report', fail)
  // Before there were weights, every row counted 1.
  if (!fields.has('totalWeight')) fields.set('totalWeight', fields.get('rows'))
  const report = {
    status: readChoice(fields.get('status'), 'report.status', STATUSES, fail),
    ...readAll(FLAGS, (name, older) => {
      const flag = fields.get(name) ?? older
      return typeof flag === 'boolean' ? flag : fail(`report.${name} to be true or false`, describe(flag))
    }),
    ...readAll(NUMBERS, (name, older) => readNumber(fields, 'report', name, older, fail)),
    solver: readChoice(fields.get('solver') ?? 'lbfgs', 'report.solver', SOLVERS, fail),
    ...(fields.has('gapBound') ? { gapBound: readNumber(fields, 'report', 'gapBound', undefined, fail) } : {}),
    ...readValidation(fields.get('validation'), fail),
    seconds: 0,
    history: [],
  }
  const calibration = fields.get('calibration')
  return calibration === undefined ? report : { ...report, calibration: readCalibration(calibration, fail) }
}

function readCalibration(value: unknown, fail: Fail): CalibrationReport {
  const what = 'report.calibration'
  const fields = fieldsOf(value, what, fail)
  const status = readChoice(fields.get('status'), `${what}.status`, CALIBRATION_STATUSES, fail)
  return { status, ...readAll(CALIBRATION_NUMBERS, (name) => readNumber(fields, what, name, undefined, fail)) }
}

/** A value for each name of a table. */
function readAll<N extends string, O, T>(table: Readonly<Record<N, O>>, read: (name: N, older: O) => T): Record<N, T> {
  const names = Object.keys(table) as N[]
  return Object.fromEntries(names.map((name) => [name, read(name, table[name])])) as Record<N, T>
}

function fieldsOf(value: unknown, what: string, fail: Fail): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(`${what} to be an object`, describe(value))
  }
  return new Map(Object.entries(value))
}

function readChoice<S extends string>(value: unknown, what: string, known: readonly S[], fail: Fail): S {
  const found = known.find((one) => one === value)
  if (found === undefined) fail(`${what} to be a known ${what.slice(what.lastIndexOf('.') + 1)}`, describe(value))
  return found
}

function readValidation(value: unknown, fail: Fail): Pick<FitReport, 'validation'> {
  if (value === undefined) return {}
  const what = 'report.validation'
  const fields = fieldsOf(value, what, fail)
  const names = { iteration: undefined, logLoss: undefined }
  return { validation: readAll(names, (name) => readNumber(fields, what, name, undefined, fail)) }
}

function readNumber(
  fields: ReadonlyMap<string, unknown>,
  what: string,
  name: string,
  older: number | undefined,
  fail: Fail,
): number {
  const value = fields.has(name) ? fields.get(name) : older
  if (value !== null && typeof value !== 'number') fail(`${what}.${name} to be a number`, describe(value))
  return value ?? Number.NaN
}
