/**
 * Checks of what losses take besides logits: labels or distributions, weights, numbers in a range, arrays for results. The rules of
 * check.ts hold: a TypeError for a wrong kind, a RangeError for a wrong value, and the message names argument, place and value.
 */
import type { FloatArray } from '../arrays.ts'
import { checkChoice, checkNumber, describe } from '../check.ts'
import type { Numbers } from './options.ts'
import type { Reduction } from './reduction.ts'

/** Weights and targets end here, so that products of two weights and a sum of them stay inside float64. */
const LARGEST_WEIGHT = 1e100

export const isFloatArray = (value: unknown): value is FloatArray =>
  value instanceof Float32Array || value instanceof Float64Array

export const checkSmoothing = (who: string, value: unknown): number =>
  value === undefined ? 0 : checkNumber(who, 'labelSmoothing', value, 'in [0, 1)', (x) => x >= 0 && x < 1)

const isWeight = (x: number): boolean => x >= 0 && x <= LARGEST_WEIGHT

/** One weight. */
export const checkWeight = (who: string, name: string, value: unknown): number =>
  checkNumber(who, name, value, `in [0, ${LARGEST_WEIGHT}]`, isWeight)

export const checkZLoss = (who: string, value: unknown): number =>
  value === undefined ? 0 : checkWeight(who, 'zLoss', value)

export const checkSoftCap = (who: string, value: unknown): number | null =>
  value === undefined
    ? null
    : checkNumber(who, 'softCap', value, 'above 0 and finite', (x) => x > 0 && x < Number.POSITIVE_INFINITY)

/** Throws for the first of `values` that is no number in [0, LARGEST_WEIGHT]. */
export function checkEach(who: string, name: string, values: ArrayLike<unknown>): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (!(typeof value === 'number' && isWeight(value))) checkWeight(who, `${name}[${i}]`, value)
  }
}

/** Weights, `length` of them ("one per row"), copied to float64; null if they are not given. */
export function checkWeights(
  who: string,
  name: string,
  given: Numbers | undefined,
  per: 'row' | 'class' | 'feature',
  length: number,
): Float64Array | null {
  if (given === undefined) return null
  if (!(isFloatArray(given) || Array.isArray(given))) {
    throw new TypeError(
      `${who}: expected ${name} to be a Float32Array, a Float64Array or a number[], got ${describe(given)}`,
    )
  }
  if (given.length !== length) {
    throw new RangeError(
      `${who}: expected ${name} to hold one number per ${per}, ${length} in all, got ${given.length}`,
    )
  }
  checkEach(who, name, given)
  return new Float64Array(given)
}

/** Distributions over the classes: as they are, or from a number[]. */
export function checkTargets(who: string, given: Numbers): FloatArray {
  checkEach(who, 'labels', given)
  return isFloatArray(given) ? given : new Float64Array(given)
}

/** How losses are reduced; 'mean' if it is not given. */
export const checkReduction = (who: string, value: unknown): Reduction =>
  value === undefined ? 'mean' : checkChoice(who, 'reduction', value, ['mean', 'sum', 'none'])

/** Labels to be left out, as a list of integers. */
export function checkIgnoreIndex(who: string, given: unknown): readonly number[] {
  if (given === undefined) return []
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  list.forEach((value, i) => {
    const name = Array.isArray(given) ? `ignoreIndex[${i}]` : 'ignoreIndex'
    const or = Array.isArray(given) ? '' : ' or an array of integers'
    if (typeof value !== 'number') {
      throw new TypeError(`${who}: expected ${name} to be an integer${or}, got ${describe(value)}`)
    }
    if (!Number.isInteger(value)) throw new RangeError(`${who}: expected ${name} to be an integer${or}, got ${value}`)
  })
  return list as readonly number[]
}

/** An array for results: of the kind of `like`, with room for `length` of them. */
export function checkResults<T extends FloatArray | Int32Array>(
  who: string,
  name: string,
  given: unknown,
  length: number,
  like: T,
): T {
  const kind = like.constructor as new (length: number) => T
  if (!(given instanceof kind)) {
    throw new TypeError(
      `${who}: expected ${name} to be ${like instanceof Int32Array ? 'an' : 'a'} ${kind.name}, got ${describe(given)}`,
    )
  }
  if (given.length < length) {
    throw new RangeError(`${who}: expected ${name} to have room for ${length} results, got length ${given.length}`)
  }
  return given
}

/** Memory with the name under which the caller knows it. */
export type Named = readonly [name: string, memory: ArrayBufferView]

function overlap(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  )
}

/** Results may lie neither on one another nor on what is still to be read. */
export function checkResultsApart(who: string, results: readonly Named[], inputs: readonly Named[]): void {
  results.forEach(([name, memory], i) => {
    for (const [otherName, other] of [...inputs, ...results.slice(0, i)]) {
      if (overlap(memory, other)) {
        throw new RangeError(
          `${who}: expected ${name} to be apart from ${otherName}, got an overlap at byte ${Math.max(memory.byteOffset, other.byteOffset)}`,
        )
      }
    }
  })
}
