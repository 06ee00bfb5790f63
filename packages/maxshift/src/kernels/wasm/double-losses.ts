/**
 * Losses with labels for float64 in accurate mode, on the passes of the softmax family; see double-kernels.ts.
 */
import type { ExpParts } from '../../special/exp.ts'
import { complement, finishLog, lossOf, weightOf } from '../js/double-row.ts'
import { referenceLosses } from '../js/reference-losses.ts'
import type { LossKernels } from '../kernels.ts'
import type { Arena } from './arena.ts'
import { rowOf } from './blocks.ts'
import { overDoubleRows, writeSoftmax } from './double-kernels.ts'

const scale: ExpParts = { hi: 0, lo: 0, exponent: 0 }

export function doubleLosses(base: Arena): Pick<LossKernels, 'crossEntropy' | 'crossEntropyWithGradient'> {
  return {
    crossEntropy(logits, labels, rows, classes, temperature, losses) {
      const each = (_: Arena, r: number): void => {
        finishLog()
        losses[r] = lossOf(logits[r * classes + labels[r]])
      }
      overDoubleRows(base, logits, rows, classes, temperature, null, each, (r) => {
        const loss = rowOf(losses, r, 1)
        referenceLosses.crossEntropy(rowOf(logits, r, classes), rowOf(labels, r, 1), 1, classes, temperature, loss)
      })
    },
    crossEntropyWithGradient(logits, labels, rows, classes, temperature, scales, losses, gradient) {
      const each = (arena: Arena, r: number, from: number, to: number): void => {
        const value = logits[r * classes + labels[r]]
        finishLog()
        losses[r] = lossOf(value)
        weightOf(scales[2 * r], scales[2 * r + 1], scale)
        const rest = complement(value, scale)
        writeSoftmax(arena, classes, scale, from, to)
        new Float64Array(arena.memory.buffer, to, classes)[labels[r]] = 0 - rest
      }
      overDoubleRows(base, logits, rows, classes, temperature, gradient, each, (r) =>
        referenceLosses.crossEntropyWithGradient(
          rowOf(logits, r, classes),
          rowOf(labels, r, 1),
          1,
          classes,
          temperature,
          rowOf(scales, r, 2),
          rowOf(losses, r, 1),
          rowOf(gradient, r, classes),
        ),
      )
    },
  }
}
