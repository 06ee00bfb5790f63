/**
 * Labels of the user, strings or numbers, and the classes 0, 1, … that the kernels count.
 *
 * Class names are the distinct labels in ascending order: numbers by value, strings by code unit. What goes in as strings
 * comes out as strings, and numbers as numbers. −0 and 0 are one number.
 */
import type { FloatArray, IntegerArray } from '../arrays.ts'
import { describe } from '../check.ts'
import { checkEach } from '../loss/checks.ts'
import type { Numbers } from '../loss/options.ts'
import { checkClassCount, checkLabelKind } from './checks.ts'

/** One label: a string, or a finite number. */
export type Label = string | number

/** Labels as callers may pass them, one per row and all of one kind. */
export type Labels = readonly string[] | readonly number[] | IntegerArray

/**
 * A distribution over the classes for each row in place of a label: how sure somebody is, votes, counts, or the probabilities of another
 * model.
 */
export interface SoftTargets<L extends Label = Label> {
  /** rows × classes numbers in [0, 1e100]. The loss of a row is −Σ_k target_k·log p_k, whatever they sum to. */
  readonly targets: Numbers
  /** The class of each column, in ascending order. */
  readonly classNames: readonly L[]
}

/** What a model can be trained on. */
export type TrainingLabels = Labels | SoftTargets

/** Labels or targets, exactly one of them, in the terms of the kernels. */
export interface EncodedLabels {
  readonly rows: number
  readonly classNames: readonly Label[]
  /** One class per row. */
  readonly labels: Int32Array | undefined
  /** Distributions, rows × classes. */
  readonly targets: FloatArray | undefined
}

/** Labels of training rows, of at least two classes. Throws for everything else. */
export function readTrainingLabels(who: string, given: TrainingLabels): EncodedLabels {
  if (isSoft(given)) return readSoftTargets(who, given)
  const labels = checkLabelKind(who, given, ' or { targets, classNames }')
  if (labels.length === 0) throw new RangeError(`${who}: expected at least one row, got no labels`)
  const classNames = findClassNames(who, labels)
  checkClassCount(who, classNames)
  return { rows: labels.length, classNames, labels: encodeLabels(who, labels, classNames), targets: undefined }
}

const isSoft = (given: TrainingLabels): given is SoftTargets =>
  typeof given === 'object' && given !== null && !Array.isArray(given) && 'targets' in given

function readSoftTargets(who: string, { targets, classNames }: SoftTargets): EncodedLabels {
  if (!Array.isArray(classNames)) {
    throw new TypeError(`${who}: expected classNames to be a string[] or a number[], got ${describe(classNames)}`)
  }
  const names = classNames.length === 0 ? [] : findClassNames(who, classNames, 'classNames')
  checkClassCount(who, names)
  classNames.forEach((name, k) => {
    if (name === names[k]) return
    const wanted = names.length === classNames.length ? 'in ascending order' : 'that differ'
    throw new RangeError(`${who}: expected classNames ${wanted}, got ${describe(name)} as classNames[${k}]`)
  })
  const isNumbers = targets instanceof Float32Array || targets instanceof Float64Array || Array.isArray(targets)
  if (!isNumbers) {
    throw new TypeError(
      `${who}: expected targets to be a Float32Array, a Float64Array or a number[], got ${describe(targets)}`,
    )
  }
  if (targets.length === 0 || targets.length % names.length !== 0) {
    throw new RangeError(
      `${who}: expected targets for whole rows of ${names.length} classes, at least one, got ${targets.length} targets`,
    )
  }
  checkEach(who, 'targets', targets)
  const array = Array.isArray(targets) ? Float64Array.from(targets) : (targets as FloatArray)
  return { rows: array.length / names.length, classNames: names, labels: undefined, targets: array }
}

/** The distinct labels in ascending order. Throws for a label of another kind than the first, and for NaN and ±∞. */
export function findClassNames(who: string, labels: Labels, name: string = 'labels'): Label[] {
  const kind = typeof labels[0]
  if (kind !== 'string' && kind !== 'number') {
    throw new TypeError(`${who}: expected ${name}[0] to be a string or a number, got ${describe(labels[0])}`)
  }
  const names = new Set<Label>()
  for (let i = 0; i < labels.length; i++) names.add(checkLabel(who, labels[i], i, kind, name))
  return kind === 'string' ? [...names].sort() : [...names].sort((a, b) => Number(a) - Number(b))
}

/** The class of each label. Throws for a label of another kind than the class names, and for one that is not among them. */
export function encodeLabels(who: string, labels: Labels, classNames: readonly Label[]): Int32Array {
  const classes = new Map(classNames.map((name, k) => [name, k]))
  const kind = typeof classNames[0] === 'string' ? 'string' : 'number'
  const encoded = new Int32Array(labels.length)
  for (let i = 0; i < labels.length; i++) {
    const label = checkLabel(who, labels[i], i, kind)
    const found = classes.get(label)
    if (found === undefined) {
      throw new RangeError(
        `${who}: expected labels[${i}] to be one of the ${classNames.length} classes of the model, got ${describe(label)}`,
      )
    }
    encoded[i] = found
  }
  return encoded
}

function checkLabel(
  who: string,
  label: unknown,
  row: number,
  kind: 'string' | 'number',
  name: string = 'labels',
): Label {
  if (typeof label === kind && typeof label === 'string') return label
  if (typeof label === kind && typeof label === 'number') {
    if (Number.isFinite(label)) return label + 0
    throw new RangeError(`${who}: expected ${name}[${row}] to be a finite number, got ${label}`)
  }
  throw new TypeError(`${who}: expected ${name}[${row}] to be a ${kind}, as the others are, got ${describe(label)}`)
}
