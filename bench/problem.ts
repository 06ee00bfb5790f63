/**
 * What is computed: the shapes, the dtypes, and the same seeded logits and labels for every contestant.
 *
 * Logits are normal with standard deviation 2 (Box and Muller's transform of a 32-bit xorshift), labels uniform. They are
 * ordinary numbers on purpose: a bench measures time, the test vectors measure accuracy, and no contestant takes a slow or a
 * fast path here because of an exotic input. The float64 logits are not rounded to float32.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type FloatArray = Float32Array | Float64Array
export type Dtype = 'f32' | 'f64'
export const OPERATIONS = ['softmax', 'logSoftmax', 'logSumExp', 'crossEntropy', 'crossEntropyWithGradient'] as const
export type Operation = (typeof OPERATIONS)[number]

export interface Shape {
  readonly rows: number
  readonly classes: number
}

export interface Problem extends Shape {
  readonly operation: Operation
  readonly dtype: Dtype
  /** rows × classes, row-major; contestants must not write to it. */
  readonly logits: FloatArray
  readonly labels: Int32Array
  /** The bytes of both arrays, for contestants in another process. */
  readonly logitsFile: string
  readonly labelsFile: string
}

export const SHAPES: readonly Shape[] = [
  { rows: 100_000, classes: 10 },
  { rows: 8192, classes: 1000 },
  { rows: 256, classes: 32_768 },
  { rows: 64, classes: 151_936 },
  { rows: 1, classes: 10 },
  { rows: 1, classes: 151_936 },
]

export const shapeName = ({ rows, classes }: Shape): string => `${rows}×${classes}`

export const newArray = (dtype: Dtype, length: number): FloatArray =>
  dtype === 'f32' ? new Float32Array(length) : new Float64Array(length)

/** How many numbers an operation writes, the loss of crossEntropy not counted. */
export function outputLength({ operation, rows, classes }: Problem): number {
  if (operation === 'crossEntropy') return 0
  return operation === 'logSumExp' ? rows : rows * classes
}

/** Uniform numbers in (0, 1]: Marsaglia's 32-bit xorshift (13, 17, 5). */
function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return ((state >>> 0) + 1) / 2 ** 32
  }
}

function normals(into: FloatArray, seed: number): void {
  const next = uniform(seed)
  for (let i = 0; i < into.length; i += 2) {
    const radius = 2 * Math.sqrt(-2 * Math.log(next()))
    const angle = 2 * Math.PI * next()
    into[i] = radius * Math.cos(angle)
    into[i + 1] = radius * Math.sin(angle) // ignored by the typed array past an odd end
  }
}

let folder: string | undefined

/** A path in a folder that is removed when this process ends, for bytes that another process reads or writes. */
export function temporaryFile(name: string): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'maxshift-bench-'))
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return join(folder, name)
}

const made = new Map<string, Omit<Problem, 'operation'>>()

/** The problem of this operation, dtype and shape; data are made once per dtype and shape. */
export function problemOf(operation: Operation, dtype: Dtype, shape: Shape): Problem {
  const key = `${dtype}-${shape.rows}x${shape.classes}`
  let data = made.get(key)
  if (data === undefined) {
    const { rows, classes } = shape
    const logits = newArray(dtype, rows * classes)
    normals(logits, 20_250_801)
    const next = uniform(7_654_321)
    const labels = Int32Array.from({ length: rows }, () => Math.min(classes - 1, Math.floor(next() * classes)))
    const logitsFile = temporaryFile(`${key}.logits`)
    const labelsFile = temporaryFile(`${key}.labels`)
    writeFileSync(logitsFile, logits)
    writeFileSync(labelsFile, labels)
    data = { dtype, rows, classes, logits, labels, logitsFile, labelsFile }
    made.set(key, data)
  }
  return { ...data, operation }
}
