/**
 * Who serves: the one place where a backend is chosen. Today there is one, the reference.
 */
import { referenceKernels } from './js/reference.ts'
import type { Kernels } from './kernels.ts'

export function selectKernels(): Kernels {
  return referenceKernels
}
