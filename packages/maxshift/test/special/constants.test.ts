/**
 * Every constant in special/ is what its recipe gives, bit for bit, and the comment beside it shows the same bits.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
// @ts-expect-error: the recipes are a plain script without declarations
import { recipes } from '../../../../scripts/constants.mjs'
import { EXP2_TABLE } from '../../src/special/exp2-table.ts'

const folders = ['../../src/special/', '../../src/kernels/js/'].map((path) => new URL(path, import.meta.url))
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
    ['grid.ts', /^GRID_\d+$/, [26, 52, 78, 104].map((q) => 1.5 * 2 ** (52 - q))],
    ['double-row.ts', /^TINY$/, [2 ** -120]],
    ['double-row.ts', /^SMALL_MAX$/, [2 ** -800]],
  ] as [string, RegExp, number[]][])('%s %s', (file, pattern, expected) => {
    expect(named(file, pattern)).toEqual(expected)
  })

  it('the table of 2^(j/128)', () => {
    expect([...EXP2_TABLE]).toEqual(recipes.exp2Table())
  })
})
