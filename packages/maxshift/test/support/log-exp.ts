/**
 * The log-exp functions as the tests see them: every value and derivative by its name, with arguments and exact results from
 * fixtures/log-exp.json, the plain formulas that they replace, and the table of errors that docs/numerics.md shows.
 */
import { readFileSync } from 'node:fs'
import * as library from '../../src/index.ts'
import { exp, expm1 } from '../../src/special/exp.ts'
import { log } from '../../src/special/log.ts'
import { type Exact, ulpError } from './ulp.ts'

export type NumberFunction = (...values: number[]) => number

/** The names of the functions, in the order of the documentation. */
export const UNARY = [
  ...['log1pExp', 'log1mExp', 'log2mExp', 'logExpm1', 'sigmoid', 'logSigmoid', 'log1mSigmoid', 'logit', 'logitExp'],
  ...[
    'logit1mExp',
    'logCosh',
    'logAbsSinh',
    'logAbsTanh',
    'log1pMx',
    'logMxp1',
    'log1pSq',
    'xlogx',
    'xexpx',
    'cloglog',
  ],
  'cexpexp',
] as const
export const BINARY = ['xlogy', 'xlog1py', 'xexpy', 'logAddExp', 'logSubExp', 'logInvLogitDiff'] as const
export const NAMES = [...UNARY, ...BINARY, 'logMix'] as const
export type Name = (typeof NAMES)[number]

/** A public function of the list, with the derivatives that it has. */
export interface Published {
  (...values: unknown[]): unknown
  derivative?: Published
  derivatives?: Record<string, Published>
}
const exported = new Map<string, unknown>(Object.entries(library))
export const published = (name: Name): Published => exported.get(name) as Published

/** A function or a derivative by the name that the fixtures use, such as 'xlogy.derivatives.x'. */
export function functionNamed(name: string): NumberFunction {
  const [first, ...path] = name.split('.')
  let found = exported.get(first)
  for (const part of path) found = (found as Record<string, unknown>)[part]
  return found as NumberFunction
}

export interface LogExpCase {
  readonly values: readonly number[]
  readonly exact: Exact
}

const bits = new BigUint64Array(1)
const float = new Float64Array(bits.buffer)
function numberOf(digits: string): number {
  bits[0] = BigInt(`0x${digits}`)
  return float[0]
}

/** The cases of a file that log-exp.py wrote, by the name of the function or derivative. */
export function loadCases(
  path: string | URL = new URL('../fixtures/log-exp.json', import.meta.url),
): Map<string, LogExpCase[]> {
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Record<string, [...string[], number][]> }
  const decoded = (line: [...string[], number]): LogExpCase => {
    const numbers = line.slice(0, -1).map((digits) => numberOf(String(digits)))
    return {
      values: numbers.slice(0, -1),
      exact: { rounded: numbers[numbers.length - 1], residual: Number(line.at(-1)) },
    }
  }
  return new Map(Object.entries(cases).map(([name, lines]) => [name, lines.map(decoded)]))
}

/** The largest error of a function on cases, in ulps, and where. */
export function worstError(f: NumberFunction, cases: readonly LogExpCase[]): { ulps: number; at: readonly number[] } {
  let worst: { ulps: number; at: readonly number[] } = { ulps: 0, at: [] }
  for (const { values, exact } of cases) {
    const ulps = ulpError(f(...values), exact, 'f64')
    if (!(ulps <= worst.ulps)) worst = { ulps, at: values }
  }
  return worst
}

const logistic = (x: number): number => 1 / (1 + exp(-x))

/** The definitions typed in as they stand, on exponentials and logarithms that are themselves within an ulp. */
export const PLAIN: Readonly<Record<Name, NumberFunction>> = {
  log1pExp: (x) => log(1 + exp(x)),
  log1mExp: (x) => log(1 - exp(x)),
  log2mExp: (x) => log(2 - exp(x)),
  logExpm1: (x) => log(exp(x) - 1),
  sigmoid: logistic,
  logSigmoid: (x) => log(logistic(x)),
  log1mSigmoid: (x) => log(1 - logistic(x)),
  logit: (p) => log(p / (1 - p)),
  logitExp: (x) => log(exp(x) / (1 - exp(x))),
  logit1mExp: (x) => log((1 - exp(x)) / exp(x)),
  logCosh: (x) => log((exp(x) + exp(-x)) / 2),
  logAbsSinh: (x) => log(Math.abs(exp(x) - exp(-x)) / 2),
  logAbsTanh: (x) => log(Math.abs(expm1(2 * x) / (exp(2 * x) + 1))),
  log1pMx: (x) => log(1 + x) - x,
  logMxp1: (x) => log(x) - x + 1,
  log1pSq: (x) => log(1 + x * x),
  xlogx: (x) => x * log(x),
  xlogy: (x, y) => x * log(y),
  xlog1py: (x, y) => x * log(1 + y),
  xexpx: (x) => x * exp(x),
  xexpy: (x, y) => x * exp(y),
  cloglog: (p) => log(-log(1 - p)),
  cexpexp: (x) => 1 - exp(-exp(x)),
  logAddExp: (a, b) => log(exp(a) + exp(b)),
  logSubExp: (a, b) => log(exp(a) - exp(b)),
  logMix: (theta, a, b) => log(theta * exp(a) + (1 - theta) * exp(b)),
  logInvLogitDiff: (a, b) => log(logistic(a) - logistic(b)),
}

const digits = (ulps: number): string =>
  ulps < 1000 ? ulps.toFixed(4) : ulps === Number.POSITIVE_INFINITY ? '∞' : ulps.toExponential(0).replace('+', '')

/** The Markdown table of the largest errors: of values, of derivatives, and of the plain formulas. */
export function logExpTable(cases: ReadonlyMap<string, readonly LogExpCase[]>): string {
  const lines = ['| function | value | derivatives | plain formula |', '|---|---|---|---|']
  const error = (name: string, f: NumberFunction = functionNamed(name)): number =>
    worstError(f, cases.get(name) ?? []).ulps
  for (const name of NAMES) {
    const derivatives = [...cases.keys()].filter((key) => key.startsWith(`${name}.`))
    const worst = Math.max(...derivatives.map((key) => error(key)))
    lines.push(`| ${name} | ${digits(error(name))} | ${digits(worst)} | ${digits(error(name, PLAIN[name]))} |`)
  }
  return `${lines.join('\n')}\n`
}
