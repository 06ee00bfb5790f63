/**
 * What dense and sparse features do each in their way.
 */
import type { LogitsPass } from '../kernels/kernels.ts'
import { selectLinearKernels } from '../kernels/select-linear.ts'
import { createSparseLookup } from '../kernels/sparse-logits.ts'
import { type Columns, describeColumns } from './columns.ts'
import { describeSparseColumns } from './csr.ts'
import { type Dataset, isSparse } from './data.ts'
import type { Pause } from './pause.ts'
import { SparseSweep } from './sparse-sweep.ts'
import { createDenseSweep, type Sweep } from './sweep.ts'

/** The sweep through the rows of a data set by at most so many threads, by default as many as there are cores. */
export function createSweep(data: Dataset, pause: Pause, threads: number | undefined): Sweep {
  const { features } = data
  return isSparse(features)
    ? new SparseSweep({ ...data, features }, pause, threads)
    : createDenseSweep({ ...data, features }, pause, threads)
}

/** A pass for logits of some of its rows. */
export function createLogitsPass({ features, featureCount, classes }: Dataset): LogitsPass {
  return isSparse(features) ? createSparseLookup() : selectLinearKernels().createPass(featureCount, classes)
}

/** Means and deviations of its columns, with weights of the rows if given. */
export function describeFeatures(
  { features, rows, featureCount }: Dataset,
  pause: Pause,
  weights: Float64Array | undefined,
): Promise<Columns> {
  return isSparse(features)
    ? describeSparseColumns(features, pause, weights)
    : describeColumns(features, rows, featureCount, pause, weights)
}
