/**
 * What every solver gets and gives: the objective is the same for all of them, so is what happens between two steps (watch.ts).
 *
 *   Σ_r w_r·loss_r / Σ_r w_r + Σ_j l2_j/2·Σ_k W_kj² + Σ_j l1_j·Σ_k |W_kj|
 */
import type { LogitsPass } from '../kernels/kernels.ts'
import type { OptimStatus } from '../optim/result.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { CurvatureSource } from './curvature.ts'
import type { Dataset } from './data.ts'
import type { FitSettings } from './options.ts'
import type { Penalty } from './penalty.ts'
import type { Start } from './start.ts'
import type { Sweep } from './sweep.ts'
import type { Watch } from './watch.ts'

export interface Task {
  readonly data: Dataset
  /** Σ w_r of the rows as they are weighted now. */
  readonly totalWeight: number
  readonly penalty: Penalty
  /** What the curvature is taken from; its `pause` is that of the fit. */
  readonly source: CurvatureSource
  readonly sweep: Sweep
  /** A pass for the solver's own use, of the shape of the data. */
  readonly pass: LogitsPass
  /** undefined for weights of 0. */
  readonly start: Start | undefined
  readonly settings: FitSettings
  /** To be told of every step. */
  readonly watch: Watch
  /** To be offered the state after every step; may hold one to go on from. */
  readonly checkpoints: Checkpoints | undefined
}

export interface Solution extends Start {
  /** `stopped` where the watch wanted an end. */
  readonly status: OptimStatus
  readonly iterations: number
  /** Sweeps through the data. */
  readonly dataPasses: number
  /** The value at the weights. */
  readonly objective: number
  readonly gradientNorm: number
  /** The gradient of the smooth part, Σ w·loss / Σ w + Σ l2_j/2·Σ W², with respect to the weights and intercepts, if it is known. */
  readonly gradient: Start | undefined
}

export type Solver = (task: Task) => Promise<Solution>
