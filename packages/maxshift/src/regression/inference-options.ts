/**
 * The options of model.inference: what they mean, what they may be, and which models may be asked.
 */
import type { AbortSignalLike } from '../abort.ts'
import type { FloatArray } from '../arrays.ts'
import { checkFlag, checkNumber, checkOptions, describe } from '../check.ts'
import type { Features } from '../kernels/kernels.ts'
import type { Numbers } from '../loss/options.ts'
import { checkOffset, checkSampleWeights, checkSignal } from './checks.ts'
import { checkClusters } from './clusters.ts'
import { describeColumns } from './columns.ts'
import { hypotenuse } from './curvature.ts'
import { type InferenceTask, MOST_CLUSTER_SCORES, MOST_COEFFICIENTS } from './inference.ts'
import type { Label, Labels } from './labels.ts'
import type { ModelParts } from './model-file.ts'
import { createPause } from './pause.ts'

/** Options of model.inference. */
export interface InferenceOptions {
  /** Of the confidence intervals, in (0, 1). Default 0.95. */
  readonly level?: number | undefined
  /**
   * Whether standard errors are to hold where the model is wrong too, by the sandwich of the information and the products of scores
   * (HC0: no factor for few rows). Default false.
   */
  readonly robust?: boolean | undefined
  /** One label per row: rows of a cluster may depend on each other, and the scores of a cluster are added up in the sandwich. */
  readonly clusters?: Labels | undefined
  /** The name of the class that the others are compared with. Default the first of the model. */
  readonly reference?: Label | undefined
  /** The weights of the fit. A row of weight w counts as w rows; in the sandwich it is one row whose score is w times as large. */
  readonly sampleWeights?: Numbers | undefined
  /** The offset of the fit, rows × classes. */
  readonly offset?: FloatArray | undefined
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignalLike | undefined
}

const KNOWN: readonly (keyof InferenceOptions)[] = [
  'level',
  'robust',
  'clusters',
  'reference',
  'sampleWeights',
  'offset',
  'signal',
]
const WHO = 'inference'

/** What is to be done for a model, rows of finite features, and their classes; looks at the columns. */
export async function prepareInference(
  model: ModelParts,
  features: Features,
  labels: Int32Array,
  options: InferenceOptions | undefined,
): Promise<InferenceTask> {
  const { level, robust, clusters, reference, sampleWeights, offset, signal } = checkOptions(WHO, options, KNOWN)
  checkModel(model)
  const { classNames, featureNames, weights: modelWeights, intercepts: modelIntercepts } = model
  const rows = labels.length
  const classes = classNames.length
  const featureCount = modelWeights.length / classes
  const { intercept } = model.report
  const size = (classes - 1) * (featureCount + (intercept ? 1 : 0))
  if (size > MOST_COEFFICIENTS) {
    throw new RangeError(
      `${WHO}: expected at most ${MOST_COEFFICIENTS} coefficients, (classes − 1) · (features${intercept ? ' + 1' : ''}), got ${size}`,
    )
  }
  const inside = (x: number): boolean => x > 0 && x < 1
  const checked = {
    level: level === undefined ? 0.95 : checkNumber(WHO, 'level', level, 'in (0, 1)', inside),
    robust: checkFlag(WHO, 'robust', robust),
    reference: reference === undefined ? 0 : findReference(reference, classNames),
    weights: checkSampleWeights(WHO, rows, sampleWeights),
    offset: checkOffset(WHO, offset, { rows, classNames }),
    ...checkClusters(WHO, clusters, rows, Math.floor(MOST_CLUSTER_SCORES / size)),
  }
  checkSignal(WHO, signal)
  const pause = createPause(signal)
  const { means, deviations } = await describeColumns(features, rows, featureCount, pause, checked.weights)
  const centres = intercept ? means : new Float64Array(featureCount)
  // A column that says nothing is 0 in units of infinity, also where its mean is rounded.
  const units = deviations.map((deviation, j) => (intercept ? deviation : hypotenuse(deviation, means[j])) || Infinity)
  const shape = { rows, classes, featureCount, intercept, classNames, featureNames }
  return { ...shape, ...checked, features, labels, centres, units, modelWeights, modelIntercepts, pause }
}

/** Only at the maximum of the likelihood does its curvature say how far off the coefficients may be. */
function checkModel({ report }: ModelParts): void {
  for (const name of ['l2', 'l1'] as const) {
    if (report[name] !== 0) {
      throw new RangeError(
        `${WHO}: expected a model without a penalty, which pulls coefficients towards 0, got ${name} = ${report[name]} (fit with ` +
          `${name}: 0)`,
      )
    }
  }
  if (report.calibration !== undefined) {
    throw new RangeError(`${WHO}: expected a model as fitted, got one that calibrate returned`)
  }
  if (report.status === 'separated') {
    const names = report.separation?.classNames.slice(0, 5).map(describe).join(', ') ?? 'classes'
    throw new RangeError(
      `${WHO}: expected a likelihood with a maximum, got a model of status 'separated': the features tell ${names} apart, ` +
        'and no finite coefficients are best',
    )
  }
}

function findReference(reference: Label, classNames: readonly Label[]): number {
  const found = classNames.indexOf(reference)
  if (found >= 0) return found
  const ErrorKind = typeof reference === typeof classNames[0] ? RangeError : TypeError
  const names = classNames.slice(0, 5).map(describe).join(', ')
  const rest = classNames.length > 5 ? `, … (${classNames.length} in all)` : ''
  throw new ErrorKind(
    `${WHO}: expected reference to be a class of the model, ${names}${rest}, got ${describe(reference)}`,
  )
}
