/**
 * How the objective bends, from a sample of rows: the Kronecker product B ⊗ A of a matrix over classes and one over
 * features (plus the penalty) stands in for the Hessian, mean over rows of (diag(p) − p·pᵀ) ⊗ x·xᵀ.
 *
 *   A = Σ_r w_r·u_r·z_r·z_rᵀ / Σ_r w_r·u_r   z = (x − mean) / spread   u_r = 1 − Σ_k p_rk², the trace of diag(p) − p·pᵀ
 *   B = m·Σ_r w_r·(diag(p_r) − p_r·p_rᵀ) / Σ_r w_r       w_r: what the row counts      m: `mass`
 *
 * Before the first step p is 1/classes everywhere, u does not matter, and B is a multiple of the identity on all
 * differences of classes; later both follow the fitted probabilities. Means are those with the weights w·u, so that features
 * and intercept do not mix.
 */
import type { FloatArray } from '../arrays.ts'
import type { Features, LogitsPass } from '../kernels/kernels.ts'
import { selectLossKernels } from '../kernels/select-losses.ts'
import type { Columns } from './columns.ts'
import { correlate, type Sample } from './correlation.ts'
import { type CsrFeatures, isSparse } from './data.ts'
import { eigen } from './eigen.ts'
import type { Pause } from './pause.ts'

export interface Curvature {
  /** Where the features are centred; 0 without an intercept. */
  readonly means: Float64Array
  /** The unit of each feature in A; infinite for a feature that tells nothing. */
  readonly spreads: Float64Array
  /** A with what is added to its diagonal: features × features, lower triangle; undefined stands for the identity. */
  readonly features: Float64Array | undefined
  /** Eigenvalues of B, one per class, all positive. */
  readonly values: Float64Array
  /** Eigenvectors of B in columns, classes × classes; undefined stands for the identity. */
  readonly vectors: Float64Array | undefined
}

/** A has FULL_FEATURES² numbers, its factor takes FULL_FEATURES³/6 steps: 8 MiB and a few tenths of a second. */
const FULL_FEATURES = 1024
/** Classes are rotated up to this number; beyond, B is its diagonal. */
const FULL_CLASSES = 128
/** An even sample of this many rows is looked at. */
const SAMPLE_ROWS = 5000
/** B at the start as a share of (1 − 1/classes)/classes: what is typical of p·(1 − p) in a fitted model. */
const START_SHARE = 0.125
/**
 * Added to the diagonal of A times features per row that the entry comes from. Half of it is as good, three times as much costs half
 * the passes again near the optimum.
 */
const DAMPING = 0.1
/** Added besides: collinear features would leave the matrix singular. */
const RIDGE = 2 ** -30
/** Eigenvalues of B are raised to this share of the largest. */
const LEAST_VALUE = 1e-3
/** Rows whose probabilities are computed at once. */
const BLOCK_ROWS = 64
/** A mean trace of B below this is rounding: every row of the sample is certain. */
export const LEAST_TRACE = 1e-10

/** What both estimates start from. */
export interface CurvatureSource {
  readonly features: Features | CsrFeatures
  readonly rows: number
  readonly classes: number
  readonly columns: Columns
  readonly intercept: boolean
  /** What each row counts: its weight times the sum of its targets, not all 0. 1 where there are none. */
  readonly weights?: Float64Array | undefined
  /** Their sum in units of the sum of weights alone, by which the objective divides. 1 if not given. */
  readonly mass?: number
  /** Added to the logits, rows × classes. */
  readonly offset?: FloatArray | undefined
  readonly pause: Pause
}

/** The curvature at zero weights, B scaled down towards what it will become. */
export async function startingCurvature(source: CurvatureSource): Promise<Curvature> {
  const share = ((source.mass ?? 1) * START_SHARE * (1 - 1 / source.classes)) / source.classes
  return {
    ...(await featureCurvature(source, drawSample(source))),
    values: new Float64Array(source.classes).fill(share),
    vectors: undefined,
  }
}

/** The curvature where the pass has its weights; undefined where it is nothing but rounding. */
export async function fittedCurvature(source: CurvatureSource, pass: LogitsPass): Promise<Curvature | undefined> {
  const sample = drawSample(source)
  const { traces, matrix } = await classCurvature(source, pass, sample)
  if (!(sum(traces) > LEAST_TRACE * sum(sample.weights))) return undefined
  const features = await featureCurvature(source, { rows: sample.rows, weights: traces })
  return { ...features, ...decompose(matrix, source.classes) }
}

/** An even sample of the rows that count. */
function drawSample({ rows, weights }: CurvatureSource): Sample {
  const counting = weights?.includes(0) ? countingRows(weights) : undefined
  const all = counting === undefined ? rows : counting.length
  const count = Math.min(all, SAMPLE_ROWS)
  const sample = Int32Array.from({ length: count }, (_, s) => Math.floor((s * all) / count))
  if (counting) for (let s = 0; s < count; s++) sample[s] = counting[sample[s]]
  return { rows: sample, weights: Float64Array.from(sample, (row) => (weights === undefined ? 1 : weights[row])) }
}

/**
 * A sample of about `most` of the rows that count: as many of each class as of the others, as far as it has them, for a few rows would not show how
 * a rare class bends. They count for those of their class that are left out. An even sample where there are no labels.
 */
export function drawByClass(
  { rows, classes, weights }: CurvatureSource,
  labels: Int32Array | undefined,
  most: number,
): Sample & { readonly isAll: boolean } {
  const classOf = (row: number): number => (labels === undefined ? 0 : labels[row])
  const isOut = (row: number): boolean => weights?.[row] === 0
  const counts = new Int32Array(classes)
  for (let row = 0; row < rows; row++) if (!isOut(row)) counts[classOf(row)]++
  // The smallest classes choose first.
  const shares = new Int32Array(classes)
  let left = most
  const order = Array.from(counts.keys()).sort((a, b) => counts[a] - counts[b])
  order.forEach((k, i) => {
    shares[k] = Math.min(counts[k], Math.ceil(left / (classes - i)))
    left -= shares[k]
  })
  const seen = new Int32Array(classes)
  const taken: number[] = []
  const masses: number[] = []
  for (let row = 0; row < rows; row++) {
    if (isOut(row)) continue
    const k = classOf(row)
    const before = Math.floor((seen[k]++ * shares[k]) / counts[k])
    if (before === Math.floor((seen[k] * shares[k]) / counts[k])) continue
    taken.push(row)
    masses.push(((weights === undefined ? 1 : weights[row]) * counts[k]) / shares[k])
  }
  const isAll = shares.every((share, k) => share === counts[k])
  return { rows: Int32Array.from(taken), weights: Float64Array.from(masses), isAll }
}

function countingRows(weights: Float64Array): Int32Array {
  return Int32Array.from(weights.keys()).filter((row) => weights[row] > 0)
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

/** The units of the columns. What never varies tells nothing that the intercept does not: its infinite one keeps its weight at 0. */
export function spreadsOf({ means, deviations }: Columns, intercept: boolean): Float64Array {
  return deviations.map((deviation, j) => (intercept ? deviation : hypotenuse(deviation, means[j])) || Infinity)
}

/** A, damped. */
async function featureCurvature(
  { features, columns, intercept, pause }: CurvatureSource,
  sample: Sample,
): Promise<Pick<Curvature, 'means' | 'spreads' | 'features'>> {
  const { means } = columns
  const size = means.length
  const spreads = spreadsOf(columns, intercept)
  // Products of sparse features are not made: each row would have its square of them.
  if (size > FULL_FEATURES || isSparse(features)) {
    return { means: intercept ? means : new Float64Array(size), spreads, features: undefined }
  }
  const { matrix, support, means: centres } = await correlate(features, sample, means, spreads, intercept, pause)
  for (let j = 0, i = 0; j < size; j++, i += size + 1) {
    matrix[i] = Math.max(0, matrix[i]) + RIDGE + (DAMPING * size) / Math.max(1, support[j])
  }
  return { means: centres, spreads, features: matrix }
}

/** B, and w·u of each row of the sample. */
async function classCurvature(
  source: CurvatureSource,
  pass: LogitsPass,
  { rows, weights }: Sample,
): Promise<{ traces: Float64Array; matrix: Float64Array }> {
  const { classes, mass = 1 } = source
  const traces = new Float64Array(rows.length)
  const matrix = new Float64Array(classes * classes)
  await overProbabilities(source, pass, rows, (first, count, probs) => {
    for (let r = 0; r < count; r++) {
      traces[first + r] = addRow(matrix, probs, r * classes, classes, weights[first + r])
    }
  })
  const total = sum(weights)
  for (let i = 0; i < matrix.length; i++) matrix[i] = (mass * matrix[i]) / total
  return { traces, matrix }
}

/** Gives the probabilities of rows, count × classes, block by block of BLOCK_ROWS at most. */
export async function overProbabilities(
  { features, classes, columns, offset, pause }: CurvatureSource,
  pass: LogitsPass,
  rows: Int32Array,
  each: (first: number, count: number, probs: Float64Array) => void,
): Promise<void> {
  const fill = logitsOf(features, columns.means.length, classes, pass)
  const probs = new Float64Array(BLOCK_ROWS * classes)
  for (let first = 0; first < rows.length; first += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows.length - first)
    fill(rows.subarray(first, first + count), probs)
    const own = probs.subarray(0, count * classes)
    if (offset) {
      for (let i = 0; i < own.length; i++)
        own[i] += offset[rows[first + Math.floor(i / classes)] * classes + (i % classes)]
    }
    selectLossKernels(own.length).softmax(own, count, classes, 1, own)
    each(first, count, own)
    await pause()
  }
}

/** Fills `out` with the logits of up to BLOCK_ROWS rows that need not be neighbours. */
function logitsOf(features: Features | CsrFeatures, size: number, classes: number, pass: LogitsPass) {
  if (isSparse(features)) {
    return (rows: Int32Array, out: Float64Array): void =>
      rows.forEach((row, r) => {
        pass.logits(features, row, 1, out.subarray(r * classes, (r + 1) * classes))
      })
  }
  const block = createLike(features, BLOCK_ROWS * size)
  return (rows: Int32Array, out: Float64Array): void => {
    rows.forEach((row, r) => {
      block.set(features.subarray(row * size, (row + 1) * size), r * size)
    })
    pass.logits(block, 0, rows.length, out)
  }
}

/** Not by slice, which for a Buffer is a view of the caller's bytes. */
export function createLike(features: Features, length: number): Features {
  if (features instanceof Uint8Array) return new Uint8Array(length)
  return features instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)
}

/** matrix += weight·(diag(p) − p·pᵀ); returns the trace of that. Only the diagonal where there are many classes. */
function addRow(matrix: Float64Array, probs: Float64Array, begin: number, classes: number, weight: number): number {
  let trace = 0
  for (let k = 0; k < classes; k++) {
    const p = probs[begin + k]
    // The complement as a sum of the others would be exact; a metric does not need it.
    const own = weight * p * (1 - p)
    trace += own
    matrix[k * classes + k] += own
    if (classes > FULL_CLASSES) continue
    for (let l = 0; l < k; l++) {
      const shared = weight * p * probs[begin + l]
      matrix[k * classes + l] -= shared
      matrix[l * classes + k] -= shared
    }
  }
  return trace
}

/** Eigenvalues, raised where they are small, and eigenvectors of B. */
function decompose(matrix: Float64Array, classes: number): Pick<Curvature, 'values' | 'vectors'> {
  const diagonal = Float64Array.from({ length: classes }, (_, k) => matrix[k * classes + k])
  if (classes > FULL_CLASSES) return { values: raise(diagonal), vectors: undefined }
  // The same shift of all classes has no curvature, and no gradient either; with the mean of the others it does no harm.
  const mean = diagonal.reduce((a, b) => a + b, 0) / (classes - 1)
  for (let i = 0; i < matrix.length; i++) matrix[i] += mean / classes
  const { values, vectors } = eigen(matrix, classes)
  return { values: raise(values), vectors }
}

function raise(values: Float64Array): Float64Array {
  const least = LEAST_VALUE * values.reduce((a, b) => Math.max(a, b), 0)
  return values.map((value) => Math.max(value, least))
}

/** √(a² + b²) without overflow. */
export function hypotenuse(a: number, b: number): number {
  const large = Math.max(Math.abs(a), Math.abs(b))
  if (large === 0) return 0
  const small = Math.min(Math.abs(a), Math.abs(b)) / large
  return large * Math.sqrt(1 + small * small)
}
