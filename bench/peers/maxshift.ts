/**
 * Ourselves: the built library through its public functions, with ordinary arrays and with arrays from `alloc`, in both
 * modes, and the reference kernels underneath, which carry no checks.
 *
 * All arrays that the functions can write into are made beforehand.
 */
import { existsSync, readFileSync } from 'node:fs'
import { Absent, type Contestant, type Outcome, type Team, timeCalls } from '../contestant.ts'
import { type Dtype, type FloatArray, newArray, type Operation, outputLength, type Problem } from '../problem.ts'

type Options = Record<string, unknown>
interface Library {
  softmax(logits: FloatArray, options: Options): FloatArray
  logSoftmax(logits: FloatArray, options: Options): FloatArray
  logSumExp(logits: FloatArray, options: Options): FloatArray
  crossEntropy(logits: FloatArray, labels: Int32Array, options: Options): number
  crossEntropyWithGradient(
    logits: FloatArray,
    labels: Int32Array,
    options: Options,
  ): { loss: number; gradient: FloatArray }
  /** Which kernels serve large inputs in each mode. */
  backend?(): { accurate: string; fast: string }
  alloc?(type: string, length: number): FloatArray | Int32Array
}

/** The kernels' interface as far as it is timed here; packages/maxshift/src/kernels/kernels.ts explains it. */
interface ReferenceKernels {
  softmax(logits: FloatArray, rows: number, classes: number, temperature: number, out: FloatArray): void
  logSoftmax(logits: FloatArray, rows: number, classes: number, temperature: number, out: FloatArray): void
  logSumExp(logits: FloatArray, rows: number, classes: number, temperature: number, out: FloatArray): void
  crossEntropy(
    logits: FloatArray,
    labels: Int32Array,
    rows: number,
    classes: number,
    temperature: number,
    losses: Float64Array,
  ): void
  crossEntropyWithGradient(
    logits: FloatArray,
    labels: Int32Array,
    rows: number,
    classes: number,
    temperature: number,
    scales: Float64Array,
    losses: Float64Array,
    gradient: FloatArray,
  ): void
}

const BUILD = new URL('../../packages/maxshift/dist/', import.meta.url)
const mean = (losses: Float64Array): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length

function reference(kernels: ReferenceKernels, problem: Problem): Contestant {
  const { logits, labels, rows, classes, dtype, operation } = problem
  const values = newArray(dtype, outputLength(problem))
  const losses = new Float64Array(rows)
  const scales = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 1 / rows : 0))
  const calls: Record<Operation, () => void> = {
    softmax: () => kernels.softmax(logits, rows, classes, 1, values),
    logSoftmax: () => kernels.logSoftmax(logits, rows, classes, 1, values),
    logSumExp: () => kernels.logSumExp(logits, rows, classes, 1, values),
    crossEntropy: () => kernels.crossEntropy(logits, labels, rows, classes, 1, losses),
    crossEntropyWithGradient: () =>
      kernels.crossEntropyWithGradient(logits, labels, rows, classes, 1, scales, losses, values),
  }
  const call = calls[operation]
  return {
    time: timeCalls(() => {
      call()
      return values.length > 0 ? values[0] : losses[0]
    }),
    result: () => {
      call()
      return { values, loss: mean(losses) }
    },
  }
}

/** One public function on these arrays: what it gives, for the result and for the sink. */
function publicCall(
  library: Library,
  { operation, classes }: Problem,
  logits: FloatArray,
  labels: Int32Array,
  out: FloatArray,
  mode: Options,
): () => Outcome {
  const options = { classes, ...mode }
  const withOut = { ...options, out }
  const calls: Record<Operation, () => Outcome> = {
    softmax: () => ({ values: library.softmax(logits, withOut) }),
    logSoftmax: () => ({ values: library.logSoftmax(logits, withOut) }),
    logSumExp: () => ({ values: library.logSumExp(logits, withOut) }),
    crossEntropy: () => ({ loss: library.crossEntropy(logits, labels, options) }),
    crossEntropyWithGradient: () => {
      const { loss, gradient } = library.crossEntropyWithGradient(logits, labels, withOut)
      return { loss, values: gradient }
    },
  }
  return calls[operation]
}

function contestant(call: () => Outcome): Contestant {
  return {
    time: timeCalls(() => {
      const { values, loss } = call()
      return values === undefined ? (loss as number) : values[0]
    }),
    result: call,
  }
}

/** Arrays from `alloc`, kept per dtype, length and use: every problem of a dtype and shape is the same numbers. */
function allocatedArrays(library: Library): (dtype: Dtype, use: string, length: number) => FloatArray {
  const kept = new Map<string, FloatArray>()
  return (dtype, use, length) => {
    if (library.alloc === undefined) throw new Absent('this build has no alloc')
    const key = `${dtype} ${use} ${length}`
    let array = kept.get(key)
    if (array === undefined) {
      array = library.alloc(dtype === 'f32' ? 'float32' : 'float64', length) as FloatArray
      kept.set(key, array)
    }
    return array
  }
}

export async function ourTeams(): Promise<Team[]> {
  const library = (await import('maxshift')) as unknown as Library
  const { version } = JSON.parse(readFileSync(new URL('../package.json', BUILD), 'utf8')) as { version: string }
  const allocated = allocatedArrays(library)
  const backend = library.backend?.()
  const of = (mode: 'accurate' | 'fast') => ({
    version: backend === undefined ? version : `${version}, ${backend[mode]}`,
    ours: true,
  })

  const ordinary = (mode: Options) => (problem: Problem) => {
    const out = newArray(problem.dtype, outputLength(problem))
    return contestant(publicCall(library, problem, problem.logits, problem.labels, out, mode))
  }
  const zeroCopy = (mode: Options) => (problem: Problem) => {
    if (mode.mode === 'fast') checkFast(library)
    const { dtype, logits } = problem
    const own = allocated(dtype, 'logits', logits.length)
    own.set(logits)
    const out = allocated(dtype, 'out', outputLength(problem))
    return contestant(publicCall(library, problem, own, problem.labels, out, mode))
  }
  return [
    {
      version,
      ours: true,
      name: 'reference',
      call: 'the reference kernels, plain TypeScript',
      seldom: true,
      enter: enterReference,
    },
    {
      ...of('accurate'),
      name: 'accurate',
      call: '`softmax(logits, { classes, out })`, ordinary arrays',
      enter: ordinary({}),
    },
    { ...of('accurate'), name: 'accurate (alloc)', call: 'the same, arrays from `alloc`', enter: zeroCopy({}) },
    { ...of('fast'), name: 'fast (alloc)', call: "the same with `mode: 'fast'`", enter: zeroCopy({ mode: 'fast' }) },
  ]
}

function checkFast(library: Library): void {
  try {
    library.softmax(Float32Array.of(1, 2), { mode: 'fast' })
  } catch (error) {
    throw new Absent(`this build has no fast mode (${(error as Error).message})`)
  }
}

async function enterReference(problem: Problem): Promise<Contestant> {
  const file = new URL('kernels/js/reference.js', BUILD)
  if (!existsSync(file)) throw new Absent('this build has no kernels/js/reference.js')
  const { referenceKernels } = (await import(file.href)) as { referenceKernels: ReferenceKernels }
  return reference(referenceKernels, problem)
}
