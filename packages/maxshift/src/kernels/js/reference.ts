/** The reference backend, whole. */
import type { Kernels } from '../kernels.ts'
import { referenceFamily } from './reference-family.ts'
import { referenceLosses } from './reference-losses.ts'

export { SINGLE_CLASSES } from './single-row.ts'

export const referenceKernels: Kernels = { ...referenceFamily, ...referenceLosses }
