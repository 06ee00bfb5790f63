/**
 * Softmax regression (multinomial logistic regression): p(class k | x) = softmax(W·x + b)_k, with W and b minimising
 * mean(cross-entropy) + l2/2·‖W‖². This is the checked door; the fit is fit.ts, the measures are metrics.ts.
 */
import type { IntegerArray } from '../arrays.ts'
import { checkOptions } from '../check.ts'
import type { Features, LinearPass } from '../kernels/kernels.ts'
import { selectLinearKernels } from '../kernels/select-linear.ts'
import { selectLossKernels } from '../kernels/select-losses.ts'
import { createSparseLogits } from '../kernels/sparse-logits.ts'
import { type CalibrateOptions, findTemperature } from './calibration.ts'
import {
  checkDenseKind,
  checkFeatureKind,
  checkFinite,
  checkLabelCount,
  checkLabelKind,
  checkRowCount,
  checkSampleWeights,
  checkSignal,
} from './checks.ts'
import { type Contributions, explainRow } from './contributions.ts'
import {
  CROSS_VALIDATE_OPTIONS,
  type CrossValidateOptions,
  type CrossValidationScores,
  checkRefit,
  crossValidate,
} from './cross-validation.ts'
import { densify } from './csr.ts'
import { type CsrFeatures, isSparse } from './data.ts'
import { blockRows } from './dense-job.ts'
import { fitModel } from './fit.ts'
import { fitStream } from './fit-stream.ts'
import { planFolds } from './folds.ts'
import { type Inference, infer } from './inference.ts'
import { type InferenceOptions, prepareInference } from './inference-options.ts'
import { encodeLabels, type Label, type Labels, type SoftTargets, type TrainingLabels } from './labels.ts'
import { argmax, type EvaluateOptions, type Evaluation, MetricsCollector } from './metrics.ts'
import { decodeModel, encodeModel, type ModelParts } from './model-file.ts'
import type { FitOptions } from './options.ts'
import { checkPathPlan, fitPath, PATH_OPTIONS, type PathOptions } from './path.ts'
import { createPause } from './pause.ts'
import { isForCrew, predictTogether, rowsForCrew } from './prediction.ts'
import { convertLogits, type Output } from './prediction-job.ts'
import type { CalibrationReport, FitReport } from './report.ts'
import type { StreamOptions } from './stream-options.ts'
import type { StreamSource } from './stream-reader.ts'
import { prepareTraining } from './training.ts'

/** Options of toSafetensors. */
export interface SafetensorsOptions {
  /**
   * Strings that an application keeps in the metadata of the file, such as how raw columns become features; `metadata` of the model that is
   * read from it. Names of the format itself (format, version, classNames, featureNames, report) are refused. Default: the metadata of the
   * model.
   */
  readonly metadata?: Readonly<Record<string, string>>
}

/** The kind of the class names that training labels have. */
export type LabelOf<G> = G extends { readonly classNames: readonly (infer N)[] }
  ? N extends Label
    ? N
    : Label
  : G extends readonly string[]
    ? string
    : G extends readonly number[] | IntegerArray
      ? number
      : Label

/** What SoftmaxRegression.path returns. */
export interface RegularisationPath<L extends Label = Label> {
  /** Largest first, one for each model. */
  readonly l2s: Float64Array
  readonly models: readonly SoftmaxRegression<L>[]
}

/** What SoftmaxRegression.crossValidate returns. */
export interface CrossValidation<L extends Label = Label> extends CrossValidationScores {
  /** Fitted to all rows with the l2 chosen; its report has that l2. */
  readonly model: SoftmaxRegression<L>
}

/** Sparse rows that are evaluated at once. */
const SPARSE_ROWS = 1024

/** A fitted model. `L` is the kind of its labels. */
export class SoftmaxRegression<L extends Label = Label> {
  /** The classes in ascending order, as in every row of logits, probabilities and weights. */
  readonly classNames: readonly L[]
  /** The names given to fit, if any. */
  readonly featureNames: readonly string[] | undefined
  readonly featureCount: number
  /** classes × features, for features as they are, before featureScale. Not to be changed: predictions would not follow. */
  readonly weights: Float64Array
  /** One per class; all 0 if fitted without. Not to be changed. */
  readonly intercepts: Float64Array
  /** Means of the features over the training rows, each counted by its weight; undefined in a model from a file of an older release. */
  readonly means: Float64Array | undefined
  /** What an application wrote into the file that the model comes from; see SafetensorsOptions. Empty otherwise. */
  readonly metadata: Readonly<Record<string, string>>
  readonly report: FitReport
  #pass: LinearPass | undefined

  private constructor(parts: ModelParts | undefined) {
    if (parts === undefined) {
      throw new TypeError('SoftmaxRegression: expected a call of SoftmaxRegression.fit or .fromSafetensors, got new')
    }
    this.classNames = parts.classNames as readonly L[]
    this.featureNames = parts.featureNames
    this.featureCount = parts.weights.length / parts.classNames.length
    this.weights = parts.weights
    this.intercepts = parts.intercepts
    this.means = parts.means
    this.report = parts.report
    this.metadata = parts.metadata ?? {}
  }

  /**
   * Fits a model to rows of features (row-major, or sparse; as many rows as labels) and their labels, or { targets, classNames } with a distribution
   * over the classes for each row. Nothing that is given may be changed until the promise settles. The result depends on the numbers alone: the same bits for bytes, float32 and float64.
   *
   * How the fit ended is in `report.status`; only wrong arguments, an abort (with the reason of the signal) and what
   * onIteration throws reject. Rejects with a TypeError for a wrong kind and a RangeError for a wrong value: features
   * that are not finite or not rows, labels of mixed kinds, NaN among them, fewer than two classes, a class whose rows weigh
   * nothing. Constant and repeated columns are fine, also without a penalty: of equally good weights those near 0 are found.
   */
  static fit(
    features: Features | CsrFeatures,
    labels: readonly string[] | SoftTargets<string>,
    options?: FitOptions,
  ): Promise<SoftmaxRegression<string>>
  static fit(
    features: Features | CsrFeatures,
    labels: readonly number[] | IntegerArray | SoftTargets<number>,
    options?: FitOptions,
  ): Promise<SoftmaxRegression<number>>
  static fit(features: Features | CsrFeatures, labels: TrainingLabels, options?: FitOptions): Promise<SoftmaxRegression>
  static async fit(
    features: Features | CsrFeatures,
    labels: TrainingLabels,
    options?: FitOptions,
  ): Promise<SoftmaxRegression> {
    return new SoftmaxRegression(await fitModel(prepareTraining('fit', features, labels, options)))
  }

  /**
   * One model for each of several l2, given or found, largest first: each fit starts from the model before, so that a path costs a
   * fraction of separate fits. See PathOptions; how the l2 are found is told in path.ts. The data are prepared and threads
   * started once. Rejects as fit does.
   */
  static path<G extends TrainingLabels>(
    features: Features | CsrFeatures,
    labels: G,
    options?: PathOptions,
  ): Promise<RegularisationPath<LabelOf<G>>>
  static async path(
    features: Features | CsrFeatures,
    labels: TrainingLabels,
    options: PathOptions = {},
  ): Promise<RegularisationPath> {
    const training = prepareTraining('path', features, labels, options, PATH_OPTIONS)
    const { l2s, models } = await fitPath(training, checkPathPlan('path', options))
    return { l2s, models: models.map((parts) => new SoftmaxRegression(parts)) }
  }

  /**
   * Chooses l2 by cross-validation, and fits all rows with it. Each fold in turn is held out, while the other rows are fitted for all l2
   * as in path; the log-loss of held-out rows, weighted as in the fit, decides. Held-out rows have weight 0, and nothing is
   * copied. With `standardize` the deviations are those of the rows that are fitted. Rejects as fit does, and for folds that
   * leave a class without rows.
   */
  static crossValidate<G extends TrainingLabels>(
    features: Features | CsrFeatures,
    labels: G,
    options?: CrossValidateOptions,
  ): Promise<CrossValidation<LabelOf<G>>>
  static async crossValidate(
    features: Features | CsrFeatures,
    labels: TrainingLabels,
    options: CrossValidateOptions = {},
  ): Promise<CrossValidation> {
    const who = 'crossValidate'
    const checked = prepareTraining(who, features, labels, options, CROSS_VALIDATE_OPTIONS)
    const weights = checked.data.weights ?? new Float64Array(checked.data.rows).fill(1)
    const training = { ...checked, data: { ...checked.data, weights } }
    const plan = checkPathPlan(who, options)
    const refit = checkRefit(who, options.refit)
    const folds = planFolds(who, options.folds, training.labels, weights, training.settings.seed)
    const { model, ...scores } = await crossValidate(training, plan, folds, refit)
    return { ...scores, model: new SoftmaxRegression(model) }
  }

  /**
   * Fits a model to rows that come in chunks of any size and are not kept, by stochastic gradient descent in their order: a few batches
   * and the first 4096 rows are all that is held (fewer, where these have more than 4 million numbers). The order should be random; rows
   * sorted by class teach nothing. The result depends on the rows alone, not on the chunks or the dtype of the features.
   *
   * `source` is an iterable of chunks, or a function that returns one for each pass: then there may be several epochs, and one
   * more pass gives `objective` and `gradientNorm` of the report. Otherwise they are means over the batches of the last whole epoch, each
   * at the weights of its time. A column that does not vary among the first rows is taken to spread as the widest of the others.
   *
   * Rejects with what the source throws, with the reason of the signal (without waiting for the source), and for chunks that are
   * none: a TypeError for a wrong kind, a RangeError for a wrong value, naming chunk, row and column.
   */
  static async fitStream<L extends Label = Label>(
    source: StreamSource,
    options: StreamOptions<L>,
  ): Promise<SoftmaxRegression<L>> {
    return new SoftmaxRegression<L>(await fitStream(source, options))
  }

  /**
   * Reads what toSafetensors wrote; `L` is the kind of its labels, if you know it. Throws a RangeError that names what is wrong
   * with a file.
   */
  static fromSafetensors<L extends Label = Label>(bytes: Uint8Array): SoftmaxRegression<L> {
    return new SoftmaxRegression<L>(decodeModel(bytes))
  }

  /** The model as a safetensors file, readable in Python too. Weights and intercepts keep every bit; times and history are left out. */
  toSafetensors(options?: SafetensorsOptions): Uint8Array<ArrayBuffer> {
    const { metadata = this.metadata } = checkOptions('toSafetensors', options, ['metadata'])
    return encodeModel({ ...this, metadata })
  }

  /** The most probable class of each row; the first of equally probable ones. Errors as in logits. */
  predict(features: Features | CsrFeatures): L[] {
    const rows = this.checkRows('predict', features)
    const classes = this.classNames.length
    const logits = this.compute(features, rows, 'logits')
    return Array.from({ length: rows }, (_, r) => this.classNames[argmax(logits, r * classes, classes)])
  }

  /** Probabilities, rows × classes. Errors as in logits. */
  predictProba(features: Features | CsrFeatures): Float64Array {
    return this.compute(features, this.checkRows('predictProba', features), 'softmax')
  }

  /** Natural logarithms of the probabilities, rows × classes, finite where the probability underflows. Errors as in logits. */
  predictLogProba(features: Features | CsrFeatures): Float64Array {
    return this.compute(features, this.checkRows('predictLogProba', features), 'logSoftmax')
  }

  /**
   * W·x + b for each row, rows × classes, in float64 for features of any dtype. No rows give an empty array. Throws a
   * TypeError for another kind of features, a RangeError for an incomplete row and for NaN or ±∞ among the features.
   *
   * In Node this and all other predictions use every core for dense features in shared memory, from rows × features × classes of 2^31
   * on; the bits are the same. The threads are kept for half a second, without keeping the process alive.
   */
  logits(features: Features | CsrFeatures): Float64Array {
    return this.compute(features, this.checkRows('logits', features), 'logits')
  }

  /**
   * Measures of the predictions for rows whose labels are known; see Evaluation for their definitions. Throws as logits
   * does, and for labels of another kind, of another number than rows, or that are no class of the model; and for sample weights
   * that are not one per row, each ≥ 0 and one of them above.
   */
  evaluate(features: Features | CsrFeatures, labels: Labels, options?: EvaluateOptions): Evaluation<L> {
    const { sampleWeights } = checkOptions('evaluate', options, ['sampleWeights'])
    const rows = this.checkRows('evaluate', features)
    const encoded = this.checkLabels('evaluate', labels, rows)
    const weights = checkSampleWeights('evaluate', rows, sampleWeights)
    const kernels = selectLossKernels(rows * this.classNames.length)
    const metrics = new MetricsCollector(kernels, this.classNames, rows, weights)
    const step = this.rowsPerStep(features, rows)
    const logits = this.readLogits(features)
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first)
      metrics.add(logits(first, count), encoded.subarray(first, first + count))
    }
    return metrics.finish()
  }

  /**
   * A model that is as sure as it should be: this one with its weights and intercepts divided by the temperature that makes the labels
   * of held-out rows as probable as can be. It predicts the same classes; `report.calibration` says what was gained. Give rows that
   * the model was not fitted to, a few hundred or more: on training rows a model is surer than it should be.
   *
   * Where there is no best temperature, the status of `report.calibration` says so. Rejects as evaluate throws, and with a RangeError
   * for logits beyond the float64 range.
   */
  async calibrate(
    features: Features | CsrFeatures,
    labels: Labels,
    options?: CalibrateOptions,
  ): Promise<SoftmaxRegression<L>> {
    const { sampleWeights, signal } = checkOptions('calibrate', options, ['sampleWeights', 'signal'])
    checkSignal('calibrate', signal)
    const rows = this.checkRows('calibrate', features)
    const encoded = this.checkLabels('calibrate', labels, rows)
    const weights = checkSampleWeights('calibrate', rows, sampleWeights)
    const logits = this.compute(features, rows, 'logits')
    const held = { logits, labels: encoded, classes: this.classNames.length, weights }
    const { status, temperature } = await findTemperature(held, createPause(signal))
    const scaled = {
      weights: this.weights.map((weight) => weight / temperature),
      intercepts: this.intercepts.map((intercept) => intercept / temperature),
    }
    const [before, after] = [this, new SoftmaxRegression<L>({ ...this, ...scaled })].map((model) =>
      model.evaluate(features, labels, { sampleWeights }),
    )
    const calibration: CalibrationReport = {
      status,
      temperature: temperature * (this.report.calibration?.temperature ?? 1),
      logLossBefore: before.logLoss,
      logLossAfter: after.logLoss,
      eceBefore: before.ece,
      eceAfter: after.ece,
      rows,
    }
    return new SoftmaxRegression<L>({ ...this, ...scaled, report: { ...this.report, calibration } })
  }

  /**
   * Standard errors, z, p and confidence intervals of the coefficients, and how well the model explains the labels; see Inference. For
   * a model fitted to these rows without a penalty, with a small tolerance such as 1e-8, of at most 2048 coefficients.
   *
   * Rejects as evaluate throws, and with a RangeError for a model with a penalty, a calibrated one, one that is not at the maximum of
   * the likelihood of these rows, for features of which some follow from others, for separated classes, and for too many coefficients.
   */
  async inference(features: Features, labels: Labels, options?: InferenceOptions): Promise<Inference<L>> {
    checkDenseKind('inference', features)
    const encoded = this.checkLabels('inference', labels, this.checkRows('inference', features))
    return (await infer(await prepareInference(this, features, encoded, options))) as Inference<L>
  }

  /**
   * What each feature of one row adds to its logits, compared with the means of the training rows; see Contributions. Up to rounding,
   * 2⁻⁵²·(|base| + Σ |contributions|) and that of the logits, base + Σ contributions are the logits. Throws as logits does, for
   * more or fewer than one row, and for a model without means.
   */
  contributions(features: Features | CsrFeatures): Contributions {
    const rows = this.checkRows('contributions', features)
    if (rows !== 1) throw new RangeError(`contributions: expected one row of features, got ${rows}`)
    if (this.means === undefined) {
      throw new TypeError(
        'contributions: expected a model with the means of its training rows, got one from an old file',
      )
    }
    return explainRow(isSparse(features) ? densify(features) : features, this.means, this.weights, this.intercepts)
  }

  private checkRows(who: string, features: Features | CsrFeatures): number {
    const rows = checkRowCount(who, checkFeatureKind(who, features), this.featureCount)
    checkFinite(who, features, this.featureCount)
    return rows
  }

  private checkLabels(who: string, labels: Labels, rows: number): Int32Array {
    checkLabelCount(who, rows, checkLabelKind(who, labels))
    return encodeLabels(who, labels, this.classNames)
  }

  /** What a prediction is made of, rows × classes. */
  private compute(features: Features | CsrFeatures, rows: number, output: Output): Float64Array {
    if (!isSparse(features) && isForCrew(features, rows, this.weights.length)) {
      return predictTogether(features, this.weights, this.intercepts, output)
    }
    const logits = this.readLogits(features)(0, rows)
    convertLogits(output, logits, this.classNames.length)
    return logits
  }

  private createPass(): LinearPass {
    const pass = selectLinearKernels().createPass(this.featureCount, this.classNames.length)
    pass.setWeights(this.weights, this.intercepts)
    return pass
  }

  /** Rows that are evaluated at once. */
  private rowsPerStep(features: Features | CsrFeatures, rows: number): number {
    if (isSparse(features)) return SPARSE_ROWS
    const products = this.weights.length
    return isForCrew(features, rows, products)
      ? rowsForCrew(products)
      : blockRows(this.featureCount, this.classNames.length)
  }

  /** What computes the logits of rows of these features. */
  private readLogits(features: Features | CsrFeatures): (first: number, rows: number) => Float64Array {
    const classes = this.classNames.length
    if (isSparse(features)) {
      const fill = createSparseLogits(features, this.weights, this.intercepts)
      return (first, rows) => {
        const out = new Float64Array(rows * classes)
        fill(first, rows, out)
        return out
      }
    }
    this.#pass ??= this.createPass()
    const pass = this.#pass
    return (first, rows) => {
      if (isForCrew(features, rows, this.weights.length)) {
        const part = features.subarray(first * this.featureCount, (first + rows) * this.featureCount)
        return predictTogether(part, this.weights, this.intercepts, 'logits')
      }
      const out = new Float64Array(rows * classes)
      pass.logits(features, first, rows, out)
      return out
    }
  }
}
