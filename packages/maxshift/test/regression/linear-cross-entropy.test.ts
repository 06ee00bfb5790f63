/** The fused linear pass on every backend. */
import { referenceLinearKernels, selectLinearKernels } from '../../src/kernels/select-linear.ts'
import { testLinearKernels } from './linear-kernels.ts'

testLinearKernels(selectLinearKernels())
testLinearKernels(referenceLinearKernels())
