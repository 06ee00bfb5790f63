/**
 * topK of rows: the largest logits, where they are, and their exact log-probabilities. Checked, allocating, either dtype.
 */
import { arrayLike, type FloatArray, type Logits, type ResultArray } from '../../arrays.ts'
import { checkFlag, checkInteger, checkLogits, checkMode, checkOptions } from '../../check.ts'
import { takeScratch } from '../../kernels/scratch.ts'
import { type Mode, selectKernels } from '../../kernels/select.ts'
import { checkRows, ROW_OPTIONS, type RowOptions, rowCount } from '../rows.ts'
import { findLargest, makeBest } from './largest.ts'
import { innerSize, overChunks, resultPlace } from './row-chunks.ts'

/** Options of topK. */
export interface TopKOptions extends RowOptions {
  /** Whether to return probabilities too, for another pass over the rows. */
  probs?: boolean | undefined
  /** 'accurate' (default) or 'fast', as for softmax. */
  mode?: Mode | undefined
}

/** What topK returns: k entries per row; with `shape` and `axis`, arrays of that shape with k in place of the classes. */
export interface TopK<T extends FloatArray = FloatArray> {
  /** Places within the row, best first; −1 in a row with a NaN. */
  indices: Int32Array
  /** The logits there, as they were given (−∞ where masked, NaN in a row with a NaN). */
  logits: T
  /** Their log-probabilities among all classes of the row. */
  logProbs: T
  /** Their probabilities, if asked for. */
  probs?: T
}

const OPTION_NAMES = [...ROW_OPTIONS, 'probs', 'mode'] as const

/**
 * The k largest logits of each row, in descending order; among equal ones the lower index comes first, and stays.
 *
 * Log-probabilities are relative to the whole row, as logSoftmax returns them, bit for bit: within 0.501 ulp (float32) or 0.55 ulp
 * (float64). Probabilities are those of softmax. One pass over the row selects, and most entries cost one comparison.
 *
 * Non-finite: of a row with a NaN all indices are −1 and everything else is NaN. Otherwise infinities have their place in the order, and
 * probabilities follow softmax: NaN in a row of −∞ only or with two +∞.
 *
 * @param logits one row, or rows as `classes` or `shape` and `axis` say.
 * @param k how many, at most the number of classes; 0 gives empty arrays.
 * @param options `classes`, or `shape` and `axis`; `temperature`, `mask`, `probs`, `mode`.
 * @throws TypeError for wrong kinds and unknown options; RangeError for k outside [0, classes], a temperature that is not above 0, and
 * lengths that do not fit.
 */
export function topK<L extends Logits>(
  logits: L,
  k: number,
  options: TopKOptions & { probs: true },
): Required<TopK<ResultArray<L>>>
export function topK<L extends Logits>(logits: L, k: number, options?: TopKOptions): TopK<ResultArray<L>>
export function topK(logits: Logits, k: number, options?: TopKOptions): TopK {
  const who = 'topK'
  const known = checkOptions(who, options, OPTION_NAMES)
  const values = checkLogits(who, logits)
  const { layout, mask, temperature } = checkRows(who, values.length, known)
  const { classes } = layout
  checkInteger(who, 'k', k, 0, classes)
  const withProbs = checkFlag(who, 'probs', known.probs)
  const kernels = selectKernels(values.length, checkMode(who, known.mode))

  const inner = innerSize(layout, known)
  const length = rowCount(layout) * k
  const indices = new Int32Array(length)
  const best = makeBest(k)
  const result: TopK = { indices, logits: arrayLike(values, length), logProbs: arrayLike(values, length) }
  if (withProbs) result.probs = arrayLike(values, length)
  if (k === 0) return result
  overChunks(layout, values, mask, (chunk, rows, first) => {
    const logProbs = takeScratch(values, chunk.length)
    kernels.logSoftmax(chunk, rows, classes, temperature, logProbs)
    const probs = result.probs && takeScratch(values, chunk.length)
    if (probs) kernels.softmax(chunk, rows, classes, temperature, probs)
    for (let r = 0; r < rows; r++) {
      const start = r * classes
      const isOrdered = findLargest(chunk, start, classes, best)
      for (let j = 0; j < k; j++) {
        const to = resultPlace(inner, k, first + r, j)
        const from = start + best.places[j]
        indices[to] = isOrdered ? best.places[j] : -1
        result.logits[to] = isOrdered ? chunk[from] : Number.NaN
        result.logProbs[to] = logProbs[from]
        if (result.probs && probs) result.probs[to] = probs[from]
      }
    }
  })
  return result
}
