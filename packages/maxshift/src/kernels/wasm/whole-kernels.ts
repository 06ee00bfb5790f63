/**
 * The backends in which a whole operation is one call of the module: float32 in both modes, float64 in fast mode.
 *
 * The kernels leave rows without a finite maximum, and log-sum-exps that cancel, to the reference (assembly/rows.ts), which gets
 * them here, so the infinities are decided in one place.
 */
import type { FloatArray } from '../../arrays.ts'
import { referenceKernels } from '../js/reference.ts'
import type { Kernels } from '../kernels.ts'
import type { Arena } from './arena.ts'
import { flagged, overBlocks, rowOf, setLabels } from './blocks.ts'
import type { WholeKernels } from './module.ts'

/** A backend on the kernels that `kernelsOf` picks from an arena. */
export function wholeKernels(base: Arena, name: string, kernelsOf: (arena: Arena) => WholeKernels): Kernels {
  type Rows = 'softmax' | 'logSoftmax' | 'logSumExp'
  const apply =
    (operation: Rows) =>
    (logits: FloatArray, rows: number, classes: number, _temperature: number, out: FloatArray): void => {
      const width = operation === 'logSumExp' ? 1 : classes
      const left: number[] = []
      overBlocks(base, logits, rows, classes, out, width, (block) => {
        const { arena } = block
        const kernel = kernelsOf(arena)[operation]
        const count = kernel(block.logits, block.rows, classes, block.out, arena.flags, arena.scratch)
        left.push(...flagged(block, count))
      })
      for (const r of left) {
        referenceKernels[operation](rowOf(logits, r, classes), 1, classes, 1, rowOf(out, r, width))
      }
    }
  return {
    name,
    softmax: apply('softmax'),
    logSoftmax: apply('logSoftmax'),
    logSumExp: apply('logSumExp'),
    crossEntropy(logits, labels, rows, classes, _temperature, losses) {
      const left: number[] = []
      overBlocks(base, logits, rows, classes, null, 0, (block) => {
        const { arena, first } = block
        setLabels(block, labels)
        const kernel = kernelsOf(arena).crossEntropy
        const count = kernel(block.logits, arena.labels, block.rows, classes, arena.losses, arena.flags)
        losses.set(new Float64Array(arena.memory.buffer, arena.losses, block.rows), first)
        left.push(...flagged(block, count))
      })
      for (const r of left) {
        referenceKernels.crossEntropy(
          rowOf(logits, r, classes),
          rowOf(labels, r, 1),
          1,
          classes,
          1,
          rowOf(losses, r, 1),
        )
      }
    },
    crossEntropyWithGradient(logits, labels, rows, classes, temperature, scales, losses, gradient) {
      if (!isUniform(scales, rows)) {
        referenceKernels.crossEntropyWithGradient(logits, labels, rows, classes, temperature, scales, losses, gradient)
        return
      }
      const left: number[] = []
      overBlocks(base, logits, rows, classes, gradient, classes, (block) => {
        const { arena, first } = block
        setLabels(block, labels)
        const kernel = kernelsOf(arena).crossEntropyWithGradient
        const count = kernel(
          block.logits,
          arena.labels,
          block.rows,
          classes,
          scales[0],
          arena.losses,
          block.out,
          arena.flags,
          arena.scratch,
        )
        losses.set(new Float64Array(arena.memory.buffer, arena.losses, block.rows), first)
        left.push(...flagged(block, count))
      })
      for (const r of left) {
        referenceKernels.crossEntropyWithGradient(
          rowOf(logits, r, classes),
          rowOf(labels, r, 1),
          1,
          classes,
          1,
          rowOf(scales, r, 2),
          rowOf(losses, r, 1),
          rowOf(gradient, r, classes),
        )
      }
    },
    softCrossEntropy: referenceKernels.softCrossEntropy,
    softCrossEntropyWithGradient: referenceKernels.softCrossEntropyWithGradient,
  }
}

function isUniform(scales: Float64Array, rows: number): boolean {
  for (let r = 1; r < rows; r++) if (scales[2 * r] !== scales[0]) return false
  return scales[0] > 0 && scales[0] < 1e200
}
