/**
 * Rows under every option of the kernels, drawn from a seed: temperatures from one end of float64 to the other, rows that overflow when
 * they are subtracted, masked rows, confident rows, normalised ones; class weights of every kind.
 */
import type { OptionsCase } from './options-oracle.ts'
import { seededRandom } from './random.ts'
import { type Dtype, roundTo } from './ulp.ts'

const TEMPERATURES = [1, 0.7, 3, 1e-3, 250, 0.1, 1e-30, 1e30, 1e-300, 1e300, 5e-324, 1e-310, 1.7e308]
const REPEATS = 5

export function optionsCases(dtype: Dtype): OptionsCase[] {
  const random = seededRandom(dtype === 'f32' ? 41 : 42)
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]
  const largest = dtype === 'f32' ? 3e38 : 1.7e308
  const bounded = (x: number): number => roundTo(dtype, Math.max(-largest, Math.min(x, largest)))

  /** A row of logits for a temperature. */
  function draw(kind: number, n: number, temperature: number): number[] {
    const row = (make: (k: number) => number): number[] => Array.from({ length: n }, (_, k) => bounded(make(k)))
    const spread = pick([1e-6, 1, 8, 60]) * temperature
    if (kind === 0) return row(() => spread * random.normal())
    if (kind === 1) return row((k) => (k === 0 ? 40 + 600 * random.uniform() : random.normal()) * temperature)
    if (kind === 2) return row(() => largest * (2 * random.uniform() - 1))
    if (kind === 3) return row((k) => (k > 0 && random.below(3) === 0 ? -Infinity : spread * random.normal()))
    const plain = Array.from({ length: n }, () => 3 * random.normal())
    const logSumExp = Math.log(plain.reduce((sum, x) => sum + Math.exp(x), 0))
    return row((k) => (plain[k] - logSumExp) * temperature)
  }

  /** Class weights that are 0 where the row is masked. */
  function drawBase(kind: number, row: readonly number[]): number[] {
    const weight = (k: number): number => {
      if (kind === 0) return 0.1 / row.length
      if (kind === 1) return 0
      if (kind === 2) return random.uniform() / row.length
      if (kind === 3) return row[k] === Math.max(...row) ? 1 : 0
      return pick([0, 1e-12, 0.25, 1])
    }
    return row.map((x, k) => (x === -Infinity ? 0 : weight(k)))
  }

  return TEMPERATURES.flatMap((temperature) =>
    Array.from({ length: REPEATS * 5 }, (_, i) => {
      const kind = i % 5
      const logits = draw(kind, pick([1, 2, 3, 5, 9]), temperature)
      const finite = logits.map((x, k) => (x === -Infinity ? -1 : k)).filter((k) => k >= 0)
      const weights = random.below(5)
      const peak = weights === 1 ? 1 : pick([0, 0.9])
      return {
        title: `row ${i} of kind ${kind}, T = ${temperature}`,
        dtype,
        logits,
        temperature,
        base: drawBase(weights, logits),
        label: pick(finite),
        peak,
        zLoss: pick([0, 0, 1e-4, 0.5]),
        scale: pick([
          [1, 0],
          [1 / 3, 1.850371707708594e-17],
          [2.5, 0],
          [1e-6, 0],
        ] as const),
      }
    }),
  )
}
