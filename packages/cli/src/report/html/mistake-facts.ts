/**
 * The most confident mistakes with what a person needs to judge them: the picture, or the place in the file and the columns that
 * misled the model most.
 */
import type { SoftmaxRegression } from 'maxshift/regression'
import type { Dataset } from '../../input/dataset.ts'
import type { Recipe } from '../../recipe/recipe.ts'
import { type ColumnSpan, cellOf, denseRow, spansOf } from './feature-values.ts'
import type { Mistake, Thumbnail } from './report-data.ts'
import type { Wrong } from './scan.ts'
import { pictureShape } from './weight-facts.ts'

/** Columns told of each row. */
const MOST_VALUES = 4
/** The longest side of a thumbnail. */
const MOST_PIXELS = 56

export function mistakeFacts(
  model: SoftmaxRegression,
  data: Dataset,
  recipe: Recipe | undefined,
  wrong: readonly Wrong[],
): Mistake[] {
  const picture = pictureShape(data.imageShape)
  const spans = recipe ? spansOf(recipe) : []
  return wrong.map((mistake) => {
    const { row, truth, predicted, probability, truthProbability, loss } = mistake
    const values = denseRow(data, row)
    const facts = {
      row: row + 1,
      truth: String(model.classNames[truth]),
      predicted: String(model.classNames[predicted]),
      probability,
      truthProbability,
      loss,
    }
    if (picture) return { ...facts, picture: thumbnail(values, picture, data.features instanceof Uint8Array) }
    return spans.length === 0 ? facts : { ...facts, values: misleading(model, mistake, values, spans) }
  })
}

/** The columns that speak most for the prediction and against the truth, seen from the mean of the training rows. */
function misleading(
  { weights, means, featureCount }: SoftmaxRegression,
  wrong: Wrong,
  row: Float64Array,
  spans: ColumnSpan[],
) {
  const effects = spans.map((span) => {
    let effect = 0
    for (let j = span.start; j < span.start + span.width; j++) {
      const difference = weights[wrong.predicted * featureCount + j] - weights[wrong.truth * featureCount + j]
      effect += difference * (row[j] - (means?.[j] ?? 0))
    }
    return { column: span.column.name, value: cellOf(span, row), effect }
  })
  return effects.sort((a, b) => b.effect - a.effect).slice(0, MOST_VALUES)
}

/** Bytes of a picture; numbers of other kinds are spread over them from the least to the largest. */
function thumbnail(
  values: Float64Array,
  [height, width, channels]: readonly [number, number, 1 | 3],
  bytes: boolean,
): Thumbnail {
  const step = Math.ceil(Math.max(height, width) / MOST_PIXELS)
  const [rows, columns] = [Math.ceil(height / step), Math.ceil(width / step)]
  const least = bytes ? 0 : values.reduce((a, b) => Math.min(a, b), Infinity)
  const most = bytes ? 255 : values.reduce((a, b) => Math.max(a, b), -Infinity)
  const scale = most > least ? 255 / (most - least) : 0
  const pixels = new Uint8Array(rows * columns * channels)
  for (let i = 0; i < pixels.length; i++) {
    const channel = i % channels
    const place = Math.floor(i / channels)
    const y = Math.floor(place / columns) * step
    const x = (place % columns) * step
    pixels[i] = Math.round((values[(y * width + x) * channels + channel] - least) * scale)
  }
  return { height: rows, width: columns, channels, pixels }
}
