/**
 * Whether unpenalised weights have an optimum, or can grow without end because they separate classes: completely, or only in part of
 * the rows while the others tie (quasi-completely). The answer is a direction, and one that is not verified is none.
 *
 * The search is exact. With C the cone of directions that lose in no row (separation-rows.ts) and c the sum of all its normals, the
 * nearest point to c in C (cone.ts) is 0 exactly if no direction gains in any row, for c·d is the gain of d over all rows. One
 * projection need not gain in every row that could; so the rows that still tie are asked again, until they all refuse.
 */
import { projectOntoCone } from '../optim/cone.ts'
import type { Columns } from './columns.ts'
import { hypotenuse } from './curvature.ts'
import type { Dataset } from './data.ts'
import type { Pause } from './pause.ts'
import type { Penalty } from './penalty.ts'
import { lengthOf, type Scaling, SeparationRows } from './separation-rows.ts'

/** A direction in which weights grow without end. */
export interface Direction {
  /**
   * `complete`: every row gains on every other class. `quasi-complete`: no row loses, some gain, and some tie whatever the direction.
   */
  readonly kind: 'complete' | 'quasi-complete'
  /** The classes all of whose rows gain on every other class; if there are none, those with some such rows; else those with any gain. */
  readonly classes: readonly number[]
  /** classes × features, and one intercept per class, scaled so that Σ (weight · deviation of the feature)² = 1. */
  readonly weights: Float64Array
  readonly intercepts: Float64Array
  /** Rows that gain on every other class, and rows that tie with at least one. */
  readonly strictRows: number
  readonly tiedRows: number
}

/** Numbers in a direction, and in the scaled rows, up to which the search is run. */
const MOST_PARAMETERS = 700
const MOST_ENTRIES = 2 ** 23
/** Relative to the lengths of direction and row: what a row may lose by rounding, and what it gains at least if it does not tie. */
const ROUNDING = 1e-9
const GAIN = 1e-7
/** Questions to the rows in one projection. */
const MOST_QUESTIONS = 2000

/** Whether the search is affordable. */
export function canSearch({ rows, classes }: Dataset, { columns }: Scaling): boolean {
  const width = columns.length + 1
  return width * classes <= MOST_PARAMETERS && rows * width <= MOST_ENTRIES
}

/** The features without a penalty that vary, and how they count. */
export function scalingFor({ l2, l1 }: Penalty, { means, deviations }: Columns, intercept: boolean): Scaling {
  const spreads = deviations.map((deviation, j) => (intercept ? deviation : hypotenuse(deviation, means[j])))
  const columns = Int32Array.from(l2.keys()).filter((j) => l2[j] === 0 && l1[j] === 0 && spreads[j] > 0)
  const pick = (values: Float64Array): Float64Array => Float64Array.from(columns, (j) => values[j])
  return {
    columns,
    means: intercept ? pick(means) : new Float64Array(columns.length),
    spreads: pick(spreads),
    intercept,
  }
}

/** A direction of separation that ties in as few rows as possible; undefined if there is none, or none that rounding can vouch for. */
export async function findSeparation(data: Dataset, scaling: Scaling, pause: Pause): Promise<Direction | undefined> {
  const rows = new SeparationRows(data, scaling, pause)
  const { classes, count, width } = rows
  const gaining = new Uint8Array(count * classes)
  const direction = new Float64Array(classes * width)
  let gains = 0
  for (;;) {
    const wanted = new Float64Array(direction.length)
    for (let i = 0; i < gaining.length; i++) {
      const [r, k] = [Math.floor(i / classes), i % classes]
      if (gaining[i] === 0 && k !== rows.owners[r] && !rows.isTied(r, k)) rows.addNormal(wanted, r, k, 1)
    }
    const options = { maxQuestions: MOST_QUESTIONS }
    const found = await projectOntoCone(wanted, (d, tolerance) => rows.violated(d, tolerance), options)
    const length = found === undefined ? 0 : lengthOf(found)
    if (found === undefined || length === 0) break
    const sum = direction.map((value, i) => value + found[i] / length)
    const now = await countGains(rows, sum, gaining)
    if (now <= gains) break
    gains = now
    direction.set(sum)
  }
  return gains === 0 ? undefined : describeDirection(rows, scaling, direction, gaining, data.featureCount)
}

/** Marks who gains on whom in a direction, and counts them; 0 if anybody loses. */
async function countGains(rows: SeparationRows, direction: Float64Array, gaining: Uint8Array): Promise<number> {
  const unit = Math.SQRT2 * lengthOf(direction)
  const marks = new Uint8Array(gaining.length)
  let gains = 0
  let losses = 0
  await rows.margins(direction, (r, k, margin) => {
    const tied = rows.isTied(r, k)
    if (margin < -ROUNDING * unit || (tied && margin > ROUNDING * unit)) losses++
    else if (!tied && margin > GAIN * unit) {
      marks[r * rows.classes + k] = 1
      gains++
    }
  })
  if (losses > 0) return 0
  gaining.set(marks)
  return gains
}

function describeDirection(
  rows: SeparationRows,
  scaling: Scaling,
  direction: Float64Array,
  gaining: Uint8Array,
  featureCount: number,
): Direction {
  const { classes, count, owners } = rows
  const strict = new Int32Array(classes)
  const some = new Int32Array(classes)
  const all = new Int32Array(classes)
  for (let r = 0; r < count; r++) {
    const own = owners[r]
    let gains = 0
    for (let k = 0; k < classes; k++) if (gaining[r * classes + k] === 1 || rows.isTied(r, k)) gains++
    all[own]++
    if (gaining.subarray(r * classes, (r + 1) * classes).includes(1)) some[own]++
    if (gains - Number(rows.isTied(r, own)) === classes - 1) strict[own]++
  }
  const which = (test: (k: number) => boolean): number[] => Array.from(all.keys()).filter((k) => all[k] > 0 && test(k))
  const choices = [which((k) => strict[k] === all[k]), which((k) => strict[k] > 0), which((k) => some[k] > 0)]
  const strictRows = strict.reduce((a, b) => a + b, 0)
  return {
    kind: strictRows === count ? 'complete' : 'quasi-complete',
    classes: choices.find((list) => list.length > 0) ?? [],
    ...unscale(direction, scaling, classes, featureCount),
    strictRows,
    tiedRows: count - strictRows,
  }
}

/** The direction for features as they are. */
function unscale(
  direction: Float64Array,
  scaling: Scaling,
  classes: number,
  featureCount: number,
): Pick<Direction, 'weights' | 'intercepts'> {
  const { columns, means, spreads, intercept } = scaling
  const width = columns.length + (intercept ? 1 : 0)
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  for (let k = 0; k < classes; k++) {
    for (let j = 0; j < columns.length; j++) {
      const weight = direction[k * width + j] / spreads[j]
      weights[k * featureCount + columns[j]] = weight
      intercepts[k] -= weight * means[j]
    }
    if (intercept) intercepts[k] += direction[k * width + columns.length]
  }
  return normalise(weights, intercepts, scaling)
}

/** Scales both, in place, as Direction says. */
export function normalise(
  weights: Float64Array,
  intercepts: Float64Array,
  { columns, spreads }: Scaling,
): Pick<Direction, 'weights' | 'intercepts'> {
  const featureCount = weights.length / intercepts.length
  // Weights are divided by the largest first, so that squares of the weights of tiny features do not overflow.
  let largest = 0
  let square = 0
  for (const both of [0, 1]) {
    for (let j = 0; j < columns.length; j++) {
      for (let i = columns[j]; i < weights.length; i += featureCount) {
        const share = Math.abs(weights[i] * spreads[j])
        if (both === 0) largest = Math.max(largest, share)
        else square += (share / largest) ** 2
      }
    }
  }
  const length = largest * Math.sqrt(square)
  for (let i = 0; i < weights.length; i++) weights[i] /= length
  for (let k = 0; k < intercepts.length; k++) intercepts[k] /= length
  return { weights, intercepts }
}
