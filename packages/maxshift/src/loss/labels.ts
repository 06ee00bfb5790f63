/**
 * What the second argument of a loss is: one integer label per row, or a distribution over the classes for each.
 *
 * An integer array holds labels and a FloatArray distributions, always. A number[] holds labels if it has one entry per row, also where
 * there is one class only, and distributions if it has one per logit.
 */
import type { FloatArray, Labels } from '../arrays.ts'
import { checkLabelKind, describe } from '../check.ts'
import { checkLayout, type Layout, type LayoutOptions, rowCount } from '../ops/rows.ts'
import { checkTargets, isFloatArray } from './checks.ts'

/** Labels of either kind, as callers may pass them. */
export type LabelsOrTargets = Labels | FloatArray

/** Exactly one of `labels` and `targets` is there. */
export interface CheckedLabels {
  /** In [0, classes), 0 for ignored rows. */
  readonly labels: Int32Array | null
  readonly targets: FloatArray | null
  /** 1 for ignored rows; null if there are none. */
  readonly ignored: Uint8Array | null
}

/**
 * The layout of logits that come with labels, whose number can stand for `classes`, unless that would be 1: then every loss would be 0,
 * and more often the logits are those of a binary classifier, or the labels distributions.
 */
export function checkLabelledLayout(
  who: string,
  length: number,
  labels: LabelsOrTargets,
  options: LayoutOptions,
  takesDistributions: boolean = true,
): Layout {
  checkLabelKind(who, labels, takesDistributions)
  if (labels.length === 0) throw new RangeError(`${who}: expected at least one label, got none`)
  if (length === 0) throw new RangeError(`${who}: expected at least one logit per row, got none`)
  const { classes, shape, axis } = options
  if (classes !== undefined || shape !== undefined || axis !== undefined || isFloatArray(labels)) {
    return checkLayout(who, length, options)
  }
  if (length % labels.length !== 0) {
    throw new RangeError(
      `${who}: expected the length of logits to be a multiple of the number of labels, got ${length} logits and ` +
        `${labels.length} labels`,
    )
  }
  if (length === labels.length) {
    const distributions = takesDistributions && Array.isArray(labels) ? ', or the length of a distribution' : ''
    throw new RangeError(
      `${who}: expected more logits than labels, or classes, got ${length} of each and no classes ` +
        `(give classes: 1 if there is one class${distributions})`,
    )
  }
  return checkLayout(who, length, { classes: length / labels.length })
}

/** The labels or distributions of a layout's rows. */
export function checkLabelsOrTargets(
  who: string,
  given: LabelsOrTargets,
  layout: Layout,
  ignoreIndex: readonly number[],
): CheckedLabels {
  const rows = rowCount(layout)
  const entries = rows * layout.classes
  const isNumbers = Array.isArray(given)
  if (given.length === rows && !isFloatArray(given)) return checkIgnoring(who, given, layout.classes, ignoreIndex)
  if (given.length !== entries || !(isNumbers || isFloatArray(given))) {
    const labels = `one label per row, ${rows} in all`
    const targets = `a distribution over the ${layout.classes} classes per row, ${entries} in all`
    const expected = isNumbers ? `${labels}, or ${targets}` : isFloatArray(given) ? targets : labels
    throw new RangeError(`${who}: expected ${expected}, got ${given.length}${kindHint(given, entries)}`)
  }
  if (ignoreIndex.length > 0) {
    throw new TypeError(
      `${who}: expected ignoreIndex only together with integer labels, got ${describe(given)} as distributions ` +
        '(a sample weight of 0 leaves a row out)',
    )
  }
  return { labels: null, targets: checkTargets(who, given), ignored: null }
}

/** The kind of the array decides whether labels or distributions are meant; its length may tell that it was the wrong one. */
function kindHint(given: LabelsOrTargets, entries: number): string {
  if (isFloatArray(given)) return ' (a FloatArray holds distributions; labels are an integer array or a number[])'
  return given.length === entries ? ' (distributions are a FloatArray or a number[])' : ''
}

const isShared = (view: ArrayBufferView): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && view.buffer instanceof SharedArrayBuffer

/** Integer labels, as an Int32Array; a copy if there is something to replace, or if another thread could still change them. */
function checkIgnoring(
  who: string,
  given: Exclude<LabelsOrTargets, FloatArray>,
  classes: number,
  ignoreIndex: readonly number[],
): CheckedLabels {
  const values = ArrayBuffer.isView(given) && isShared(given) ? given.slice() : given
  let labels = values instanceof Int32Array ? values : null
  let ignored: Uint8Array | null = null
  for (let r = 0; r < values.length; r++) {
    const label: unknown = values[r]
    if (ignoreIndex.length > 0 && ignoreIndex.includes(label as number)) {
      labels = labels === null || labels === given ? Int32Array.from(values) : labels
      ignored ??= new Uint8Array(values.length)
      labels[r] = 0
      ignored[r] = 1
    } else if (!(typeof label === 'number' && Number.isInteger(label) && label >= 0 && label < classes)) {
      throw labelError(who, r, label, classes, ignoreIndex)
    }
  }
  return { labels: labels ?? new Int32Array(values), targets: null, ignored }
}

const NOT_A_LABEL = 'distributions are a FloatArray, or one number per logit'
const SKIP = 'set ignoreIndex to skip it'

function labelError(who: string, r: number, label: unknown, classes: number, ignoreIndex: readonly number[]): Error {
  const message = `${who}: expected labels[${r}] to be an integer in [0, ${classes})`
  if (typeof label !== 'number') return new TypeError(`${message}, got ${describe(label)}`)
  if (!Number.isInteger(label)) {
    const hint = classes === 1 ? 'distributions over one class are a FloatArray' : NOT_A_LABEL
    return new RangeError(`${message}, got ${label} (${hint})`)
  }
  if (ignoreIndex.length > 0)
    return new RangeError(`${message} or ignoreIndex (${ignoreIndex.join(', ')}), got ${label}`)
  return new RangeError(`${message}, got ${label} (${label === classes ? 'labels count from 0' : SKIP})`)
}
