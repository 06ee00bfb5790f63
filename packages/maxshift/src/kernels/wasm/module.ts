/**
 * The compiled WebAssembly modules of the softmax family: decoded and compiled on first use, once. Those of the losses are in
 * loss-module.ts, so that nobody loads them for softmax alone.
 *
 * Where WebAssembly is missing, lacks SIMD, or is forbidden (a content-security policy without 'wasm-unsafe-eval'), there is no
 * module, and the reference serves. Fast mode takes the module with relaxed SIMD where the engine has it.
 */
import { EXP2_TABLE } from '../../special/exp2-table.ts'
import { RELAXED_SIMD_BINARY, SIMD_BINARY } from './binary.generated.ts'

/** <operation>_<dtype> over rows of float32 or float64; see assembly/rows.ts. Addresses and sizes are numbers. */
type RowsKernel = (
  logits: number,
  rows: number,
  classes: number,
  temperature: number,
  out: number,
  flags: number,
  scratch: number,
) => number

/** What serves an operation from first entry to last result; the scratch memory is not used in fast mode. */
export interface WholeKernels {
  softmax: RowsKernel
  logSoftmax: RowsKernel
  logSumExp: RowsKernel
}

/** Writing float64 rows in accurate mode from what was made of them in TypeScript, for streams. */
export interface DoublePasses {
  setTemperature_f64(half: number, inverse: number, inverseLow: number): void
  writeSoftmax_f64(
    logits: number,
    classes: number,
    out: number,
    max: number,
    shift: number,
    factorHi: number,
    factorLo: number,
    exponent: number,
    top: number,
  ): void
  writeLogSoftmax_f64(
    logits: number,
    classes: number,
    out: number,
    max: number,
    logHi: number,
    logLo: number,
    topLoss: number,
  ): void
}

/** kernels/transpose.ts; strides in bytes. */
type Transpose = (
  from: number,
  fromStride: number,
  to: number,
  toStride: number,
  rows: number,
  columns: number,
  count: number,
) => void

/** The modules of the family over one memory. */
export interface Instance {
  readonly passes: DoublePasses
  readonly accurateSingle: WholeKernels
  readonly accurateDouble: WholeKernels
  readonly fastSingle: WholeKernels
  readonly fastDouble: WholeKernels
  readonly transposeSingle: Transpose
  readonly transposeDouble: Transpose
}

export interface Modules {
  readonly simd: WebAssembly.Module
  readonly relaxed: WebAssembly.Module | undefined
}

/** The bytes of a string of hexadecimal digits. */
export function decode(digits: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Two modules from their binaries, the second where the engine takes it; null where there is no WebAssembly for us. */
export function compile(simdDigits: string, relaxedDigits: string): Modules | null {
  try {
    const simd = new WebAssembly.Module(decode(simdDigits))
    const relaxed = decode(relaxedDigits)
    return { simd, relaxed: WebAssembly.validate(relaxed) ? new WebAssembly.Module(relaxed) : undefined }
  } catch {
    return null // a missing or forbidden WebAssembly is no error: the reference gives the same bits
  }
}

let modules: Modules | null | undefined

/** The modules, or null where they cannot be had. */
export function loadModules(): Modules | null {
  if (modules === undefined) modules = compile(SIMD_BINARY, RELAXED_SIMD_BINARY)
  return modules
}

/** What a module exports. */
export type Exports = Record<string, (...values: number[]) => number>

/**
 * Instances of both modules over one memory, where each has addresses of its own (scripts/build-kernels.mjs): what serves accurate mode
 * and what serves fast mode.
 */
export function instancesOf(
  { simd, relaxed }: Modules,
  memory: WebAssembly.Memory,
): { accurate: Exports; fast: Exports } {
  const instanceOf = (module: WebAssembly.Module): Exports =>
    new WebAssembly.Instance(module, { env: { memory } }).exports as Exports
  const accurate = instanceOf(simd)
  new Float64Array(memory.buffer, accurate.table_f64(), EXP2_TABLE.length).set(EXP2_TABLE)
  return { accurate, fast: relaxed === undefined ? accurate : instanceOf(relaxed) }
}

const whole = (exports: Exports, dtype: 'f32' | 'f64', suffix: '' | 'Fast'): WholeKernels => ({
  softmax: exports[`softmax${suffix}_${dtype}`],
  logSoftmax: exports[`logSoftmax${suffix}_${dtype}`],
  logSumExp: exports[`logSumExp${suffix}_${dtype}`],
})

export function instantiate(modules: Modules, memory: WebAssembly.Memory): Instance {
  const { accurate, fast } = instancesOf(modules, memory)
  return {
    passes: accurate as unknown as DoublePasses,
    accurateSingle: whole(accurate, 'f32', ''),
    accurateDouble: whole(accurate, 'f64', ''),
    fastSingle: whole(fast, 'f32', 'Fast'),
    fastDouble: whole(fast, 'f64', 'Fast'),
    transposeSingle: accurate.transpose_f32,
    transposeDouble: accurate.transpose_f64,
  }
}
