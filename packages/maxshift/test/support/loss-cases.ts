/**
 * Random calls of crossEntropy with chosen options, for the comparison with the oracle: the arguments for the library, and the same case
 * row by row for the oracle.
 */

import type { FloatArray } from '../../src/arrays.ts'
import type { CrossEntropyGradientOptions } from '../../src/index.ts'
import type { Reduction } from '../../src/loss/reduction.ts'
import type { LossCase } from './cross-entropy-oracle.ts'
import { type Random, seededRandom } from './random.ts'
import { type Dtype, floatArray } from './ulp.ts'

/** The options that can be switched on, with what they come with. */
export const SWITCHES = [
  'targets',
  'ignoreIndex',
  'classWeights',
  'sampleWeights',
  'labelSmoothing',
  'temperature',
  'mask',
  'zLoss',
  'softCap',
  'shape',
  'ruledOut',
  'confident',
] as const
export type Switch = (typeof SWITCHES)[number]

export interface Call {
  readonly title: string
  readonly dtype: Dtype
  readonly logits: FloatArray
  readonly labels: Int32Array | FloatArray
  readonly options: CrossEntropyGradientOptions<Reduction, FloatArray>
  /** In the layout of the library: where entry k of row r is. */
  readonly place: (r: number, k: number) => number
  readonly exact: LossCase
}

const REDUCTIONS = ['mean', 'sum', 'none'] as const

/** Whether the switches can be on together: distributions have no ignored labels. */
export const isPossible = (on: ReadonlySet<Switch>): boolean => !(on.has('targets') && on.has('ignoreIndex'))

/** A weight: often 0, often 1, otherwise anything. */
const weight = (random: Random): number => [0, 1, random.uniform() * 3, random.uniform() * 1e-3][random.below(4)]

function maskOf(random: Random, rows: number, classes: number): Uint8Array {
  const mask = Uint8Array.from({ length: rows * classes }, () => (random.uniform() < 0.3 ? 0 : 1 + random.below(255)))
  // Some class is left in every row.
  for (let r = 0; r < rows; r++) mask[r * classes + random.below(classes)] = 1
  return mask
}

function logitsOf(random: Random, dtype: Dtype, on: ReadonlySet<Switch>, rows: number, classes: number): FloatArray {
  const spread = [1, 5, 40][random.below(3)]
  const logits = floatArray(
    dtype,
    Array.from({ length: rows * classes }, () => random.normal() * spread),
  )
  if (on.has('confident')) {
    for (let r = 0; r < rows; r += 2) logits[r * classes + random.below(classes)] += [20, 60, 300][random.below(3)]
  }
  return logits
}

/** A random call; everything follows from the seed. */
export function randomCall(seed: number, dtype: Dtype, on: ReadonlySet<Switch>, rows: number, classes: number): Call {
  const random = seededRandom(seed)
  const reduction = REDUCTIONS[random.below(3)]
  const logits = logitsOf(random, dtype, on, rows, classes)
  const labels = Int32Array.from({ length: rows }, () => random.below(classes))
  const mask = on.has('mask') ? maskOf(random, rows, classes) : undefined
  // A label or a target at a class that is ruled out costs +∞, which hides everything else: mostly avoided here.
  if (mask !== undefined) for (let r = 0; r < rows; r++) if (r % 4 !== 3) mask[r * classes + labels[r]] = 1
  const isTarget = (i: number): boolean => labels[Math.floor(i / classes)] === i % classes
  if (on.has('ruledOut')) {
    for (let r = 0; r < rows; r += 3) {
      const i = r * classes + random.below(classes)
      const others = Array.from({ length: classes }, (_, k) => r * classes + k).filter(
        (j) => j !== i && mask?.[j] !== 0,
      )
      if (!isTarget(i) && others.length > 0) logits[i] = Number.NEGATIVE_INFINITY
    }
  }
  const targets = on.has('targets')
    ? floatArray(
        dtype,
        Array.from(logits, (x, i) => {
          if (x === Number.NEGATIVE_INFINITY || mask?.[i] === 0) return 0
          return [0, random.uniform(), isTarget(i) ? 1 : 0][random.below(3)]
        }),
      )
    : undefined
  const ignored = on.has('ignoreIndex') ? [[-100], [0], [1, -7]][random.below(3)] : undefined
  if (ignored !== undefined && ignored[0] < 0) labels[random.below(rows)] = ignored[0]

  const option = <T>(name: Switch, value: () => T): T | undefined => (on.has(name) ? value() : undefined)
  const common = {
    classWeights: option('classWeights', () => Float64Array.from({ length: classes }, () => weight(random))),
    sampleWeights: option('sampleWeights', () => Float64Array.from({ length: rows }, () => weight(random))),
    labelSmoothing: option('labelSmoothing', () => [0.1, 0.999, 1e-9, random.uniform()][random.below(4)]),
    temperature: option('temperature', () => [0.7, 3, 0.01, 2][random.below(4)]),
    zLoss: option('zLoss', () => [1e-4, 0.3, 7][random.below(3)]),
    softCap: option('softCap', () => [5, 30, 0.5][random.below(3)]),
    reduction,
  }
  const exact = drop({ ...common, logits, labels: targets ? undefined : labels, targets, rows, classes, mask, ignored })
  const inner = on.has('shape') ? [1, rows, 2][random.below(3)] : 1
  const width = rows % inner === 0 ? inner : rows
  const place = (r: number, k: number): number => (Math.floor(r / width) * classes + k) * width + (r % width)
  const lay = <T extends FloatArray | Uint8Array>(array: T): T => {
    const laid = array.slice() as T
    for (let r = 0; r < rows; r++) for (let k = 0; k < classes; k++) laid[place(r, k)] = array[r * classes + k]
    return laid
  }
  const shape = { shape: [rows / width, classes, width], axis: [1, -2][random.below(2)] }
  const ignoreIndex = ignored?.length === 1 ? ignored[0] : ignored
  const options = {
    ...common,
    ...(on.has('shape') ? shape : { classes }),
    mask: mask === undefined ? undefined : lay(mask),
    ignoreIndex,
    targetGradient: targets === undefined ? undefined : true,
    rowStats: {
      logSumExp: floatArray(dtype, rows),
      entropy: floatArray(dtype, rows),
      argmax: new Int32Array(rows),
    },
  }
  return {
    title: `${dtype} ${rows} × ${classes} ${[...on].join('+') || 'plain'} ${reduction} (seed ${seed})`,
    dtype,
    logits: lay(logits),
    labels: targets === undefined ? labels : lay(targets),
    options: drop(options) as CrossEntropyGradientOptions<Reduction, FloatArray>,
    place,
    exact: exact as LossCase,
  }
}

/** Without the properties that are undefined. */
const drop = (object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
