/**
 * A model as an ONNX graph (opset 13): columns to features as its recipe says, then
 *
 *   probabilities = Softmax(Gemm(features − means, weightsᵀ, intercepts + weights·means))      label = classNames[ArgMax]
 *
 * A model of numbers takes one input, `features`, rows × features; one with other columns an input per column: numbers and booleans
 * rows × 1 with NaN for a missing value, categories strings with '' for an empty cell, lists of numbers rows × length.
 */
import type { SoftmaxRegression } from 'maxshift/regression'
import { DataError } from '../errors.ts'
import { type ColumnRecipe, featureName, type Recipe, widthOf } from '../recipe/recipe.ts'
import { list } from '../text.ts'
import { version } from '../version.ts'
import { encodeOnnx, type Graph, type Node, type Tensor, type Value } from './onnx-file.ts'

export type Precision = 'float64' | 'float32'

export function exportOnnx(
  path: string,
  model: SoftmaxRegression,
  recipe: Recipe | undefined,
  precision: Precision,
): Uint8Array {
  const graph = new Builder(precision)
  const features = recipe && !isPlain(recipe) ? graph.columns(path, recipe) : graph.matrix(model.featureCount)
  graph.classify(model, features)
  const names = recipe ? recipe.columns.flatMap(namesOf) : model.featureNames
  const metadata = {
    classNames: JSON.stringify(model.classNames),
    ...(names ? { featureNames: JSON.stringify(names) } : {}),
  }
  return encodeOnnx(graph.finish(), 'maxshift', version, metadata)
}

const namesOf = (column: ColumnRecipe): string[] =>
  Array.from({ length: widthOf(column) }, (_, place) => featureName(column, place))

/** Whether every column is a number that may not be missing: then one matrix will do. */
function isPlain({ columns }: Recipe): boolean {
  return columns.every((column) => (column.kind === 'number' && column.fill === null) || column.kind === 'embedding')
}

class Builder {
  private readonly precision: Precision
  private readonly nodes: Node[] = []
  private readonly constants: Tensor[] = []
  private readonly inputs: Value[] = []
  private readonly outputs: Value[] = []
  private count = 0

  constructor(precision: Precision) {
    this.precision = precision
  }

  finish(): Graph {
    const { nodes, constants, inputs, outputs } = this
    return { name: 'softmax regression', nodes, constants, inputs, outputs }
  }

  /** One input with all features. */
  matrix(columns: number): string {
    this.inputs.push({ name: 'features', element: this.precision, columns })
    return 'features'
  }

  /** An input for each column. */
  columns(path: string, { columns }: Recipe): string {
    const texts = columns.filter(({ kind }) => kind === 'text').map(({ name }) => name)
    if (texts.length > 0) {
      throw new DataError(`${path}: hashed text cannot be expressed in ONNX: ${list(texts)}; --format js can`)
    }
    const parts = columns.flatMap((column, i) => this.column(column, this.nameOf(column, i)))
    return parts.length === 1 ? parts[0] : this.node('Concat', parts, { axis: 1 })
  }

  /** The name of a column, unless the graph uses it for its outputs. */
  private nameOf({ name }: ColumnRecipe, i: number): string {
    const isTaken =
      name === '' || name === 'label' || name === 'probabilities' || this.inputs.some((one) => one.name === name)
    return isTaken ? `column ${i + 1} ${name}`.trim() : name
  }

  private column(column: ColumnRecipe, name: string): string[] {
    switch (column.kind) {
      case 'category': {
        this.inputs.push({ name, element: 'string', columns: 1 })
        const levels = column.levels.map((level) => level ?? '')
        const hot = this.node('OneHotEncoder', [name], { cats_strings: levels, zeros: 1 }, 'ai.onnx.ml')
        const shape = this.constant([2], BigInt64Array.of(-1n, BigInt(levels.length)))
        const flat = this.node('Reshape', [hot, shape])
        return [this.precision === 'float64' ? this.node('Cast', [flat], { to: 11 }) : flat]
      }
      case 'embedding':
        this.inputs.push({ name, element: this.precision, columns: column.length })
        return [name]
      case 'text':
        return []
      default: {
        this.inputs.push({ name, element: this.precision, columns: 1 })
        const { fill, indicator } = column
        if (fill === null) return [name]
        const missing = this.node('IsNaN', [name])
        const filled = this.node('Where', [missing, this.constant([1, 1], this.numbers([fill])), name])
        const told = this.precision === 'float64' ? 11 : 1
        return indicator ? [filled, this.node('Cast', [missing], { to: told })] : [filled]
      }
    }
  }

  classify({ weights, intercepts, means, classNames }: SoftmaxRegression, features: string): void {
    const classes = classNames.length
    const featureCount = weights.length / classes
    const centres = means ?? new Float64Array(featureCount)
    const bias = intercepts.map((intercept, k) => {
      let sum = intercept
      for (let j = 0; j < featureCount; j++) sum += weights[k * featureCount + j] * centres[j]
      return sum
    })
    const centred = this.node('Sub', [features, this.constant([1, featureCount], this.numbers(centres))])
    const matrix = this.constant([classes, featureCount], this.numbers(weights))
    const logits = this.node('Gemm', [centred, matrix, this.constant([classes], this.numbers(bias))], { transB: 1 })
    this.nodes.push({ operator: 'Softmax', inputs: [logits], outputs: ['probabilities'], attributes: { axis: 1 } })
    const best = this.node('ArgMax', ['probabilities'], { axis: 1, keepdims: 0 })
    const names = this.classNames(classNames)
    this.nodes.push({ operator: 'Gather', inputs: [names.constant, best], outputs: ['label'] })
    this.outputs.push({ name: 'label', element: names.element })
    this.outputs.push({ name: 'probabilities', element: this.precision, columns: classes })
  }

  private classNames(names: readonly (string | number)[]): { constant: string; element: Value['element'] } {
    const shape = [names.length]
    if (names.every((name) => typeof name === 'string'))
      return { constant: this.constant(shape, names), element: 'string' }
    const numbers = names.map(Number)
    if (numbers.every(Number.isSafeInteger)) {
      return { constant: this.constant(shape, BigInt64Array.from(numbers, BigInt)), element: 'int64' }
    }
    return { constant: this.constant(shape, Float64Array.from(numbers)), element: 'float64' }
  }

  private numbers(values: ArrayLike<number>): Float32Array | Float64Array {
    return this.precision === 'float64' ? Float64Array.from(values) : Float32Array.from(values)
  }

  private fresh(what: string): string {
    this.count++
    return `maxshift ${what} ${this.count}`
  }

  private constant(shape: readonly number[], values: Tensor['values']): string {
    const name = this.fresh('constant')
    this.constants.push({ name, shape, values })
    return name
  }

  private node(
    operator: string,
    inputs: readonly string[],
    attributes: Node['attributes'] = {},
    domain?: string,
  ): string {
    const name = this.fresh(operator)
    this.nodes.push({ operator, inputs, outputs: [name], attributes, ...(domain === undefined ? {} : { domain }) })
    return name
  }
}
