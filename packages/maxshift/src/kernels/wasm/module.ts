/**
 * The compiled WebAssembly modules: decoded and compiled on first use, once.
 *
 * Where WebAssembly is missing, lacks SIMD, or is forbidden (a content-security policy without 'wasm-unsafe-eval'), there is no
 * module, and the reference serves. Fast mode takes the module with relaxed SIMD where the engine has it.
 */
import { EXP2_TABLE } from '../../special/exp2-table.ts'
import { RELAXED_SIMD_BINARY, SIMD_BINARY } from './binary.generated.ts'

/** <operation>_<dtype> over rows of float32 or float64; see assembly/rows.ts. Addresses and sizes are numbers. */
type RowsKernel = (logits: number, rows: number, classes: number, out: number, flags: number, scratch: number) => number
type LossKernel = (
  logits: number,
  labels: number,
  rows: number,
  classes: number,
  losses: number,
  flags: number,
) => number
type GradientKernel = (
  logits: number,
  labels: number,
  rows: number,
  classes: number,
  scale: number,
  losses: number,
  gradient: number,
  flags: number,
  scratch: number,
) => number

/** What serves an operation from first entry to last result; the scratch memory is not used in fast mode. */
export interface WholeKernels {
  softmax: RowsKernel
  logSoftmax: RowsKernel
  logSumExp: RowsKernel
  crossEntropy: LossKernel
  crossEntropyWithGradient: GradientKernel
}

/** The passes over the entries of float64 rows in accurate mode; what is done once a row stays in TypeScript. */
export interface DoublePasses {
  sums_f64(logits: number, rows: number, classes: number, records: number): void
  softmax_f64(
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
  logSoftmax_f64(
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

/** An instance of a module over one memory. */
export interface Instance {
  /** The first address that is free for data. */
  readonly heapBase: number
  readonly passes: DoublePasses
  readonly accurateSingle: WholeKernels
  readonly fastSingle: WholeKernels
  readonly fastDouble: WholeKernels
  readonly transposeSingle: Transpose
  readonly transposeDouble: Transpose
}

interface Modules {
  readonly simd: WebAssembly.Module
  readonly relaxed: WebAssembly.Module | undefined
}

let modules: Modules | null | undefined

/** The bytes of a string of hexadecimal digits. */
export function decode(digits: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

function compile(): Modules | null {
  try {
    const simd = new WebAssembly.Module(decode(SIMD_BINARY))
    const relaxed = decode(RELAXED_SIMD_BINARY)
    return { simd, relaxed: WebAssembly.validate(relaxed) ? new WebAssembly.Module(relaxed) : undefined }
  } catch {
    return null // a missing or forbidden WebAssembly is no error: the reference gives the same bits
  }
}

/** The modules, or null where they cannot be had. */
export function loadModules(): Modules | null {
  if (modules === undefined) modules = compile()
  return modules
}

type Exports = Record<string, (...values: number[]) => number>

const whole = (exports: Exports, dtype: 'f32' | 'f64', suffix: '' | 'Fast'): WholeKernels => ({
  softmax: exports[`softmax${suffix}_${dtype}`],
  logSoftmax: exports[`logSoftmax${suffix}_${dtype}`],
  logSumExp: exports[`logSumExp${suffix}_${dtype}`],
  crossEntropy: exports[`crossEntropy${suffix}_${dtype}`],
  crossEntropyWithGradient: exports[`crossEntropyWithGradient${suffix}_${dtype}`],
})

/** Below this address the module of stream-module.ts keeps its constants, in the same memories. */
export const STREAM_DATA_END = 20480

/** Both modules over one memory: they keep their constants apart, the relaxed one behind the other's. */
export function instantiate({ simd, relaxed }: Modules, memory: WebAssembly.Memory): Instance {
  const instanceOf = (module: WebAssembly.Module): Exports =>
    new WebAssembly.Instance(module, { env: { memory } }).exports as Exports
  const accurate = instanceOf(simd)
  const fast = relaxed === undefined ? accurate : instanceOf(relaxed)
  new Float64Array(memory.buffer, accurate.table_f64(), EXP2_TABLE.length).set(EXP2_TABLE)
  return {
    heapBase: Math.max(accurate.heapBase(), fast.heapBase(), STREAM_DATA_END),
    passes: accurate as unknown as DoublePasses,
    accurateSingle: whole(accurate, 'f32', ''),
    fastSingle: whole(fast, 'f32', 'Fast'),
    fastDouble: whole(fast, 'f64', 'Fast'),
    transposeSingle: accurate.transpose_f32,
    transposeDouble: accurate.transpose_f64,
  }
}
