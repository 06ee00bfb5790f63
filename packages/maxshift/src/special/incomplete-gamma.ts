/**
 * The upper tail Q(a, x) = Γ(a, x)/Γ(a) of the gamma distribution for a = ½, 1, 1½, …, which is all that the normal and the
 * chi-squared distribution ask for.
 *
 * With T(b) = x^b·e^−x/Γ(b + 1), integration by parts gives Q(a) = Q(a − 1) + T(a − 1), and so two sums of positive terms:
 *
 *   1 − Q(a) = T(a) + T(a + 1) + T(a + 2) + …                  for x < a (and for a = ½ up to SERIES)
 *   Q(a) = T(a − 1) + T(a − 2) + … + T(a₀) + Q(a₀)             for x ≥ a, a₀ = 1 or ½
 *
 * Q(1) = T(0) = e^−x, and Q(½) beyond SERIES is a continued fraction (DLMF 8.9.2, contracted). A sum begins with its largest term
 * and takes about 12·√x steps where x ≈ a, fewer elsewhere. The first term comes from its factors, or from Stirling's series beyond
 * STIRLING. Everything is in pairs, so that results are rounded once: at most 0.51 ulp, down to the smallest subnormal number.
 */
import { powerOfTwo } from './bits.ts'
import { addPairs, dividePairs, multiplyPairs, type Pair } from './double-double.ts'
import { FULL } from './precision.ts'
import {
  addScaled,
  divideScaled,
  multiplyScaled,
  negateScaled,
  ONE,
  type Scaled,
  scaled,
  scaledPair,
} from './scaled.ts'

/** π as a pair. */
export const PI = 3.141592653589793 // 0x400921fb54442d18
export const PI_LOW = 1.2246467991473532e-16 // 0x3ca1a62633145c07

/** Up to here Q(½) is the complement of its series, which keeps 2^−65 of it; beyond, LEVELS of the fraction are good to 2^−65. */
const SERIES = 20
const LEVELS = 16
/** Up to here first terms are products. */
const STIRLING = 64
/** Terms below this share of their sum, 2^−100, add nothing, nor do those after them: they fall faster and faster. */
const NEGLIGIBLE = 7.888609052210118e-31 // 0x39b0000000000000, 2^−100

const ratio: Pair = { hi: 0, lo: 0 }
const step: Pair = { hi: 0, lo: 0 }
const sum: Pair = { hi: 0, lo: 0 }
const factor = scaled()
const exponent = scaled()
const rest = scaled()

/** out = Q(a, x + tail) for a positive multiple a of ½, x ≥ 0 and |tail| ≤ ulp(x). */
export function upperGamma(a: number, x: number, tail: number, out: Scaled): void {
  const start = a % 1 === 0 ? 1 : 0.5
  // Beside these the term that is left, e^(a − x)·(x/a)^a in essence, is below 2^−1100, and below 2^−100.
  if (x > 10 * a + 2000) scaledPair(0, 0, out)
  else if (x === 0 || (a > STIRLING && x < a / 8)) scaledPair(1, 0, out)
  else if (x < a || (a === 0.5 && x <= SERIES)) {
    firstTerm(a, x, tail, out)
    multiplySum(a, x, tail, out)
    negateScaled(out, out)
    addScaled(ONE, out, out)
  } else if (a === 0.5) halfGamma(x, tail, out)
  else if (a === 1) firstTerm(0, x, tail, out)
  else {
    firstTerm(a - 1, x, tail, out)
    if (multiplyFallingSum(a - 1, start, x, tail, out)) return
    const upper = { ...out }
    upperGamma(start, x, tail, out)
    addScaled(out, upper, out)
  }
}

/** out = T(b). */
function firstTerm(b: number, x: number, tail: number, out: Scaled): void {
  if (b > STIRLING) {
    stirlingTerm(b, x, tail, out)
    return
  }
  FULL.exp(-x, -tail, out)
  let k = b
  for (; k >= 1; k--) {
    dividePairs(x, tail, k, 0, factor)
    factor.exponent = 0
    multiplyScaled(out, factor, out)
  }
  if (k === 0) return
  // T(½) = e^−x·√(4x/π).
  dividePairs(4 * x, 4 * tail, PI, PI_LOW, ratio)
  rootPair(ratio, factor)
  factor.exponent = 0
  multiplyScaled(out, factor, out)
}

/** T(b) = exp(b·(log1p d − d) − μ)/√(2πb), d = (x − b)/b, with μ = 1/12b − 1/360b³ + … (DLMF 5.11.1). */
function stirlingTerm(b: number, x: number, tail: number, out: Scaled): void {
  addPairs(x, tail, -b, 0, ratio)
  dividePairs(ratio.hi, ratio.lo, b, 0, ratio)
  scaledPair(ratio.hi, ratio.lo, rest)
  if (ratio.hi === 0) scaledPair(0, 0, exponent)
  else {
    FULL.log1p(rest, exponent)
    negateScaled(rest, rest)
    addScaled(exponent, rest, exponent)
  }
  const unit = powerOfTwo(exponent.exponent)
  multiplyPairs(exponent.hi * unit, exponent.lo * unit, b, 0, step)
  const square = 1 / (b * b)
  const mu = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680)))) / b
  addPairs(step.hi, step.lo, -mu, 0, step)
  FULL.exp(step.hi, step.lo, out)
  multiplyPairs(2 * PI, 2 * PI_LOW, b, 0, ratio)
  rootPair(ratio, factor)
  factor.exponent = 0
  divideScaled(out, factor, out)
}

/** out · (1 + T(b + 1)/T(b) + T(b + 2)/T(b) + …), in place. */
function multiplySum(b: number, x: number, tail: number, out: Scaled): void {
  beginSum()
  for (let k = b + 1; step.hi > sum.hi * NEGLIGIBLE; k++) {
    dividePairs(x, tail, k, 0, ratio)
    addStep()
  }
  multiplyBySum(out)
}

/** out · (1 + T(b − 1)/T(b) + … + T(a₀)/T(b)), in place; true if the terms became negligible before a₀. */
function multiplyFallingSum(b: number, start: number, x: number, tail: number, out: Scaled): boolean {
  beginSum()
  let k = b
  for (; k > start && step.hi > sum.hi * NEGLIGIBLE; k--) {
    dividePairs(k, 0, x, tail, ratio)
    addStep()
  }
  multiplyBySum(out)
  return k > start
}

function beginSum(): void {
  step.hi = sum.hi = 1
  step.lo = sum.lo = 0
}

function addStep(): void {
  multiplyPairs(step.hi, step.lo, ratio.hi, ratio.lo, step)
  addPairs(sum.hi, sum.lo, step.hi, step.lo, sum)
}

function multiplyBySum(out: Scaled): void {
  scaledPair(sum.hi, sum.lo, factor)
  multiplyScaled(out, factor, out)
}

/**
 * out = Q(½, x) = T(½)/2/(x + ½ − ½/(x + 2½ − 3/(x + 4½ − …))); the n-th numerator is n(n − ½), the n-th denominator begins x + 2n + ½.
 */
function halfGamma(x: number, tail: number, out: Scaled): void {
  addPairs(x, tail, 2 * LEVELS + 0.5, 0, sum)
  for (let n = LEVELS; n > 0; n--) {
    dividePairs(n * (n - 0.5), 0, sum.hi, sum.lo, ratio)
    addPairs(x, tail, 2 * n - 1.5, 0, sum)
    addPairs(sum.hi, sum.lo, -ratio.hi, -ratio.lo, sum)
  }
  const { hi, lo } = sum
  firstTerm(0.5, x, tail, out)
  scaledPair(2 * hi, 2 * lo, factor)
  divideScaled(out, factor, out)
}

/** out = √(hi + lo): one Newton step on the root of the head. */
function rootPair({ hi, lo }: Pair, out: Pair): void {
  const root = Math.sqrt(hi)
  multiplyPairs(root, 0, root, 0, out)
  addPairs(hi, lo, -out.hi, -out.lo, out)
  addPairs(root, 0, out.hi / (2 * root), 0, out)
}
