/**
 * A fit to rows that come in a stream and are not kept: stochastic gradient descent (optim/sgd.ts) through batches in the order of the
 * stream. The first rows, up to 4096, are held until they have told how far the columns spread and how long a step may be.
 */
import { selectLinearKernels } from '../kernels/select-linear.ts'
import { type Batch, sgd } from '../optim/sgd.ts'
import { norm } from '../optim/vector.ts'
import { type Columns, describeColumns } from './columns.ts'
import type { Coordinates } from './coordinates.ts'
import { countSelected } from './fit.ts'
import type { ModelParts } from './model-file.ts'
import { createObjective } from './objective.ts'
import { checkFeatureNames } from './options.ts'
import { createPause, type Pause } from './pause.ts'
import { penaltyOf } from './penalty.ts'
import type { FitReport } from './report.ts'
import { batchObjective, columnCoordinates, type SgdProblem, sampleSize, stepLength } from './sgd-training.ts'
import { checkWarmStart } from './start.ts'
import { checkStreamOptions, type StreamOptions, type StreamSettings } from './stream-options.ts'
import { StreamBatch, StreamReader } from './stream-reader.ts'
import { startClock, Watch } from './watch.ts'

const WHO = 'fitStream'

export async function fitStream(source: unknown, options: StreamOptions): Promise<ModelParts> {
  const clock = startClock()
  const settings = checkStreamOptions(WHO, options, typeof source === 'function')
  settings.signal?.throwIfAborted()
  const reader = new StreamReader(WHO, source, settings.classNames, settings.signal)
  const pause = createPause(settings.signal)
  const first = reader.batches(settings.sgd.batchSize)
  try {
    const head = await takeHead(first, settings.sgd.batchSize)
    const sample = join(head)
    const training = await StreamTraining.prepare(settings, reader, sample, pause)
    return await training.run(head, first, new Watch(settings, clock, undefined))
  } finally {
    await first.return()
  }
}

/** The first batches, as many as the sample takes, and kept. */
async function takeHead(batches: AsyncGenerator<StreamBatch, void, void>, size: number): Promise<StreamBatch[]> {
  const head: StreamBatch[] = []
  for (let rows = 0; head.length === 0 || rows < sampleSize(head[0].features.length / size); ) {
    const { value: batch } = await batches.next()
    if (!batch) break
    batch.kept = true
    head.push(batch)
    rows += batch.count
  }
  if (head.length === 0) throw new RangeError(`${WHO}: expected at least one row, got none`)
  return head
}

/** The rows of batches, side by side. */
function join(batches: readonly StreamBatch[]): StreamBatch {
  const rows = batches.reduce((sum, { count }) => sum + count, 0)
  const featureCount = batches[0].features.length / batches[0].data.labels.length
  const all = new StreamBatch(rows, featureCount)
  for (const { features, data, count } of batches) {
    all.features.set(features.subarray(0, count * featureCount), all.count * featureCount)
    all.data.labels.set(data.labels.subarray(0, count), all.count)
    all.count += count
  }
  return all
}

class StreamTraining {
  private readonly settings: StreamSettings
  private readonly reader: StreamReader
  private readonly problem: SgdProblem
  private readonly coordinates: Coordinates
  private readonly unit: number
  private readonly featureCount: number
  /** Of the first pass. */
  private rows = 0
  private readonly sums: Float64Array

  private constructor(
    settings: StreamSettings,
    reader: StreamReader,
    problem: SgdProblem,
    coordinates: Coordinates,
    unit: number,
  ) {
    this.settings = settings
    this.reader = reader
    this.problem = problem
    this.coordinates = coordinates
    this.unit = unit
    this.featureCount = problem.featureCount
    this.sums = new Float64Array(problem.featureCount)
  }

  static async prepare(
    settings: StreamSettings,
    reader: StreamReader,
    sample: StreamBatch,
    pause: Pause,
  ): Promise<StreamTraining> {
    const { classNames, intercept, featureNames } = settings
    const classes = classNames.length
    const featureCount = sample.features.length / sample.count
    if (featureNames !== undefined) checkFeatureNames(WHO, featureNames, featureCount)
    const columns = withSpread(await describeColumns(sample.features, sample.count, featureCount, pause))
    const plain = { ...settings, l1: 0, standardize: false, penaltyFactors: undefined }
    const { l2 } = penaltyOf(plain, columns.deviations)
    const pass = selectLinearKernels().createPass(featureCount, classes)
    const problem = { featureCount, classes, intercept, l2, pass, pause }
    const coordinates = await columnCoordinates(problem, columns)
    const shares = new Float64Array(classes)
    for (const label of sample.data.labels) shares[label] += 1 / sample.count
    const sampled = batchObjective(problem, sample, sample.count, 1, coordinates)
    const plan = { ...settings.sgd, batchSize: Math.min(settings.sgd.batchSize, sample.count) }
    const unit = await stepLength(problem, columns, sampled, coordinates, shares, plan)
    return new StreamTraining(settings, reader, problem, coordinates, unit)
  }

  /** Trains on the head, the rest of the first pass, and the passes after it. */
  async run(head: readonly StreamBatch[], rest: AsyncIterable<StreamBatch>, watch: Watch): Promise<ModelParts> {
    const { settings, reader, coordinates, problem, featureCount, unit } = this
    const { classNames, intercept, featureScale, l2, warmStart } = settings
    const { batchSize, learningRate, ...plan } = settings.sgd
    const weights = new Float64Array(problem.classes * featureCount)
    const intercepts = new Float64Array(problem.classes)
    const read = (parameters: Float64Array) => {
      coordinates.toWeights(parameters, weights, intercepts)
      return { weights, intercepts }
    }
    const begin = new Float64Array(coordinates.length)
    if (warmStart) {
      const start = checkWarmStart(WHO, warmStart, classNames, featureCount, intercept)
      coordinates.fromWeights(start.weights, start.intercepts, begin)
    }
    // A stream of fewer rows than a batch is one full batch.
    const size = Math.min(batchSize, head[0].count)
    const result = await sgd(
      (epoch) => this.epoch(epoch === 0 ? concat(head, rest) : reader.batches(batchSize), epoch, size),
      begin,
      {
        ...plan,
        learningRate: learningRate * unit,
        interrupt: () => (watch.isLate() ? 'stopped' : undefined),
        onIteration: (step, parameters) => watch.step(step, () => read(parameters)),
      },
    )
    const measured = reader.isReplayable ? await this.measure(result.parameters, batchSize) : result
    settings.signal?.throwIfAborted()
    read(result.parameters)
    const report: FitReport = {
      status: result.status === 'stopped' ? (watch.ended ?? 'stopped') : result.status,
      iterations: result.iterations,
      dataPasses: result.iterations + (reader.isReplayable ? 1 : 0),
      objective: measured.objective,
      gradientNorm: measured.gradientNorm,
      ...countSelected(weights, featureCount),
      seconds: watch.seconds(),
      history: watch.history,
      rows: this.rows,
      totalWeight: this.rows,
      l2,
      l1: 0,
      intercept,
      featureScale,
      standardize: false,
      solver: 'sgd',
      tolerance: settings.tolerance,
    }
    const means = this.sums.map((sum) => sum / this.rows)
    const featureNames = settings.featureNames as readonly string[] | undefined
    return { classNames, featureNames: featureNames && [...featureNames], weights, intercepts, means, report }
  }

  /** The batches of a pass for the optimiser; the first pass is counted. */
  private async *epoch(
    batches: AsyncIterable<StreamBatch>,
    epoch: number,
    size: number,
  ): AsyncGenerator<Batch, void, void> {
    const { problem, coordinates } = this
    const rows: { features: Float64Array; data: StreamBatch['data'] } = new StreamBatch(0, 0)
    const full = batchObjective(problem, rows, size, 1, coordinates)
    for await (const { features, data, count } of batches) {
      if (epoch === 0) this.countRows(features, count)
      rows.features = features
      rows.data = data
      const objective = count === size ? full : batchObjective(problem, rows, count, 1, coordinates)
      yield { objective, share: count / size }
    }
  }

  private countRows(features: Float64Array, count: number): void {
    const { sums, featureCount } = this
    for (let r = 0, i = 0; r < count; r++) for (let j = 0; j < featureCount; j++, i++) sums[j] += features[i]
    this.rows += count
  }

  /** One more pass for the objective of all rows and its gradient. */
  private async measure(
    parameters: Float64Array,
    batchSize: number,
  ): Promise<{ objective: number; gradientNorm: number }> {
    const { reader, problem, coordinates } = this
    const { pass, pause } = problem
    let rows = 0
    const shape = { featureCount: this.featureCount, classes: problem.classes }
    // Every row has its share of the sum at once, so that their number may be known at the end.
    const scale = { totalWeight: 1 }
    const gradient = new Float64Array(parameters.length)
    const evaluate = async (
      weights: Float64Array,
      intercepts: Float64Array,
      weightsGradient: Float64Array,
      interceptsGradient: Float64Array,
    ): Promise<number> => {
      weightsGradient.fill(0)
      interceptsGradient.fill(0)
      pass.setWeights(weights, intercepts)
      let loss = 0
      for await (const { features, data, count } of reader.batches(batchSize)) {
        loss += pass.addLossAndGradient(features, data, 0, count, weightsGradient, interceptsGradient)
        rows += count
        await pause()
      }
      for (let i = 0; i < weightsGradient.length; i++) weightsGradient[i] /= rows
      for (let k = 0; k < interceptsGradient.length; k++) interceptsGradient[k] /= rows
      return loss / rows
    }
    const objective = createObjective({ ...shape, ...scale }, problem.l2, { evaluate }, () => coordinates)
    return { objective: await objective(parameters, gradient), gradientNorm: norm(gradient) }
  }
}

async function* concat(
  head: Iterable<StreamBatch>,
  rest: AsyncIterable<StreamBatch>,
): AsyncGenerator<StreamBatch, void, void> {
  yield* head
  yield* rest
}

/**
 * A column that does not vary among the first rows may do so later. Its spread is taken to be the largest of the others: too large means
 * small steps, too small would mean large ones.
 */
function withSpread({ means, deviations }: Columns): Columns {
  const largest = deviations.reduce((a, b) => Math.max(a, b), 0) || 1
  return { means, deviations: deviations.map((deviation) => deviation || largest) }
}
