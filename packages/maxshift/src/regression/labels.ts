/**
 * Labels of the user, strings or numbers, and the classes 0, 1, … that the kernels count.
 *
 * Class names are the distinct labels in ascending order: numbers by value, strings by code unit. What goes in as strings
 * comes out as strings, and numbers as numbers. −0 and 0 are one number.
 */
import type { IntegerArray } from '../arrays.ts'
import { describe } from '../check.ts'

/** One label: a string, or a finite number. */
export type Label = string | number

/** Labels as callers may pass them, one per row and all of one kind. */
export type Labels = readonly string[] | readonly number[] | IntegerArray

/** The distinct labels in ascending order. Throws for a label of another kind than the first, and for NaN and ±∞. */
export function findClassNames(who: string, labels: Labels): Label[] {
  const kind = typeof labels[0]
  if (kind !== 'string' && kind !== 'number') {
    throw new TypeError(`${who}: expected labels[0] to be a string or a number, got ${describe(labels[0])}`)
  }
  const names = new Set<Label>()
  for (let i = 0; i < labels.length; i++) names.add(checkLabel(who, labels[i], i, kind))
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

function checkLabel(who: string, label: unknown, row: number, kind: 'string' | 'number'): Label {
  if (typeof label === kind && typeof label === 'string') return label
  if (typeof label === kind && typeof label === 'number') {
    if (Number.isFinite(label)) return label + 0
    throw new RangeError(`${who}: expected labels[${row}] to be a finite number, got ${label}`)
  }
  throw new TypeError(`${who}: expected labels[${row}] to be a ${kind}, as the others are, got ${describe(label)}`)
}
