/** The reference kernels pass every conformance suite. */
import { referenceKernels } from '../src/kernels/js/reference.ts'
import { crossEntropyConformance } from './conformance/cross-entropy.ts'
import { crossEntropyGradientConformance } from './conformance/cross-entropy-gradient.ts'
import { logSoftmaxConformance } from './conformance/log-softmax.ts'
import { logSumExpConformance } from './conformance/log-sum-exp.ts'
import { optionsConformance } from './conformance/options.ts'
import { softmaxConformance } from './conformance/softmax.ts'

softmaxConformance(referenceKernels)
logSoftmaxConformance(referenceKernels)
logSumExpConformance(referenceKernels)
crossEntropyConformance(referenceKernels)
crossEntropyGradientConformance(referenceKernels)
optionsConformance(referenceKernels)
