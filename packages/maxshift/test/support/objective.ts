/** The objective of a data set with one label per row, each counting 1. */
import type { Features } from '../../src/kernels/kernels.ts'
import type { Objective } from '../../src/optim/objective.ts'
import type { CoordinateSystem } from '../../src/regression/coordinates.ts'
import { createObjective } from '../../src/regression/objective.ts'
import { createPause } from '../../src/regression/pause.ts'
import { createDenseSweep } from '../../src/regression/sweep.ts'

interface Labelled {
  readonly features: Features
  readonly labels: Int32Array
  readonly classes: number
}

/** The same l2 for every feature. */
export const evenly = (l2: number, featureCount: number): Float64Array => new Float64Array(featureCount).fill(l2)

export function objectiveFor(data: Labelled, l2: Float64Array, current: () => CoordinateSystem): Objective {
  const rows = data.labels.length
  const featureCount = data.features.length / rows
  const rest = { targets: undefined, weights: undefined, totalWeight: rows, offset: undefined }
  const sweep = createDenseSweep({ ...data, rows, featureCount, ...rest }, createPause(undefined))
  return createObjective({ ...data, featureCount, totalWeight: rows }, l2, sweep, current)
}
