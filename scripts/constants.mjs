/**
 * Recomputes the constants of packages/maxshift/src (special/ and kernels/) from their definitions, with decimal.js at 80 digits.
 *
 *   node scripts/constants.mjs          prints them
 *   node scripts/constants.mjs --write  rewrites special/exp2-table.ts
 *
 * packages/maxshift/test/special/constants.test.ts imports `recipes` and compares bit for bit.
 */
import { writeFileSync } from 'node:fs'
import { Decimal as Base } from 'decimal.js'

const Decimal = Base.clone({ precision: 80, toExpNeg: -400, toExpPos: 400 })
const ln2 = Decimal.ln(2)

/** The nearest float64 to a decimal, by the correctly rounding parser of the language. */
const round = (value) => Number(value.toString())

/** The float64 itself, digit for digit; Decimal's own constructor would take the shortest decimal that reads back. */
export function exact(number) {
  let exponent = 0
  let mantissa = number
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2
    exponent--
  }
  return new Decimal(BigInt(mantissa).toString()).mul(new Decimal(2).pow(exponent))
}

/** The value truncated towards zero to `bits` significant bits, so that small integers times it are exact. */
function truncate(value, bits) {
  const hi = round(value)
  const exponent = Math.floor(Math.log2(Math.abs(hi)))
  const unit = new Decimal(2).pow(exponent - bits + 1)
  return round(value.div(unit).trunc().mul(unit))
}

/** Coefficients (lowest first) of the polynomial through f at the n Chebyshev nodes of [a, b]: within 2^0.3 of minimax here. */
function chebyshevInterpolant(f, a, b, n) {
  const nodes = Array.from({ length: n }, (_, i) =>
    Decimal.cos(pi.mul(2 * i + 1).div(2 * n))
      .mul(new Decimal(b).sub(a).div(2))
      .add(new Decimal(a).add(b).div(2)),
  )
  const divided = nodes.map(f)
  for (let order = 1; order < n; order++)
    for (let i = n - 1; i >= order; i--) divided[i] = divided[i].sub(divided[i - 1]).div(nodes[i].sub(nodes[i - order]))
  let coefficients = [divided[n - 1]]
  for (let i = n - 2; i >= 0; i--) {
    const shifted = [new Decimal(0), ...coefficients]
    coefficients = shifted.map((c, k) => c.sub(k < coefficients.length ? coefficients[k].mul(nodes[i]) : 0))
    coefficients[0] = coefficients[0].add(divided[i])
  }
  return coefficients.map(round)
}

/** The value as an unevaluated sum hi + lo of two float64. */
function pair(value) {
  const hi = round(value)
  return [hi, round(value.sub(exact(hi)))]
}

function exp2Table() {
  const table = []
  for (let j = 0; j < 128; j++) {
    const power = new Decimal(2).pow(new Decimal(j).div(128))
    table.push(...pair(power))
  }
  return table
}

/** 1/3, ln 2 and π as unevaluated sums. */
const third = () => pair(new Decimal(1).div(3))
const ln2Pair = () => pair(ln2)
const pi = Decimal.acos(-1)

/** The reduction step ln 2 / 128 in three parts: two of 34 bits, so that k · part is exact for |k| < 2^19, and the rest. */
function stepParts() {
  const step = ln2.div(128)
  const high = truncate(step, 34)
  const middle = truncate(step.sub(exact(high)), 34)
  return [high, middle, round(step.sub(exact(high)).sub(exact(middle)))]
}

/** ln 2 in two parts, the first of 42 bits, so that exponent · part is exact. */
function ln2Parts() {
  const high = truncate(ln2, 42)
  return [high, round(ln2.sub(exact(high)))]
}

/** ⌊2^192 · ln 2⌋. */
const ln2Integer = () => BigInt(ln2.mul(new Decimal(2).pow(192)).floor().toFixed())

const factorial = (n) => (n <= 1 ? new Decimal(1) : factorial(n - 1).mul(n))

/** 1/n! as an unevaluated sum hi + lo. */
const reciprocalFactorial = (n) => pair(new Decimal(1).div(factorial(n)))

/** (2^f − 1)/f on ±½, degree 7: 2^f = 1 + f · that, of degree 8. */
const exp2Polynomial = () => chebyshevInterpolant((f) => Decimal.pow(2, f).sub(1).div(f), -0.5, 0.5, 8)

/**
 * Q(w) with log((1 + z)/(1 − z)) = 2z + z · w · Q(w), w = z². z = f/(2 + f) reaches (√2 − 1)/(√2 + 1) when 1 + f lies in
 * [√½, √2].
 */
function logPolynomial() {
  const largest = Decimal.sqrt(2).sub(1).div(Decimal.sqrt(2).add(1)).pow(2)
  const q = (w) => {
    let sum = new Decimal(0)
    for (let k = 40; k >= 0; k--) sum = sum.mul(w).add(new Decimal(2).div(2 * k + 3))
    return sum
  }
  return chebyshevInterpolant(q, 0, largest, 8)
}

/** (e^r − 1 − r)/r² by its series, which exists at 0. */
function expTail(r) {
  let sum = new Decimal(0)
  for (let k = 40; k >= 2; k--) sum = sum.mul(r).add(new Decimal(1).div(factorial(k)))
  return sum
}

/** (e^r − 1 − r)/r² on ±ln 2/2, degree 4: e^r = 1 + r + r² · that, of degree 6, for float32 lanes. */
const expFastPolynomial = () => chebyshevInterpolant(expTail, ln2.div(-2), ln2.div(2), 5).map(Math.fround)

/** ln 2 for float32: 12 bits, so that n · part is exact for |n| < 2^12, and the rest. */
function ln2FastParts() {
  const high = truncate(ln2, 12)
  return [high, Math.fround(round(ln2.sub(exact(high))))]
}

/** The same for float64 lanes: (e^r − 1 − r)/r² on ±ln 2/2 to degree 9, of degree 11 in all; ln 2 is that of ln2Parts. */
const expDoublePolynomial = () => chebyshevInterpolant(expTail, ln2.div(-2), ln2.div(2), 10)

/** The logarithm of 2^exponent in a format of `bits` significant bits, rounded towards 0: exp of it is no less than 2^exponent. */
const logOfPower = (exponent, bits) => truncate(ln2.mul(exponent), bits)

export const recipes = {
  expFastPolynomial,
  ln2FastParts,
  expDoublePolynomial,
  logOfPower,
  exp2Table,
  stepParts,
  ln2Parts,
  ln2Pair,
  piPair: () => pair(pi),
  rootHalfPi: () => round(pi.div(2).sqrt()),
  third,
  ln2Integer,
  reciprocalFactorial,
  exp2Polynomial,
  logPolynomial,
  stepsPerUnit: () => round(new Decimal(128).div(ln2)),
  log2E: () => round(new Decimal(1).div(ln2)),
}

const bitsOf = (value) => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return `0x${view.getBigUint64(0).toString(16).padStart(16, '0')}`
}

function writeTable() {
  const table = exp2Table()
  const lines = []
  for (let i = 0; i < table.length; i += 2) lines.push(`  ${table[i]}, ${table[i + 1]},`)
  writeFileSync(
    new URL('../packages/maxshift/src/special/exp2-table.ts', import.meta.url),
    `/**
 * 2^(j/128) for j = 0 … 127 as unevaluated sums hi + lo, interleaved: entry 2j is the nearest float64 and entry 2j + 1 the
 * nearest float64 to what is left, so that a pair holds at least 106 bits. Generated by scripts/constants.mjs --write.
 */
// biome-ignore format: one pair per line
export const EXP2_TABLE = /* @__PURE__ */ Float64Array.of(
${lines.join('\n')}
)
`,
  )
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (process.argv.includes('--write')) writeTable()
  for (const [name, recipe] of Object.entries(recipes)) {
    if (name === 'exp2Table') continue
    if (name === 'ln2Integer') {
      console.log(`${name}\n  0x${recipe().toString(16)}`)
      continue
    }
    if (name === 'logOfPower') {
      console.log(`${name}\n  ${recipe(-126, 24)} in float32, ${recipe(-1022, 53)} in float64`)
      continue
    }
    if (name === 'reciprocalFactorial') {
      for (let n = 2; n <= 12; n++)
        console.log(
          `1/${n}!`,
          recipe(n)
            .map((v) => `${v} ${bitsOf(v)}`)
            .join('   '),
        )
      continue
    }
    const values = [recipe()].flat()
    console.log(name)
    for (const value of values) console.log(`  ${value}  // ${bitsOf(value)}`)
  }
}
