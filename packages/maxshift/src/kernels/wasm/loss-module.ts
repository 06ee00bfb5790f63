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
  losses: number,
  gradient: number,
  flags: number,
  scratch: number,
) => number

export interface WholeLosses {
  crossEntropy: LossKernel
  crossEntropyWithGradient: GradientKernel
}

/** Class weights: float32 in both modes, float64 in fast mode; see assembly/soft-rows.ts and soft-fast.ts. */
export interface SoftKernels {
  setSoft(temperature: number, kind: number, uniform: number, shared: number, zLoss: number): void
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
    losses: number,
    gradient: number,
    flags: number,
    scratch: number,
  ): number
}

/** The passes over float64 rows with class weights, accurate mode; see assembly/soft-double.ts. */
export interface SoftPasses {
  setTemperature_f64(half: number, inverse: number, inverseLow: number): void
  softSums_f64(
    logits: number,
    rows: number,
    classes: number,
    base: number,
    stride: number,
    kind: number,
    records: number,
    lowOffset: number,
  ): void
  softGradient_f64(
    logits: number,
    classes: number,
    base: number,
    out: number,
    shift: number,
    factorHi: number,
    factorLo: number,
    factorExponent: number,
    weightHi: number,
    weightLo: number,
    weightExponent: number,
    scratch: number,
    lowOffset: number,
  ): number
}

export interface LossInstance {
  readonly accurateSingle: WholeLosses
  readonly accurateDouble: WholeLosses
  readonly fastSingle: WholeLosses
  readonly fastDouble: WholeLosses
  readonly soft: SoftKernels
  readonly fastSoftSingle: SoftKernels
  readonly fastSoftDouble: SoftKernels
  readonly softPasses: SoftPasses
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
      soft: soft(accurate, 'f32', ''),
      fastSoftSingle: soft(fast, 'f32', 'Fast'),
      fastSoftDouble: soft(fast, 'f64', 'Fast'),
      softPasses: accurate as unknown as SoftPasses,
    }
    instances.set(arena, instance)
  }
  return instance
}
