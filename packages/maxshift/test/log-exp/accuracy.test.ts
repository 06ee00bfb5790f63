/**
 * Values and derivatives of the log-exp functions against more than 60 digits (fixtures/log-exp.py): arguments of every magnitude and
 * beside every point where a form changes or a result crosses 0, chosen as near to a tie between two float64 as a search could find.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { functionNamed, loadCases, logExpTable, NAMES, PLAIN, published, worstError } from '../support/log-exp.ts'
import { tableWithin } from '../support/measure.ts'

const cases = loadCases()
/** 2^−64 before the rounding, 2^−61 where an eighth of the terms is left after they cancelled: 0.5 + 2^−9. The promise is 0.51. */
const BOUND = 0.502

describe('accuracy', () => {
  it.each([...cases])(`%s is within ${BOUND} ulp`, (name, lines) => {
    const { ulps, at } = worstError(functionNamed(name), lines)
    expect(ulps, `at ${at}`).toBeLessThanOrEqual(BOUND)
  })
  it('every function and derivative is measured', () => {
    const known = NAMES.flatMap((name) => {
      const f = published(name)
      const partials = Object.keys(f.derivatives ?? {}).map((argument) => `${name}.derivatives.${argument}`)
      return [name, ...(f.derivative ? [`${name}.derivative`] : partials)]
    })
    expect([...cases.keys()].sort()).toEqual(known.sort())
  })
  it('docs/numerics.md shows the measured errors', () => {
    const document = readFileSync(new URL('../../../../docs/numerics.md', import.meta.url), 'utf8')
    expect(tableWithin(document, 'log-exp table').table).toBe(logExpTable(cases))
  })
})

/** Nothing cancels in these, so their definitions are off by the sum of a few roundings, if nothing overflows. */
const MILD: readonly string[] = ['sigmoid', 'xlogx', 'xlogy', 'xexpx', 'xexpy']

describe('the arguments are hard', () => {
  it.each(NAMES)('the plain formula of %s fails', (name) => {
    const { ulps } = worstError(PLAIN[name], cases.get(name) ?? [])
    expect(ulps).toBeGreaterThan(MILD.includes(name) ? BOUND : 1e12)
  })
})
