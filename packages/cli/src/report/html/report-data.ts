/**
 * What a report tells, as a plain object: collected by collect.ts from a model and the rows it was judged by, turned into HTML by
 * render.ts. Names are as they are in the files; escaping belongs to the rendering. There are no times in it: the same data
 * give the same report.
 */
import type {
  CalibrationBin,
  CalibrationReport,
  CrossValidationScores,
  FitReport,
  FitStatus,
} from 'maxshift/regression'

export interface ReportData {
  readonly command: 'fit' | 'evaluate'
  /** The file of the rows that were judged. */
  readonly title: string
  /** Which rows were judged. */
  readonly rowsOf: 'test data' | 'training data' | 'data'
  readonly classes: readonly string[]
  readonly measures: Measures
  readonly fit: FitFacts
  /** [true][predicted]. */
  readonly confusion: readonly (readonly number[])[]
  readonly perClass: readonly ClassFacts[]
  readonly reliability: readonly Reliability[]
  readonly calibration?: CalibrationReport
  readonly weights: WeightFacts
  readonly mistakes: readonly Mistake[]
  readonly selection?: Selection
  readonly origin: Origin
}

export interface Measures {
  readonly rows: number
  readonly correct: number
  readonly accuracy: number
  readonly balancedAccuracy: number
  readonly macroF1: number
  readonly logLoss: number
  readonly brier: number
  readonly ece: number
  readonly topK: readonly number[]
}

export interface FitFacts
  extends Pick<
    FitReport,
    | 'iterations'
    | 'dataPasses'
    | 'objective'
    | 'gradientNorm'
    | 'tolerance'
    | 'rows'
    | 'l2'
    | 'l1'
    | 'solver'
    | 'standardize'
  > {
  readonly status: FitStatus
  readonly gapBound?: number
  readonly selectedWeights: number
  readonly selectedFeatures: number
  /** Empty for a model from a file. */
  readonly history: readonly Step[]
}

export interface Step {
  readonly iteration: number
  readonly passes: number
  readonly objective: number
  readonly gradientNorm: number
}

export interface ClassFacts {
  readonly name: string
  readonly support: number
  readonly predicted: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** The bins of a reliability diagram. */
export interface Reliability {
  readonly when: 'before' | 'after' | 'only'
  readonly ece: number
  readonly bins: readonly CalibrationBin[]
}

/** Pictures where the features are pixels, otherwise the weights that matter most. */
export type WeightFacts = WeightPictures | WeightBars

export interface WeightPictures {
  readonly kind: 'pictures'
  readonly height: number
  readonly width: number
  /** The colours reach to weights of this size: 99 % of all are smaller. */
  readonly most: number
  readonly pictures: readonly { readonly name: string; readonly values: Float64Array }[]
  /** Classes without a picture. */
  readonly leftOut: number
}

export interface WeightBars {
  readonly kind: 'bars'
  /** `deviation`: weights are times the deviation of their feature; `unit`: as they are. */
  readonly scale: 'deviation' | 'unit'
  /** Level of the intervals and the class that the others are compared with; without intervals the weights are those of each class. */
  readonly inference?: { readonly level: number; readonly reference: string }
  readonly panels: readonly WeightPanel[]
  readonly leftOut: number
  /** Features with a weight in the model. */
  readonly features: number
}

export interface WeightPanel {
  readonly name: string
  readonly bars: readonly WeightBar[]
}

export interface WeightBar {
  readonly feature: string
  readonly weight: number
  /** The same per unit of the feature, as the model has it. */
  readonly perUnit: number
  readonly low?: number
  readonly high?: number
  readonly p?: number
}

/** A row whose class the model holds for unlikely. */
export interface Mistake {
  /** Counted from 1. */
  readonly row: number
  readonly truth: string
  readonly predicted: string
  readonly probability: number
  readonly truthProbability: number
  readonly loss: number
  readonly picture?: Thumbnail
  /** The columns that speak most for the prediction and against the truth. */
  readonly values?: readonly { readonly column: string; readonly value: string; readonly effect: number }[]
}

/** Pixels from 0 (nothing) to 255, one channel or three. */
export interface Thumbnail {
  readonly height: number
  readonly width: number
  readonly channels: 1 | 3
  readonly pixels: Uint8Array
}

/** How the strength of the penalty was chosen. */
export interface Selection extends Pick<CrossValidationScores, 'best' | 'oneStandardError'> {
  readonly l2s: readonly number[]
  readonly logLoss: readonly number[]
  readonly standardError: readonly number[]
  /** The index of the one that was taken. */
  readonly chosen: number
  /** How rows were held out, such as `5-fold cross-validation`. */
  readonly method: string
}

/** What is needed to do it again. */
export interface Origin {
  readonly commandLine: string
  readonly versions: readonly (readonly [name: string, version: string])[]
  readonly files: readonly OriginFile[]
  readonly settings: readonly (readonly [name: string, value: string])[]
  readonly columns: readonly {
    readonly name: string
    readonly kind: string
    readonly detail: string
    readonly features: number
  }[]
  readonly ignored: readonly { readonly name: string; readonly why: string }[]
}

export interface OriginFile {
  readonly path: string
  readonly use: string
  readonly bytes?: number
  readonly sha256?: string
}
