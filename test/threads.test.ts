/**
 * Threads of the trainer, in the built library, whose worker is a file of its own: the same bits for any number, from copies and from
 * shared memory; a thread that dies, an abort, and nothing left behind.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { SoftmaxRegression } from 'maxshift/regression'
import { expect, it } from 'vitest'

const dist = new URL('../packages/maxshift/dist/', import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))

const ROWS = 9000
const FEATURES = 120
const CLASSES = 17

/** Made of integers, so that the numbers are the same in all types. Large enough for threads: 18 million products a sweep. */
function makeProblem(): { features: Uint8Array; labels: Int32Array } {
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state >>> 16
  }
  const labels = Int32Array.from({ length: ROWS }, () => next() % CLASSES)
  const features = Uint8Array.from(
    { length: ROWS * FEATURES },
    (_, i) => (next() % 50) + (i % FEATURES === labels[Math.floor(i / FEATURES)] ? next() % 30 : 0),
  )
  return { features, labels }
}

const OPTIONS = { featureScale: 1 / 64, tolerance: 1e-6, maxIterations: 40 }

it('have the same bits for one, two, three and nine threads, and for features in shared memory', async () => {
  const { features, labels } = makeProblem()
  const one = await SoftmaxRegression.fit(features, labels, { ...OPTIONS, threads: 1 })
  const singles = new Float32Array(new SharedArrayBuffer(4 * features.length))
  singles.set(features)
  const doubles = Float64Array.from(features)
  for (const [x, threads] of [
    [features, 2],
    [singles, 3],
    [doubles, 9],
  ] as const) {
    const model = await SoftmaxRegression.fit(x, labels, { ...OPTIONS, threads })
    expect(model.weights).toEqual(one.weights)
    expect(model.intercepts).toEqual(one.intercepts)
    expect(model.report.objective).toBe(one.report.objective)
    expect(model.report.gradientNorm).toBe(one.report.gradientNorm)
  }
})

it('cross-validate with the same bits for one and two threads', async () => {
  const { features, labels } = makeProblem()
  const options = { featureScale: 1 / 64, tolerance: 1e-4, maxIterations: 12, folds: 2, l2s: [1, 0.01] }
  const [one, two] = [
    await SoftmaxRegression.crossValidate(features, labels, { ...options, threads: 1 }),
    await SoftmaxRegression.crossValidate(features, labels, { ...options, threads: 2 }),
  ]
  expect(two.logLoss).toEqual(one.logLoss)
  expect(two.standardError).toEqual(one.standardError)
  expect(two.model.weights).toEqual(one.model.weights)
  expect(two.model.report.gapBound).toBe(one.model.report.gapBound)
})

/** Runs a module in a process of its own, which must end by itself; returns what it printed. */
async function runAlone(source: string): Promise<string> {
  const options = { cwd: root, timeout: 60_000 }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], options)
  return stdout.trim()
}

const SETUP = `
  import { Team } from '${dist}regression/team.js'
  import { createDenseSweep } from '${dist}regression/sweep.js'
  import { createPause } from '${dist}regression/pause.js'
  import { SoftmaxRegression } from '${dist}regression/index.js'
  const ROWS = ${ROWS}, FEATURES = ${FEATURES}, CLASSES = ${CLASSES}
  ${makeProblem.toString()}
  const { features, labels } = makeProblem()
  const plain = { targets: undefined, weights: undefined, offset: undefined, totalWeight: ROWS }
  const data = { features, labels, rows: ROWS, featureCount: FEATURES, classes: CLASSES, ...plain }
  const point = new Float64Array(FEATURES * CLASSES), intercepts = new Float64Array(CLASSES)
  const evaluate = (sweep) => sweep.evaluate(point, intercepts, point.slice(), intercepts.slice())
  // A thread that ended by itself is told of a little later.
  const gone = async () => {
    for (let i = 0; i < 500 && handles() > 0; i++) await new Promise((resolve) => setTimeout(resolve, 2))
    return handles() === 0
  }
  const handles = () => process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name)).length
`

it('take part, and are gone with the sweep', async () => {
  const output = await runAlone(`${SETUP}
    const sweep = createDenseSweep(data, createPause(undefined), 3)
    let sweeps = 0
    while (sweep.threads < 3 && sweeps++ < 1000) await evaluate(sweep)
    await evaluate(sweep)
    const during = handles()
    await sweep.close()
    console.log(sweep.threads, during > 0, await gone())
  `)
  expect(output).toBe('3 true true')
})

it('end the fit with their reason when one of them dies', async () => {
  // The others get a job without labels, so all but the calling thread fail at the first chunk.
  const output = await runAlone(`${SETUP}
    const share = (array) => { const copy = new array.constructor(new SharedArrayBuffer(array.byteLength)); copy.set(array); return copy }
    const length = FEATURES * CLASSES + CLASSES
    const own = {
      kind: 'dense', data, chunkRows: 128, point: share(new Float64Array(length)), results: share(new Float64Array(71 * (length + 1))),
    }
    const team = new Team(own, { ...own, data: { ...data, features: null } }, 2)
    try {
      for (let i = 0; i < 1000; i++) await team.run(1, 71, 71, createPause(undefined))
    } catch (error) { console.log(error.message.replace(/died: .*/s, 'died')) }
    await team.close()
    console.log(await gone())
  `)
  expect(output).toBe('fit: expected worker threads to live until the end, but one died\ntrue')
})

it('are gone after an abort', async () => {
  const output = await runAlone(`${SETUP}
    const abort = new AbortController()
    let steps = 0
    const onIteration = () => { if (++steps === 3) abort.abort(new Error('enough')) }
    const options = { threads: 2, tolerance: 0, signal: abort.signal, onIteration }
    await SoftmaxRegression.fit(features, labels, options).catch((error) => console.log(error.message))
    console.log(await gone())
  `)
  expect(output).toBe('enough\ntrue')
})

it('have the same bits for sparse features of 2^16 columns', async () => {
  const rows = 4000
  const perRow = 100
  const columns = 2 ** 16
  let state = 7
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state >>> 8
  }
  const indices = new Int32Array(rows * perRow)
  for (let r = 0; r < rows; r++) {
    // One column out of each of so many runs of neighbours: they ascend.
    for (let i = 0; i < perRow; i++) indices[r * perRow + i] = i * 655 + (next() % 655)
  }
  const features = {
    indptr: Int32Array.from({ length: rows + 1 }, (_, r) => r * perRow),
    indices,
    values: Float32Array.from(indices, () => (next() % 256) / 256),
    columns,
  }
  const labels = Int32Array.from({ length: rows }, (_, r) => indices[r * perRow] % 12)
  const sampleWeights = Float64Array.from({ length: rows }, () => 1 + (next() % 3))
  const [one, two, five] = await Promise.all(
    [1, 2, 5].map((threads) => SoftmaxRegression.fit(features, labels, { threads, sampleWeights, maxIterations: 4 })),
  )
  expect(one.report.objective).toBeLessThan(Math.log(12))
  for (const model of [two, five]) {
    expect(Buffer.compare(new Uint8Array(model.weights.buffer), new Uint8Array(one.weights.buffer))).toBe(0)
    expect(model.report.objective).toBe(one.report.objective)
  }
})

const PREDICTION = `
  import { isForCrew, planPrediction, predictTogether } from '${dist}regression/prediction.js'
  import { runWithCrew } from '${dist}regression/crew.js'
  import { selectLinearKernels } from '${dist}kernels/select-linear.js'
  ${SETUP}
  const shared = new Float32Array(new SharedArrayBuffer(4 * 20 * features.length))
  for (let i = 0; i < shared.length; i++) shared[i] = features[i % features.length] / 64
  const weights = Float64Array.from({ length: FEATURES * CLASSES }, (_, i) => ((i * 31) % 97) / 97 - 0.5)
  const bias = Float64Array.from({ length: CLASSES }, (_, k) => k / 7)
  const pass = selectLinearKernels().createPass(FEATURES, CLASSES)
  pass.setWeights(weights, bias)
  const expected = new Float64Array(20 * ROWS * CLASSES)
  pass.logits(shared, 0, 20 * ROWS, expected)
  const same = (out) => Buffer.compare(new Uint8Array(out.buffer), new Uint8Array(expected.buffer)) === 0
`

it('predict the same bits while the call lasts, are kept for the next, and hold up no process', async () => {
  const output = await runAlone(`${PREDICTION}
    const first = predictTogether(shared, weights, bias, 'logits', 3)
    console.log(isForCrew(shared, 2 ** 21, 2 ** 10), isForCrew(shared, 2 ** 21 - 1, 2 ** 10), isForCrew(new Float32Array(1), 2 ** 21, 2 ** 10))
    const busy = performance.now() + 400
    let calls = 0
    while (performance.now() < busy) if (!same(predictTogether(shared, weights, bias, 'logits', 2))) calls = NaN; else calls++
    console.log(same(first), calls > 0, first.buffer instanceof ArrayBuffer)
    // Rows of 0 are computed here, all others by other threads.
    const job = planPrediction(shared, weights, bias)
    const own = { ...job, features: new Float32Array(shared.length) }
    let taken = false
    for (let i = 0; i < 1000 && !taken; i++) {
      job.finished.fill(0)
      runWithCrew(own, job, 3, 0)
      taken = job.out.some((value, i) => value !== bias[i % CLASSES])
    }
    console.log(taken)
  `)
  expect(output.replace(/^true|^false/, 'cores')).toBe('cores false false\ntrue true true\ntrue')
})

it('leave a prediction as it is when they die in it', async () => {
  const output = await runAlone(`${PREDICTION}
    const job = planPrediction(shared, weights, bias)
    for (let i = 0; i < 20; i++) {
      runWithCrew({ ...job, finished: job.finished.fill(0) }, { ...job, features: null }, 3, 0)
      if (!same(job.out)) console.log('differs')
      job.out.fill(NaN)
    }
    console.log(await gone())
    runWithCrew({ ...job, finished: job.finished.fill(0) }, job, 3, 0)
    console.log(same(job.out))
  `)
  expect(output).toBe('true\ntrue')
})
