/**
 * The fused linear pass of the reference backend.
 */
import { createLinearKernels } from '../../src/kernels/js/linear-cross-entropy.ts'
import { referenceKernels } from '../../src/kernels/js/reference.ts'
import { testLinearKernels } from './linear-kernels.ts'

testLinearKernels(createLinearKernels(referenceKernels))
