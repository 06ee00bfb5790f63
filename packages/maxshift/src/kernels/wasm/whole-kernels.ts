/**
 * The backends in which a whole operation of the softmax family is one call of the module.
 *
 * The kernels leave rows without a finite maximum, and log-sum-exps that cancel, to others (assembly/rows.ts), who get them here: to the
 * reference, so that infinities are decided in one place, or to kernels with its bits.
 */
import type { FloatArray } from '../../arrays.ts'
import { referenceFamily } from '../js/reference-family.ts'
import type { FamilyKernels } from '../kernels.ts'
import type { Arena } from './arena.ts'
import { flagged, overBlocks, rowOf } from './blocks.ts'
import type { WholeKernels } from './module.ts'

/** A backend on the kernels that `kernelsOf` picks from an arena; what they leave goes to `others`. */
export function wholeKernels(
  base: Arena,
  name: string,
  kernelsOf: (arena: Arena) => WholeKernels,
  others: FamilyKernels = referenceFamily,
): FamilyKernels {
  const apply =
    (operation: keyof WholeKernels) =>
    (logits: FloatArray, rows: number, classes: number, temperature: number, out: FloatArray): void => {
      const width = operation === 'logSumExp' ? 1 : classes
      const left: number[] = []
      overBlocks(base, logits, rows, classes, out, width, (block) => {
        const { arena } = block
        const kernel = kernelsOf(arena)[operation]
        const count = kernel(block.logits, block.rows, classes, temperature, block.out, arena.flags, arena.scratch)
        left.push(...flagged(block, count))
      })
      for (const r of left) {
        others[operation](rowOf(logits, r, classes), 1, classes, temperature, rowOf(out, r, width))
      }
    }
  return { name, softmax: apply('softmax'), logSoftmax: apply('logSoftmax'), logSumExp: apply('logSumExp') }
}
