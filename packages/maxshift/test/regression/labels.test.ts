/**
 * Labels in, the same kind of labels out.
 */
import { describe, expect, it } from 'vitest'
import { SoftmaxRegression } from '../../src/regression/index.ts'

const x = Float64Array.from([0, 1, 2, 10, 11, 12, 20, 21, 22])

describe('labels', () => {
  it('are strings, in the order of their code units', async () => {
    const labels = ['é', 'é', 'é', 'z', 'z', 'z', 'Z', 'Z', 'Z']
    const model = await SoftmaxRegression.fit(x, labels)
    expect(model.classNames).toEqual(['Z', 'z', 'é'])
    expect(model.predict(x)).toEqual(labels)
  })

  it('are numbers, in the order of their values', async () => {
    const labels = [10, 10, 10, 9, 9, 9, -2.5, -2.5, -2.5]
    const model = await SoftmaxRegression.fit(x, labels)
    expect(model.classNames).toEqual([-2.5, 9, 10])
    expect(model.predict(x)).toEqual(labels)
  })

  it('are numbers from integer arrays', async () => {
    for (const labels of [
      Uint8Array.of(200, 200, 200, 3, 3, 3, 7, 7, 7),
      Int32Array.of(5, 5, 5, -1, -1, -1, 0, 0, 0),
    ]) {
      const model = await SoftmaxRegression.fit(x, labels)
      expect(model.classNames).toEqual([...new Set(labels)].sort((a, b) => a - b))
      expect(model.predict(x)).toEqual([...labels])
    }
  })

  it('take −0 for 0', async () => {
    const model = await SoftmaxRegression.fit(x, [-0, 0, -0, 1, 1, 1, 1, 1, 1])
    expect(model.classNames).toEqual([0, 1])
    expect(model.evaluate(x, [0, -0, 0, 1, 1, 1, 1, 1, 1]).accuracy).toBe(1)
  })

  it('may be empty strings and names from Object.prototype', async () => {
    const labels = ['', '', '', '__proto__', '__proto__', '__proto__', 'constructor', 'constructor', 'constructor']
    const model = await SoftmaxRegression.fit(x, labels)
    expect(model.predict(x)).toEqual(labels)
    expect(SoftmaxRegression.fromSafetensors(model.toSafetensors()).predict(x)).toEqual(labels)
  })
})
