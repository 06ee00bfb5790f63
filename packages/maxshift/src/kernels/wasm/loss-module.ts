/**
 * The compiled WebAssembly modules of the losses, and their instances: made for an arena when its first loss is computed.
 */
import type { Arena } from './arena.ts'
import { LOSS_BINARY, RELAXED_LOSS_BINARY } from './loss-binary.generated.ts'
import { compile, type Exports, instancesOf, type Modules } from './module.ts'

/** <operation>_<dtype> over rows; see assembly/loss-rows.ts. Addresses and sizes are numbers. */
type LossKernel = (
  logits: number,
  labels: number,
  rows: number,
  classes: number,
  temperature: number,
  losses: number,
  flags: number,
) => number
type GradientKernel = (
  logits: number,
  labels: number,
  rows: number,
  classes: number,
  temperature: number,
  scales: number,
  scaleStride: number,
  losses: number,
  gradient: number,
  flags: number,
  scratch: number,
) => number

export interface WholeLosses {
  crossEntropy: LossKernel
  crossEntropyWithGradient: GradientKernel
}

/** Class weights; see assembly/soft-rows.ts, soft-fast.ts and, for float64 in accurate mode, soft-double.ts. */
export interface SoftKernels {
  setSoft(temperature: number, kind: number, uniform: number, shared: number, zLoss: number): void
  /** Where it is given, it is called instead, and the kernels take and leave what rounding took. */
  readonly setSoftPairs?: (
    temperature: number,
    kind: number,
    sum: number,
    sumLow: number,
    others: number,
    othersLow: number,
    zLoss: number,
    lowOffset: number,
  ) => void
  softCrossEntropy(
    logits: number,
    base: number,
    stride: number,
    labels: number,
    peaks: number,
    rows: number,
    classes: number,
    losses: number,
    flags: number,
  ): number
  softCrossEntropyWithGradient(
    logits: number,
    base: number,
    stride: number,
    labels: number,
    peaks: number,
    rows: number,
    classes: number,
    scales: number,
    scaleStride: number,
    losses: number,
    gradient: number,
    flags: number,
    scratch: number,
  ): number
}

export interface LossInstance {
  readonly accurateSingle: WholeLosses
  readonly accurateDouble: WholeLosses
  readonly fastSingle: WholeLosses
  readonly fastDouble: WholeLosses
  readonly softSingle: SoftKernels
  readonly softDouble: SoftKernels
  readonly fastSoftSingle: SoftKernels
  readonly fastSoftDouble: SoftKernels
  /** All of the module without relaxed SIMD. */
  readonly passes: Exports
}

let modules: Modules | null | undefined

/** The modules, or null where they cannot be had. */
export function loadLossModules(): Modules | null {
  if (modules === undefined) modules = compile(LOSS_BINARY, RELAXED_LOSS_BINARY)
  return modules
}

const whole = (exports: Exports, dtype: 'f32' | 'f64', suffix: '' | 'Fast'): WholeLosses => ({
  crossEntropy: exports[`crossEntropy${suffix}_${dtype}`],
  crossEntropyWithGradient: exports[`crossEntropyWithGradient${suffix}_${dtype}`],
})

const soft = (exports: Exports, dtype: 'f32' | 'f64', suffix: '' | 'Fast'): SoftKernels => ({
  setSoft: exports.setSoft,
  softCrossEntropy: exports[`softCrossEntropy${suffix}_${dtype}`],
  softCrossEntropyWithGradient: exports[`softCrossEntropyWithGradient${suffix}_${dtype}`],
})

const instances = new WeakMap<Arena, LossInstance>()

/** The kernels of the losses over the memory of an arena. */
export function lossesOf(arena: Arena): LossInstance {
  let instance = instances.get(arena)
  if (instance === undefined) {
    const loaded = loadLossModules()
    if (loaded === null) throw new Error('the modules of the losses are loaded before an arena asks for them')
    const { accurate, fast } = instancesOf(loaded, arena.memory)
    instance = {
      accurateSingle: whole(accurate, 'f32', ''),
      accurateDouble: whole(accurate, 'f64', ''),
      fastSingle: whole(fast, 'f32', 'Fast'),
      fastDouble: whole(fast, 'f64', 'Fast'),
      softSingle: soft(accurate, 'f32', ''),
      softDouble: { ...soft(accurate, 'f64', ''), setSoftPairs: accurate.setSoft_f64 },
      fastSoftSingle: soft(fast, 'f32', 'Fast'),
      fastSoftDouble: soft(fast, 'f64', 'Fast'),
      passes: accurate,
    }
    instances.set(arena, instance)
  }
  return instance
}
