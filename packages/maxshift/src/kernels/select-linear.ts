/**
 * Who serves the linear pass. Apart from select.ts, so that nothing of it comes along with softmax.
 */
import { createReferenceMemory } from './js/linear-products.ts'
import { referenceKernels } from './js/reference.ts'
import type { LinearKernels } from './kernels.ts'
import { createLinearKernels } from './linear-pass.ts'
import type { LinearMemory } from './linear-products.ts'
import { selectLossKernels } from './select-losses.ts'
import { createLinearMemory } from './wasm/linear-module.ts'

/** The kernels of the trainer's pass: WebAssembly where there is one, else the reference with the same bits. */
export function selectLinearKernels(): LinearKernels {
  return createLinearKernels('wasm', createLinearMemory, selectLossKernels)
}

/** Everything in plain TypeScript. */
export function referenceLinearKernels(): LinearKernels {
  return createLinearKernels('typescript', createReferenceMemory, () => referenceKernels)
}

/** The largest memory that is kept from one call to the next. */
const KEPT_BYTES = 8 * 2 ** 20
let kept: LinearMemory | undefined

/**
 * A memory of at least so many bytes for a call that gives it back by ending; contents undefined. A new one takes a tenth of a
 * millisecond, so a small one is kept.
 */
export function borrowLinearMemory(bytes: number): LinearMemory {
  if (bytes > KEPT_BYTES) return createLinearMemory(bytes)
  if (kept === undefined || kept.buffer.byteLength < bytes) kept = createLinearMemory(bytes)
  return kept
}
