/**
 * Who serves the linear pass. Apart from select.ts, so that nothing of it comes along with softmax.
 */
import { createReferenceMemory } from './js/linear-products.ts'
import { referenceKernels } from './js/reference.ts'
import type { LinearKernels } from './kernels.ts'
import { createLinearKernels } from './linear-pass.ts'
import { selectKernels } from './select.ts'
import { createLinearMemory } from './wasm/linear-module.ts'

/** The kernels of the trainer's pass: WebAssembly where there is one, else the reference with the same bits. */
export function selectLinearKernels(): LinearKernels {
  return createLinearKernels('wasm', createLinearMemory, selectKernels)
}

/** Everything in plain TypeScript. */
export function referenceLinearKernels(): LinearKernels {
  return createLinearKernels('typescript', createReferenceMemory, () => referenceKernels)
}
