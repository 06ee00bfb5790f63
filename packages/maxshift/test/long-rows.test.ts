/**
 * float32 rows longer than the grid of the float32 kernel allows are served by the float64 kernel.
 *
 * The row is the worst case for that grid: hundreds of thousands of terms of e^−36.6, just below half a grid step of 2^−52,
 * which a single slice would drop altogether.
 */
import { describe, expect, it } from 'vitest'
import { logSumExp } from '../src/index.ts'
import { referenceKernels, SINGLE_CLASSES } from '../src/kernels/js/reference.ts'
import { Decimal } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'

describe('long rows', () => {
  const classes = 4 * SINGLE_CLASSES
  const floor = Math.fround(-36.8)
  const logits = new Float32Array(classes).fill(floor)
  logits[0] = 30
  logits[1] = 0

  it('keep the small terms', () => {
    const losses = new Float64Array(1)
    referenceKernels.crossEntropy(logits, Int32Array.of(0), 1, classes, 1, losses)
    const others = new Decimal(floor)
      .exp()
      .mul(classes - 2)
      .plus(1)
      .mul(new Decimal(-30).exp())
    const exact = others.plus(1).ln()
    // Far inside a float32 ulp (2^−24 relative); one slice alone would be 2^−33 off here.
    expect(exact.minus(losses[0]).div(exact).abs().toNumber()).toBeLessThan(2 ** -45)
  })
})

describe('logSumExp of long rows', () => {
  it('near 0, where the grid would show through the cancellation', () => {
    const logits = new Float32Array(262144).fill(-40.73686599731445)
    logits[0] = -0.019082345068454742
    logits[1] = -4.000064849853516
    const out = new Float32Array(1)
    referenceKernels.logSumExp(logits, 1, logits.length, 1, out)
    // From 60-digit arithmetic. The float32 spacing there is 2^−34; 0.501 of it is promised.
    expect(Math.abs(out[0] - -0.00058715089056119318179)).toBeLessThanOrEqual(0.501 * 2 ** -34)
  })

  it('has the bits of the reference where maximum and logarithm cancel', () => {
    const random = seededRandom(17)
    for (const [offset, classes] of [
      [-17, 262144],
      [-14, 65536],
      [-9, 4099],
      [-3, 17],
    ]) {
      const logits = Float32Array.from({ length: classes }, () => offset + 2 * random.normal())
      for (const temperature of [1, 1.25]) {
        const out = new Float32Array(1)
        referenceKernels.logSumExp(logits, 1, classes, temperature, out)
        for (const mode of ['accurate', 'fast'] as const) {
          const served = logSumExp(logits, { temperature, mode })
          if (mode === 'accurate') expect(served, `${classes} classes`).toBe(out[0])
          else expect(Math.abs(served - out[0])).toBeLessThanOrEqual(16 * 2 ** -22) // 2^−22 · max(|m|, log n) is promised
        }
      }
    }
  })
})
