/**
 * What one operation may read and write: exactly its rows. Nothing outside `out`, nothing in its inputs, the same bits
 * in place and at any alignment, and a row's bits never depend on the rows beside it.
 */
import { describe, expect, test } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import type { Kernels } from '../../src/kernels/kernels.ts'
import {
  type Batch,
  keepsGoal,
  type Operation,
  outputLength,
  outputOf,
  singleRow,
  worstOutput,
} from '../support/operations.ts'
import { exactRow } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, type Dtype, floatArray } from '../support/ulp.ts'

/** Around every power of two at which a loop may change its step, and long rows. */
const CLASSES = [
  1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 1000, 1023, 1024, 1025,
  4096, 4097,
]
const ROWS = [1, 2, 3, 4, 5, 7, 8, 9]
/** Sizes up to which the decimal oracle is quick enough to check the first row. */
const ORACLE_CLASSES = 129
/** A value that no operation can produce: too large for a probability or loss of these rows, and not a NaN. */
const CANARY = -123456.75
const BAND = 17

/** Nine rows of one size, each of its own spread. */
export function randomBatch(dtype: Dtype, rows: number, classes: number): Batch {
  const random = seededRandom(1000 * classes + (dtype === 'f32' ? 1 : 0))
  const logits = floatArray(dtype, rows * classes)
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < classes; j++) logits[r * classes + j] = [1, 5, 30][r % 3] * random.normal()
  }
  return { dtype, rows, classes, logits, labels: Int32Array.from({ length: rows }, () => random.below(classes)) }
}

function firstRows(batch: Batch, rows: number): Batch {
  return { ...batch, rows, logits: batch.logits.slice(0, rows * batch.classes), labels: batch.labels.slice(0, rows) }
}

function rowOf(batch: Batch, r: number): Batch {
  return singleRow(batch.dtype, batch.logits.slice(r * batch.classes, (r + 1) * batch.classes), batch.labels[r])
}

/** The bytes of an array, for comparing bits: −0 and +0 differ. */
function bytesOf(array: FloatArray | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** Whether two arrays have the same bits; a loop over words, because deep equality of long arrays is slow. */
export function sameBits(a: FloatArray, b: FloatArray): boolean {
  return a.length === b.length && Buffer.compare(bytesOf(a), bytesOf(b)) === 0
}

function sweepsSizes(kernels: Kernels, operation: Operation, dtype: Dtype): void {
  test(`${dtype}: every row has the bits it has alone, for ${CLASSES.length} sizes and 1 to 9 rows`, () => {
    const broken: string[] = []
    for (const classes of CLASSES) {
      const all = randomBatch(dtype, Math.max(...ROWS), classes)
      const width = operation.per === 'row' ? 1 : classes
      const alone = floatArray(operation.outputDtype(dtype), all.rows * width)
      for (let r = 0; r < all.rows; r++) alone.set(outputOf(operation, kernels, rowOf(all, r)), r * width)
      for (const rows of ROWS) {
        const together = outputOf(operation, kernels, firstRows(all, rows))
        if (!sameBits(together, alone.subarray(0, rows * width))) broken.push(`${rows} rows of ${classes}`)
      }
      if (classes <= ORACLE_CLASSES) {
        const first = all.logits.subarray(0, classes)
        const worst = worstOutput(operation, dtype, alone, exactRow(first, all.labels[0], dtype), all.labels[0])
        if (!keepsGoal(operation, dtype, worst, first)) {
          broken.push(`${classes} classes: ${worst.ulps} ulp at ${worst.place}`)
        }
      }
    }
    expect(broken).toEqual([])
  })
}

function guardsItsBounds(kernels: Kernels, operation: Operation, dtype: Dtype): void {
  test(`${dtype}: writes all of out and nothing else, at any alignment`, () => {
    for (const classes of [1, 2, 3, 5, 8, 17, 33, 100]) {
      for (const rows of [0, 1, 2, 5, 8]) {
        const batch = randomBatch(dtype, rows, classes)
        const logits = batch.logits.slice()
        const labels = batch.labels.slice()
        const expected = outputOf(operation, kernels, batch)
        const length = outputLength(operation, batch)
        for (const before of [BAND, BAND + 1]) {
          const around = floatArray(operation.outputDtype(dtype), before + length + BAND).fill(CANARY)
          const out = around.subarray(before, before + length)
          operation.run(kernels, batch, out)
          const title = `${rows} rows of ${classes} at offset ${before}`
          expect(sameBits(out, expected), title).toBe(true)
          around.fill(CANARY, before, before + length)
          expect(
            around.every((x: number) => x === CANARY),
            `${title}: the band around out`,
          ).toBe(true)
        }
        expect(bytesOf(batch.logits), 'logits are only read').toEqual(bytesOf(logits))
        expect(batch.labels, 'labels are only read').toEqual(labels)
      }
    }
  })
}

function readsAnyAlignment(kernels: Kernels, operation: Operation, dtype: Dtype): void {
  test(`${dtype}: reads logits at any alignment, and nothing outside them`, () => {
    for (const classes of [1, 2, 3, 5, 8, 17, 33, 100]) {
      const batch = randomBatch(dtype, 3, classes)
      const expected = outputOf(operation, kernels, batch)
      // NaN around the logits would show in every result that read it.
      const around = floatArray(dtype, 3 + batch.logits.length + BAND).fill(Number.NaN)
      around.set(batch.logits, 3)
      const logits = around.subarray(3, 3 + batch.logits.length)
      expect(sameBits(outputOf(operation, kernels, { ...batch, logits }), expected), `${classes} classes`).toBe(true)
    }
  })
}

function worksInPlace(kernels: Kernels, operation: Operation, dtype: Dtype): void {
  test(`${dtype}: the same bits when out is the logits`, () => {
    for (const classes of [1, 2, 3, 5, 8, 17, 33, 100, 1025]) {
      for (const rows of [1, 2, 5, 8]) {
        const batch = randomBatch(dtype, rows, classes)
        const expected = outputOf(operation, kernels, batch)
        operation.run(kernels, batch, batch.logits)
        const written = batch.logits.subarray(0, expected.length)
        expect(sameBits(written, expected), `${rows} rows of ${classes}`).toBe(true)
      }
    }
  })
}

export function keepsItsLayout(kernels: Kernels, operation: Operation): void {
  describe('layout', () => {
    for (const dtype of DTYPES) {
      sweepsSizes(kernels, operation, dtype)
      guardsItsBounds(kernels, operation, dtype)
      readsAnyAlignment(kernels, operation, dtype)
      if (operation.outputDtype(dtype) === dtype) worksInPlace(kernels, operation, dtype)
    }
  })
}
