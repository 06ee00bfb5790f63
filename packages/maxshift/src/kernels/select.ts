/**
 * Who serves: the one place where a backend is chosen. Today there is one, the reference.
 */
import { createLinearKernels } from './js/linear-cross-entropy.ts'
import { referenceKernels } from './js/reference.ts'
import type { Kernels, LinearKernels } from './kernels.ts'

const referenceLinearKernels = createLinearKernels(referenceKernels)

export function selectKernels(): Kernels {
  return referenceKernels
}

export function selectLinearKernels(): LinearKernels {
  return referenceLinearKernels
}
