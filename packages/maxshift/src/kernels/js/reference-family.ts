/**
 * The reference backend of the softmax family: plain TypeScript, accurate mode, the definition of the bits that every other backend must
 * return. The dtype of the logits decides between single.ts (float64 inside) and double.ts (double-double inside). float32 rows of more
 * than SINGLE_CLASSES go to double.ts as well: there the rounding of the terms, n · 2^−53 of the sum, would begin to show.
 */
import { dispatch } from '../dispatch.ts'
import type { FamilyKernels } from '../kernels.ts'
import { logSoftmaxDouble, logSumExpRowsDouble, softmaxDouble } from './double.ts'
import { logSoftmaxSingle, logSumExpSingle, softmaxSingle } from './single.ts'
import { SINGLE_CLASSES } from './single-row.ts'

const single: FamilyKernels = {
  name: 'reference, float32',
  softmax: softmaxSingle,
  logSoftmax: logSoftmaxSingle,
  logSumExp: logSumExpSingle,
}

const double: FamilyKernels = {
  name: 'reference, float64',
  softmax: softmaxDouble,
  logSoftmax: logSoftmaxDouble,
  logSumExp: logSumExpRowsDouble,
}

export const referenceFamily: FamilyKernels = /* @__PURE__ */ dispatch('reference', (logits, classes) =>
  logits instanceof Float32Array && classes <= SINGLE_CLASSES ? single : double,
)
