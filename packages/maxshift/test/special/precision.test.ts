/**
 * exp, expm1, log, log1p and the logistic family, unrounded, in both precisions: relative errors against decimal arithmetic, over
 * the whole range and beside every border of the methods.
 */
import { describe, expect, it } from 'vitest'
import { log1mExpOf, log1pExpOf, logisticOf } from '../../src/special/logistic.ts'
import { FULL, type Precision, QUICK } from '../../src/special/precision.ts'
import { type Scaled, scaled, scaledOf } from '../../src/special/scaled.ts'
import { Decimal, toDecimal } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { powerOfTwo } from '../support/ulp.ts'

type D = InstanceType<typeof Decimal>
/** exp of ±745 and 1 plus it take 324 digits, log of that 324 more. */
const Wide = Decimal.clone({ precision: 400 })
const wide = (x: number): D => new Wide(toDecimal(x))
const exactly = ({ hi, lo, exponent }: Scaled): D => wide(hi).plus(wide(lo)).mul(new Wide(2).pow(exponent))

const random = seededRandom(20261124)
const sign = (): number => (random.uniform() < 0.5 ? -1 : 1)
/** Magnitudes from 2^−80 to 2^9.5, and the neighbourhood of 0, 1 and the borders 2^−4, 2^−5, ½, ln 2. */
const someNumber = (): number => {
  const kind = random.below(4)
  if (kind === 0) return sign() * (1 + random.uniform()) * powerOfTwo(random.below(89) - 80)
  if (kind === 1) return sign() * 4 * random.uniform()
  const border = [0.0625, 0.03125, 0.5, Math.LN2, 1][random.below(5)]
  return sign() * border * (1 + sign() * random.uniform() * powerOfTwo(-random.below(50)))
}
const near1 = (): number => 1 + sign() * random.uniform() * powerOfTwo(-random.below(50))

const a = scaled()
const out = scaled()
const one = new Wide(1)
interface Case {
  name: string
  next: () => number
  ours: (precision: Precision, x: number) => void
  exact: (x: D) => D
}
const cases: Case[] = [
  { name: 'exp', next: someNumber, ours: (p, x) => p.exp(x, 0, out), exact: (x) => x.exp() },
  { name: 'expm1', next: someNumber, ours: (p, x) => p.expm1(x, 0, out), exact: (x) => x.exp().minus(one) },
  {
    name: 'log',
    next: () => (random.below(2) ? near1() : Math.abs(someNumber())),
    ours: (p, x) => {
      scaledOf(x, a)
      p.log(a, out)
    },
    exact: (x) => x.ln(),
  },
  {
    name: 'log1p',
    next: () => (random.below(3) ? Math.abs(someNumber()) : -random.uniform()),
    ours: (p, x) => {
      scaledOf(x, a)
      p.log1p(a, out)
    },
    exact: (x) => x.plus(one).ln(),
  },
  {
    name: 'logistic',
    next: someNumber,
    ours: (p, x) => logisticOf(x, 0, p, out),
    exact: (x) => one.div(x.neg().exp().plus(one)),
  },
  {
    name: 'log1pExp',
    next: someNumber,
    ours: (p, x) => log1pExpOf(x, 0, p, out),
    exact: (x) => x.exp().plus(one).ln(),
  },
  {
    name: 'log1mExp',
    next: () => -Math.abs(someNumber()),
    ours: (p, x) => log1mExpOf(x, 0, p, out),
    exact: (x) => one.minus(x.exp()).ln(),
  },
]

describe.each([
  ['QUICK', QUICK, -64],
  ['FULL', FULL, -98],
] as const)('%s', (_, precision, exponent) => {
  it.each(cases)(`$name is within 2^${exponent}`, ({ next, ours, exact }) => {
    let worst = { error: 0, x: 0 }
    for (let i = 0; i < 40; i++) {
      const x = next()
      ours(precision, x)
      const expected = exact(wide(x))
      const error = expected.isZero() ? out.hi : exactly(out).minus(expected).div(expected).abs().toNumber()
      if (!(error <= worst.error)) worst = { error, x }
    }
    expect(worst.error, `at ${worst.x}`).toBeLessThan(2 ** exponent)
  })
})
