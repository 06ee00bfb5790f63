/**
 * What every backend's crossEntropyWithGradient must do. Call it with the kernels inside a test file.
 */
import { describe, expect, test } from 'vitest'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { sameScales } from '../../src/kernels/scales.ts'
import { crossEntropy, gradient, outputOf, singleRow } from '../support/operations.ts'
import { Decimal, fromExact, toDecimal, toExact } from '../support/oracle.ts'
import { DTYPES, type Dtype, floatArray, ulpError } from '../support/ulp.ts'
import { CATEGORIES, type VectorRow, vectorRows } from '../vectors/load.ts'
import { staysWithinGoals } from './accuracy.ts'
import { followsInfinityTable } from './infinities.ts'
import { isInvariant } from './invariance.ts'
import { keepsItsLayout, randomBatch, sameBits } from './layout.ts'

/** 1/rows as an unevaluated sum. */
function reciprocal(rows: number): readonly [hi: number, lo: number] {
  const hi = 1 / rows
  return [hi, new Decimal(1).div(rows).minus(toDecimal(hi)).toNumber()]
}

/** The worst error of a row's gradient under the scale 1/rows, in ulps of its dtype. */
function scaledError(kernels: Kernels, row: VectorRow, rows: number): number {
  const { dtype, logits, label } = row
  const out = floatArray(dtype, logits.length)
  const scales = Float64Array.of(...reciprocal(rows))
  kernels.crossEntropyWithGradient(logits, Int32Array.of(label), 1, logits.length, 1, scales, new Float64Array(1), out)
  let worst = 0
  for (const [place, value] of gradient.exact(row, label)) {
    const exact = toExact(fromExact(value, dtype).div(rows), dtype)
    worst = Math.max(worst, ulpError(out[place], exact, dtype))
  }
  return worst
}

function scalesExactly(kernels: Kernels, dtype: Dtype): void {
  test(`${dtype}: the scale 1/rows costs no digit`, () => {
    const broken: string[] = []
    for (const category of CATEGORIES) {
      // Every fourth row and three scales: the decimal arithmetic is slow, and a scale that rounds shows in most rows.
      for (const row of vectorRows(dtype, category).filter((_, i) => i % 4 === 0)) {
        for (const rows of [3, 7, 60000]) {
          const worst = scaledError(kernels, row, rows)
          if (worst > gradient.goal[dtype]) broken.push(`${row.title}: ${worst} ulp with scale 1/${rows}`)
        }
      }
    }
    expect(broken.slice(0, 5), `${broken.length} rows broken`).toEqual([])
  })
}

function repeatsTheLosses(kernels: Kernels, dtype: Dtype): void {
  test(`${dtype}: the losses have the bits of crossEntropy, whatever the scale`, () => {
    for (const classes of [1, 2, 3, 5, 8, 17, 100, 1025]) {
      const batch = randomBatch(dtype, 8, classes)
      const expected = outputOf(crossEntropy, kernels, batch)
      for (const [hi, lo] of [[1, 0], reciprocal(8), reciprocal(3)]) {
        const losses = new Float64Array(batch.rows)
        const out = floatArray(dtype, batch.logits.length)
        kernels.crossEntropyWithGradient(
          batch.logits,
          batch.labels,
          batch.rows,
          classes,
          1,
          sameScales(batch.rows, hi, lo),
          losses,
          out,
        )
        expect(sameBits(losses, expected), `${classes} classes`).toBe(true)
      }
    }
  })
}

export function crossEntropyGradientConformance(kernels: Kernels): void {
  describe(`${kernels.name}: crossEntropyWithGradient`, () => {
    staysWithinGoals(kernels, gradient)
    keepsItsLayout(kernels, gradient)
    followsInfinityTable(kernels, gradient)
    isInvariant(kernels, gradient)

    for (const dtype of DTYPES) {
      scalesExactly(kernels, dtype)
      repeatsTheLosses(kernels, dtype)

      test(`${dtype}: never positive at the label, never negative elsewhere`, () => {
        for (const { title, logits, label } of CATEGORIES.flatMap((category) => vectorRows(dtype, category))) {
          const out = outputOf(gradient, kernels, singleRow(dtype, logits, label))
          const wrong = out.findIndex((g: number, j: number) =>
            j === label ? !(g <= 0) : !(g >= 0) || Object.is(g, -0),
          )
          expect(wrong, title).toBe(-1)
        }
      })
    }
  })
}
