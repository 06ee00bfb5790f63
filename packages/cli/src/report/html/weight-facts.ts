/**
 * The weights of a model as a report shows them: pictures where features are pixels, otherwise the strongest of each class.
 *
 * A weight is per unit of its feature, and units say nothing of what matters; the bars are weights times the standard deviation of
 * the feature. Where the model is at the maximum of a likelihood, the bars are differences from one class, with intervals.
 */
import type { Coefficient, Inference, SoftmaxRegression } from 'maxshift/regression'
import type { Dataset } from '../../input/dataset.ts'
import type { Recipe } from '../../recipe/recipe.ts'
import { momentsOf, namer } from './feature-values.ts'
import type { WeightBars, WeightFacts, WeightPanel, WeightPictures } from './report-data.ts'

/** Pictures and panels beyond say little, and fill the page. */
const MOST_PICTURES = 36
const MOST_PANELS = 12
const MOST_BARS = 10
/** Larger pictures are shown in this many pixels a side. */
const MOST_PIXELS = 56

/** `order`: the classes, those with most rows first. */
export function weightFacts(
  model: SoftmaxRegression,
  data: Dataset,
  recipe: Recipe | undefined,
  order: readonly number[],
  inference: Inference | undefined,
): WeightFacts {
  const picture = pictureShape(data.imageShape)
  if (picture) return pictures(model, picture, order)
  const { deviations } = momentsOf(data)
  const nameOf = namer(recipe, model.featureNames)
  return inference ? inferred(model, inference, deviations, nameOf) : bars(model, deviations, nameOf, order)
}

/** Height, width and channels, where it is a picture. */
export function pictureShape(shape: readonly number[] | undefined): readonly [number, number, 1 | 3] | undefined {
  if (shape === undefined || shape.length < 2 || shape.length > 3 || Math.min(shape[0], shape[1]) < 2) return undefined
  const channels = shape.length === 2 ? 1 : shape[2]
  return channels === 1 || channels === 3 ? [shape[0], shape[1], channels] : undefined
}

function pictures(
  { weights, classNames, featureCount }: SoftmaxRegression,
  [height, width, channels]: readonly [number, number, number],
  order: readonly number[],
): WeightPictures {
  const classes = order.slice(0, MOST_PICTURES).sort((a, b) => a - b)
  const step = Math.ceil(Math.max(height, width) / MOST_PIXELS)
  const [rows, columns] = [Math.ceil(height / step), Math.ceil(width / step)]
  const drawn = classes.map((k) => {
    const values = new Float64Array(rows * columns)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width * channels; x++) {
        const place = Math.floor(y / step) * columns + Math.floor(x / channels / step)
        values[place] += weights[k * featureCount + y * width * channels + x]
      }
    }
    return { name: String(classNames[k]), values }
  })
  // A few pixels that are nearly always empty have the largest weights; the colours are for the others.
  const sizes = Float64Array.from(drawn.flatMap(({ values }) => Array.from(values, Math.abs))).sort()
  const most = sizes[Math.floor(0.99 * (sizes.length - 1))]
  const leftOut = classNames.length - classes.length
  return { kind: 'pictures', height: rows, width: columns, most, pictures: drawn, leftOut }
}

function bars(
  { weights, classNames, featureCount }: SoftmaxRegression,
  deviations: Float64Array,
  nameOf: (j: number) => string,
  order: readonly number[],
): WeightBars {
  // Of two classes the weights mirror each other; one panel with their difference says all.
  const binary = classNames.length === 2
  const classes = binary ? [1] : order.slice(0, MOST_PANELS).sort((a, b) => a - b)
  const weightOf = (k: number, j: number) => weights[k * featureCount + j] - (binary ? weights[j] : 0)
  const panels = classes.map((k): WeightPanel => {
    const scaled = Float64Array.from({ length: featureCount }, (_, j) => weightOf(k, j) * deviations[j])
    const bars = strongest(scaled).map((j) => ({ feature: nameOf(j), weight: scaled[j], perUnit: weightOf(k, j) }))
    return { name: binary ? `${classNames[1]} against ${classNames[0]}` : String(classNames[k]), bars }
  })
  const leftOut = binary ? 0 : classNames.length - classes.length
  return { kind: 'bars', scale: 'deviation', panels, leftOut, features: featureCount }
}

function inferred(
  { classNames, featureCount }: SoftmaxRegression,
  { coefficients, reference, level }: Inference,
  deviations: Float64Array,
  nameOf: (j: number) => string,
): WeightBars {
  const names = classNames.filter((className) => className !== reference)
  const panels = names.slice(0, MOST_PANELS).map((className): WeightPanel => {
    // The intercept of a class, if there is one, comes before its features.
    const own: readonly Coefficient[] = coefficients.filter((one) => one.className === className).slice(-featureCount)
    const scaled = Float64Array.from(own, ({ estimate }, j) => estimate * deviations[j])
    const bars = strongest(scaled).map((j) => {
      const { estimate, low, high, p } = own[j]
      const unit = deviations[j]
      return { feature: nameOf(j), weight: scaled[j], perUnit: estimate, low: low * unit, high: high * unit, p }
    })
    return { name: `${className} against ${reference}`, bars }
  })
  const leftOut = names.length - panels.length
  const compared = { level, reference: String(reference) }
  return { kind: 'bars', scale: 'deviation', inference: compared, panels, leftOut, features: featureCount }
}

/** The places of the largest sizes that are not 0, largest first. */
function strongest(values: Float64Array): number[] {
  const places: number[] = []
  values.forEach((value, j) => {
    const size = Math.abs(value)
    if (size === 0 || (places.length === MOST_BARS && size <= Math.abs(values[places[MOST_BARS - 1]]))) return
    const before = places.findIndex((place) => Math.abs(values[place]) < size)
    places.splice(before < 0 ? places.length : before, 0, j)
    places.length = Math.min(places.length, MOST_BARS)
  })
  return places
}
