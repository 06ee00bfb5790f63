/**
 * Every constant in special/, loss/ and the kernels is what its recipe gives, bit for bit; in TypeScript the comment beside it shows
 * the same bits, in the kernels' AssemblyScript no table and no constant is without an expected value here.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
// @ts-expect-error: the recipes are a plain script without declarations
import { recipes } from '../../../../scripts/constants.mjs'
import { LN2_192 } from '../../src/special/exp-cells.ts'
import { EXP2_TABLE } from '../../src/special/exp2-table.ts'
import { GRID_78, GRID_104 } from '../../src/special/grid.ts'

const folders = ['../../src/special/', '../../src/kernels/js/', '../../src/loss/'].map(
  (path) => new URL(path, import.meta.url),
)
const sources = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && name !== 'exp2-table.ts')
    .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') })),
)

interface Constant {
  file: string
  name: string
  value: number
  bits: string
}

const constants: Constant[] = sources.flatMap(({ name: file, text }) =>
  [...text.matchAll(/^(?:export )?\s*const (\w+) = (-?[\d.e+-]+) \/\/ (0x[0-9a-f]{16})/gm)].map(
    ([, name, value, bits]) => ({
      file,
      name,
      value: Number(value),
      bits,
    }),
  ),
)

/** The constants of one file whose names match, in the order of the file. */
const named = (file: string, pattern: RegExp): number[] =>
  constants.filter((c) => c.file === file && pattern.test(c.name)).map((c) => c.value)

const leadingFactorials = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => recipes.reciprocalFactorial(from + i)[0])

describe('constants', () => {
  it.each(constants)('$file $name shows its own bits', ({ value, bits }) => {
    expect(`0x${new BigUint64Array(Float64Array.of(value).buffer)[0].toString(16).padStart(16, '0')}`).toBe(bits)
  })

  it.each([
    ['exp.ts', /^STEP_/, recipes.stepParts()],
    ['exp.ts', /^STEPS_PER_UNIT$/, [recipes.stepsPerUnit()]],
    ['exp.ts', /^C[3-6]$/, leadingFactorials(3, 6)],
    ['exp.ts', /^c7$/, leadingFactorials(7, 7)],
    ['exp.ts', /^ROUND_/, [1.5 * 2 ** 52, 1.5 * 2 ** 18, 1.5 * 2 ** 27]],
    ['exp-full.ts', /^C\d+$/, leadingFactorials(3, 11)],
    ['exp-full.ts', /_LOW$/, [3, 4, 5].map((n) => recipes.reciprocalFactorial(n)[1])],
    ['exp-single.ts', /^LOG2_E$/, [recipes.log2E()]],
    ['exp-single.ts', /^P\d$/, recipes.exp2Polynomial()],
    ['log.ts', /^LN2_/, recipes.ln2Parts()],
    ['log.ts', /^Q\d$/, recipes.logPolynomial()],
    ['single-row.ts', /^CANCELLATION_PER_CLASS$/, [2 ** -18]],
    ['single-row.ts', /^LARGEST_/, [2 ** 1000, 2 ** 800, 2 ** 600]],
    ['temperature.ts', /^/, [2 ** 400, 2 ** 600, 2 ** -600]],
    ['soft-double-row.ts', /^/, [2 ** -700, 2 ** 700]],
    ['exp-cells.ts', /^VAST$/, [2 ** 60]],
    ['exp-cells.ts', /^SCALE$/, [2 ** -192]],
    ['precision.ts', /^THIRD/, recipes.third()],
    ['precision.ts', /^TINY$/, [2 ** -74]],
    ['precision.ts', /^LN2$/, [recipes.ln2Pair()[0]]],
    ['logistic.ts', /^LOG_HALF$/, [-recipes.ln2Pair()[0]]],
    ['softplus.ts', /^LN2$/, [recipes.ln2Pair()[0]]],
    ['hyperbolic.ts', /^LN2/, recipes.ln2Pair()],
    ['log-minus.ts', /^SQUARE_ONLY$/, [2 ** -61]],
    ['grid.ts', /^GRID_\d+$/, [26, 52, 78, 104].map((q) => 1.5 * 2 ** (52 - q))],
    ['double-row.ts', /^TINY$/, [2 ** -120]],
    ['double-row.ts', /^SMALL_MAX$/, [2 ** -800]],
    ['incomplete-gamma.ts', /^PI/, recipes.piPair()],
    ['incomplete-gamma.ts', /^NEGLIGIBLE$/, [2 ** -100]],
    ['tails.ts', /^ROOT_HALF_PI$/, [recipes.rootHalfPi()]],
    ['reduction.ts', /^PAIR_ERROR$/, [2 ** -104]],
  ] as [string, RegExp, number[]][])('%s %s', (file, pattern, expected) => {
    expect(named(file, pattern)).toEqual(expected)
  })

  it('ln 2 as an integer', () => {
    expect(LN2_192).toBe(recipes.ln2Integer())
  })

  it('the table of 2^(j/128)', () => {
    expect([...EXP2_TABLE]).toEqual(recipes.exp2Table())
  })
})

/** The AssemblyScript sources with their tables, in order, and their float64 constants by name. */
const assembly = new URL('../../src/kernels/wasm/assembly/', import.meta.url)
const kernelSources = readdirSync(assembly)
  .filter((name) => name.endsWith('.ts'))
  .map((file) => {
    const text = readFileSync(new URL(file, assembly), 'utf8')
    const tables = [...text.matchAll(/memory\.data<f(32|64)>\(\[([^\]]*)\]/g)].map(([, , numbers]) =>
      numbers
        .split(',')
        .filter((entry) => entry.trim() !== '')
        .map(Number),
    )
    const named = [...text.matchAll(/^(?:export )?const (\w+): f64 = (.*)$/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ])
    return { file, tables, constants: Object.fromEntries(named) as Record<string, number> }
  })

/** A constant of the TypeScript reference that the kernels repeat: an integer or a power of two, so its decimal is the bits. */
function reference(path: string, name: string): number {
  const text = readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8')
  return Number(text.match(new RegExp(`const ${name} = (\\S+)`))?.[1])
}

const numbered = (letter: string, values: number[]): Record<string, number> =>
  Object.fromEntries(values.map((value, i) => [`${letter}${i}`, value]))
const [ln2High, ln2Low] = recipes.ln2Parts()
const [ln2FastHigh, ln2FastLow] = recipes.ln2FastParts()

const KERNEL_TABLES: Record<string, number[]> = {
  'exp-fast.ts': [
    ...[1.5 * 2 ** 23, Math.fround(recipes.log2E()), -ln2FastHigh, -ln2FastLow, recipes.logOfPower(-126, 24), 1],
    ...recipes.expFastPolynomial(),
  ],
  'exp-double-fast.ts': [
    ...[1.5 * 2 ** 52, recipes.log2E(), -ln2High, -ln2Low, recipes.logOfPower(-1022, 53), 1],
    ...recipes.expDoublePolynomial(),
  ],
  'double-sum.ts': [
    reference('kernels/js/double-row.ts', 'BELOW_GRID'),
    reference('special/exp.ts', 'EXP_UNDERFLOW'),
    ...[1, GRID_78, GRID_104],
  ],
  'log-full.ts': [...[3, 4, 5].flatMap((n) => recipes.reciprocalFactorial(n)), ...leadingFactorials(6, 11)],
  'exp-double.ts': [
    ...[1.5 * 2 ** 52, recipes.stepsPerUnit(), ...recipes.stepParts()],
    ...leadingFactorials(2, 6).reverse(),
    ...[1.5 * 2 ** 18, 1.5 * 2 ** 27],
  ],
  'exp2-single.ts': [
    ...[1.5 * 2 ** 52, recipes.log2E(), reference('special/exp-single.ts', 'EXP2_UNDERFLOW'), 1],
    ...recipes.exp2Polynomial(),
  ],
}

const KERNEL_CONSTANTS: Record<string, Record<string, number>> = {
  'double.ts': { EXP_UNDERFLOW: reference('special/exp.ts', 'EXP_UNDERFLOW') },
  'double-row.ts': {
    EXP_UNDERFLOW: reference('special/exp.ts', 'EXP_UNDERFLOW'),
    TINY: 2 ** -120,
    CANCELLATION: reference('kernels/js/double-row.ts', 'CANCELLATION'),
    SMALL_MAX: 2 ** -800,
    LIFT: 2 ** reference('kernels/js/double-row.ts', 'LIFT'),
  },
  'grid.ts': { UNIT_26: 2 ** -26, UNIT_52: 2 ** -52, UNIT_78: 2 ** -78, UNIT_104: 2 ** -104 },
  'log1p.ts': { LN2_HIGH: ln2High, LN2_LOW: ln2Low, ...numbered('Q', recipes.logPolynomial()) },
  'pairs.ts': { SPLITTER: 2 ** 27 + 1 },
  'soft-double.ts': {
    LARGEST_SQUARED: reference('kernels/js/soft-double-row.ts', 'LARGEST_SQUARED'),
    SMALLEST: 1e-270,
  },
  'soft-double-gradient.ts': { SMALL: 2 ** -600 },
  'soft-single.ts': { LARGEST: reference('kernels/js/soft-single.ts', 'LARGEST') },
  'temperature.ts': {
    LOG2_E: recipes.log2E(),
    LARGEST_INVERSE: reference('kernels/js/single-row.ts', 'LARGEST_INVERSE'),
  },
  'state-single.ts': {
    CANCELLATION: reference('kernels/js/single-row.ts', 'CANCELLATION'),
    CANCELLATION_PER_CLASS: reference('kernels/js/single-row.ts', 'CANCELLATION_PER_CLASS'),
    LARGEST_GAP: reference('kernels/js/single-row.ts', 'LARGEST_GAP'),
  },
}

describe('constants of the kernels', () => {
  it.each(kernelSources)('tables of $file', ({ file, tables }) => {
    expect(tables).toEqual(file in KERNEL_TABLES ? [KERNEL_TABLES[file]] : [])
  })
  it.each(kernelSources)('constants of $file', ({ file, constants }) => {
    expect(constants).toEqual(KERNEL_CONSTANTS[file] ?? {})
  })
  it('the bits of the grids', () => {
    const text = readFileSync(new URL('grid.ts', assembly), 'utf8')
    const bits = [...text.matchAll(/const (\w+)_BITS: i64 = (0x[0-9a-f]+)$/gm)].map(([, name, hex]) => [
      name,
      BigInt(hex),
    ])
    const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]
    expect(Object.fromEntries(bits)).toEqual({ ONE: bitsOf(1), GRID_78: bitsOf(GRID_78), GRID_104: bitsOf(GRID_104) })
  })
  it('the grids of the stream', () => {
    const text = readFileSync(new URL('stream.ts', assembly), 'utf8')
    const bits = text
      .match(/memory\.data<i64>\(\[([^\]]*)\]/)?.[1]
      .split(',')
      .map(BigInt)
    const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]
    expect(bits).toEqual([1, 1.5 * 2 ** -52, 1.5 * 2 ** -104].map(bitsOf))
  })
  it.each(kernelSources)('no other number in $file has many digits', ({ file }) => {
    const text = readFileSync(new URL(file, assembly), 'utf8')
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      .replace(/memory\.data<f(32|64)>\(\[[^\]]*\]/g, '')
      .replace(/^(?:export )?const \w+: f64 = .*$/gm, '')
    expect(text.match(/\b\d+\.\d{3,}|\b\d+e-?\d+/g)).toBeNull()
  })
})
