/**
 * Watches a fit for weights without a penalty that grow without end. Small problems get the exact answer of separation.ts, once:
 * after some steps, or at the end of a fit that ends before. For large ones the weights of the fit themselves are looked at, now and
 * then: whether they tell all classes apart, or one of them from the rest, in every row. That may miss a separation that is not
 * complete, but what it reports is one.
 */
import type { LogitsPass } from '../kernels/kernels.ts'
import type { Columns } from './columns.ts'
import type { Dataset } from './data.ts'
import { blockRows } from './dense-job.ts'
import type { Pause } from './pause.ts'
import type { Penalty } from './penalty.ts'
import { canSearch, type Direction, findSeparation, normalise, scalingFor } from './separation.ts'
import type { Scaling } from './separation-rows.ts'
import type { Start } from './start.ts'

/** The first look is after so many steps, each next one after twice as many: the same for a fit that was resumed. */
const FIRST_LOOK = 30
/** Of the largest logit: below, differences may be rounding. */
const ROUNDING = 1e-9

export class SeparationCheck {
  /** What was found. */
  direction: Direction | undefined
  private readonly data: Dataset
  private readonly scaling: Scaling
  private readonly pass: LogitsPass
  private readonly pause: Pause
  private readonly exact: boolean
  private decided = false

  private constructor(data: Dataset, scaling: Scaling, pass: LogitsPass, pause: Pause) {
    this.data = data
    this.scaling = scaling
    this.pass = pass
    this.pause = pause
    this.exact = canSearch(data, scaling)
  }

  /** A check for a fit with this penalty; undefined where every weight is penalised, so that there is an optimum. */
  static create(
    data: Dataset,
    penalty: Penalty,
    columns: Columns,
    intercept: boolean,
    pass: LogitsPass,
    pause: Pause,
  ): SeparationCheck | undefined {
    const scaling = scalingFor(penalty, columns, intercept)
    return scaling.columns.length === 0 ? undefined : new SeparationCheck(data, scaling, pass, pause)
  }

  /** To be called after every step; whether the fit is to end because no optimum exists. */
  async look(iteration: number, read: () => Start): Promise<boolean> {
    let next = FIRST_LOOK
    while (next < iteration) next *= 2
    return iteration === next && this.settle(read())
  }

  /** Whether there is a separation, as far as can be told with the weights at hand. */
  async settle(start: Start): Promise<boolean> {
    if (this.exact && !this.decided) {
      this.direction = await findSeparation(this.data, this.scaling, this.pause)
      this.decided = true
    } else if (!this.exact) {
      this.direction = await this.tellApart(start)
    }
    return this.direction !== undefined
  }

  /** The weights as a direction, if they tell classes apart. */
  private async tellApart(start: Start): Promise<Direction | undefined> {
    const { data, scaling, pass, pause } = this
    const { features, featureCount, classes, rows, labels, weights } = data
    if (labels === undefined) return undefined
    const own = new Float64Array(classes * featureCount)
    for (const j of scaling.columns) {
      for (let i = j; i < own.length; i += featureCount) own[i] = start.weights[i]
    }
    pass.setWeights(own, start.intercepts)
    const gaps = new Gaps(classes)
    const step = blockRows(featureCount, classes)
    const logits = new Float64Array(step * classes)
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first)
      pass.logits(features, first, count, logits)
      for (let r = 0; r < count; r++) if (weights?.[first + r] !== 0) gaps.add(logits, r * classes, labels[first + r])
      await pause()
    }
    return gaps.direction(own, start.intercepts, scaling)
  }
}

/** By how much classes are told apart in all rows seen. With s_k = o_k − mean of the other logits: */
class Gaps {
  /** Rows of each class, the least s_k among them, and the largest s_k of the others. */
  private readonly rows: Int32Array
  private readonly least: Float64Array
  private readonly most: Float64Array
  /** The least lead of the own class, and the largest logit. */
  private lead = Infinity
  private largest = 0

  constructor(classes: number) {
    this.rows = new Int32Array(classes)
    this.least = new Float64Array(classes).fill(Infinity)
    this.most = new Float64Array(classes).fill(-Infinity)
  }

  add(logits: Float64Array, begin: number, own: number): void {
    const { rows, least, most } = this
    const classes = rows.length
    let sum = 0
    for (let k = 0; k < classes; k++) {
      const logit = logits[begin + k]
      sum += logit
      this.largest = Math.max(this.largest, Math.abs(logit))
      if (k !== own) this.lead = Math.min(this.lead, logits[begin + own] - logit)
    }
    for (let k = 0; k < classes; k++) {
      const single = logits[begin + k] - (sum - logits[begin + k]) / (classes - 1)
      if (k === own) least[k] = Math.min(least[k], single)
      else most[k] = Math.max(most[k], single)
    }
    rows[own]++
  }

  /** The weights if they tell all classes apart; what in them tells single ones from the rest, if any; else undefined. */
  direction(weights: Float64Array, intercepts: Float64Array, scaling: Scaling): Direction | undefined {
    const { rows, least, most, lead } = this
    const all = Array.from(rows.keys())
    const clear = ROUNDING * this.largest
    const count = rows.reduce((a, b) => a + b, 0)
    if (lead > clear) {
      const direction = normalise(weights.slice(), intercepts.slice(), scaling)
      return { kind: 'complete', classes: all, ...direction, strictRows: count, tiedRows: 0 }
    }
    // Without an intercept the border has to be at 0.
    const border = (k: number): number => (scaling.intercept ? (least[k] + most[k]) / 2 : 0)
    const told = all.filter((k) => least[k] > border(k) + clear && most[k] < border(k) - clear)
    if (told.length === 0) return undefined
    const size = weights.length / rows.length
    const apart = { weights: new Float64Array(weights.length), intercepts: new Float64Array(rows.length) }
    for (const k of told) {
      const others = (values: Float64Array, at: number, width: number): number =>
        all.reduce((sum, l) => (l === k ? sum : sum + values[l * width + at]), 0) / (rows.length - 1)
      for (let j = 0; j < size; j++) apart.weights[k * size + j] = weights[k * size + j] - others(weights, j, size)
      apart.intercepts[k] = intercepts[k] - others(intercepts, 0, 1) - border(k)
    }
    const direction = normalise(apart.weights, apart.intercepts, scaling)
    // Whom all others are told from is told from them.
    if (told.length >= rows.length - 1) {
      return { kind: 'complete', classes: all, ...direction, strictRows: count, tiedRows: 0 }
    }
    const strictRows = told.reduce((sum, k) => sum + rows[k], 0)
    return { kind: 'quasi-complete', classes: told, ...direction, strictRows, tiedRows: count - strictRows }
  }
}
