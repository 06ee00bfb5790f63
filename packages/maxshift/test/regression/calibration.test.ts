/**
 * Temperature scaling against 50-digit arithmetic (fixtures/calibration.py), and where there is no best temperature.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { encodeModel } from '../../src/regression/model-file.ts'
import { loadMetricsCases } from '../fixtures/load.ts'
import { bad } from '../support/bad.ts'

const temperatures = JSON.parse(
  readFileSync(new URL('../fixtures/calibration.json', import.meta.url), 'utf8'),
) as number[]
const cases = loadMetricsCases().flatMap((data, i) => [
  [`case ${i}`, data, undefined, temperatures[2 * i]] as const,
  [`case ${i} with weights`, data, data.weighted.sampleWeights, temperatures[2 * i + 1]] as const,
])
const { report } = await SoftmaxRegression.fit(new Float64Array([0, 1, 2]), [0, 1, 0], { maxIterations: 1 })

/** A model whose logits are `size` times its features. */
function passThrough(classes: number, size = 1): SoftmaxRegression<number> {
  const weights = new Float64Array(classes * classes)
  for (let k = 0; k < classes; k++) weights[k * (classes + 1)] = size
  const classNames = [...new Float64Array(classes).keys()]
  const parts = { classNames, featureNames: undefined, means: new Float64Array(classes), report }
  return SoftmaxRegression.fromSafetensors(encodeModel({ ...parts, weights, intercepts: new Float64Array(classes) }))
}

describe('calibrate', () => {
  it.each(cases)('%s: the temperature of 50-digit arithmetic', async (_, data, sampleWeights, expected) => {
    const logits = Float64Array.from(data.logits)
    const model = passThrough(data.classes)
    const calibrated = await model.calibrate(logits, data.labels, { sampleWeights })
    const { calibration } = calibrated.report
    // Rounding of f′ over f″: a few ulp.
    expect(Math.abs((calibration?.temperature ?? 0) / expected - 1)).toBeLessThan(1e-14)
    const before = model.evaluate(logits, data.labels, { sampleWeights })
    const after = calibrated.evaluate(logits, data.labels, { sampleWeights })
    expect(calibration).toEqual({
      status: 'converged',
      temperature: calibration?.temperature,
      logLossBefore: before.logLoss,
      logLossAfter: after.logLoss,
      eceBefore: before.ece,
      eceAfter: after.ece,
      rows: data.rows,
    })
    expect(after.logLoss).toBeLessThan(before.logLoss)
    expect(after.accuracy).toBe(before.accuracy)
    expect(calibrated.weights).toEqual(model.weights.map((w) => w / (calibration?.temperature ?? 0)))
    expect(calibrated.report).toEqual({ ...model.report, calibration })
    expect(SoftmaxRegression.fromSafetensors(calibrated.toSafetensors()).report).toEqual({
      ...calibrated.report,
      seconds: 0,
      history: [],
    })
    // At the optimum there is nothing left to do.
    const again = await calibrated.calibrate(logits, data.labels, { sampleWeights })
    expect((again.report.calibration?.temperature ?? 0) / expected).toBeCloseTo(1, 13)
  })

  it.each([1e-200, 1e-6, 1e6, 1e200, 1e290])('does not mind the scale of the logits: %d', async (size) => {
    const [data] = loadMetricsCases()
    const { calibration } = (await passThrough(3, size).calibrate(Float64Array.from(data.logits), data.labels)).report
    expect(calibration?.status).toBe('converged')
    expect((calibration?.temperature ?? 0) / size / temperatures[0]).toBeCloseTo(1, 13)
  })

  it('stops where all rows are right, and where they say nothing or mislead', async () => {
    const rows = Float64Array.from([3, 1, 0, 0, 2, 0.5, 1, 0, 5])
    const right = await passThrough(3).calibrate(rows, [0, 1, 2])
    expect(right.report.calibration).toMatchObject({ status: 'separated', temperature: 1 / 256 })
    expect(right.evaluate(rows, [0, 1, 2]).logLoss).toBeLessThan(1e-100)
    const wrong = await passThrough(3).calibrate(rows, [1, 2, 0])
    expect(wrong.report.calibration).toMatchObject({ status: 'uninformative', temperature: 4096 })
    expect(wrong.report.calibration?.logLossAfter).toBeCloseTo(Math.log(3), 2)
    expect(wrong.predict(rows)).toEqual([0, 1, 2])
    const silent = await passThrough(3).calibrate(new Float64Array(9), [0, 1, 2])
    expect(silent.report.calibration).toMatchObject({ status: 'uninformative', temperature: 1 })
  })

  it('takes no notice of rows of weight 0', async () => {
    const rows = Float64Array.from([3, 1, 0, 0, 2, 0.5, 1, 0, 5, 1e300, -1e300, 0])
    const sampleWeights = [1, 1, 1, 0]
    const { calibration } = (await passThrough(3).calibrate(rows, [0, 1, 2, 1], { sampleWeights })).report
    expect(calibration).toMatchObject({ status: 'separated', temperature: 1 / 256 })
  })

  it('leaves inference to models as fitted', async () => {
    const calibrated = await passThrough(3).calibrate(Float64Array.from([3, 1, 0, 0, 2, 0, 1, 0, 5]), [0, 1, 0])
    const unpenalised = { ...calibrated.report, l2: 0 }
    const model = SoftmaxRegression.fromSafetensors<number>(encodeModel({ ...calibrated, report: unpenalised }))
    await expect(model.inference(new Float64Array(9), [0, 1, 2])).rejects.toThrow(
      new RangeError('inference: expected a model as fitted, got one that calibrate returned'),
    )
  })

  it.each<[string, () => Promise<unknown>, Error]>([
    [
      'labels of unseen classes',
      () => passThrough(3).calibrate(new Float64Array(3), [5]),
      new RangeError('calibrate: expected labels[0] to be one of the 3 classes of the model, got 5'),
    ],
    [
      'no rows',
      () => passThrough(3).calibrate(new Float64Array(0), []),
      new RangeError('calibrate: expected at least one row, got none'),
    ],
    [
      'weights of nothing',
      () => passThrough(2).calibrate(new Float64Array(2), [1], { sampleWeights: [0] }),
      new RangeError('calibrate: expected sampleWeights with a sum above 0, got 0 for each of 1 rows'),
    ],
    [
      'an unknown option',
      () => passThrough(2).calibrate(new Float64Array(2), [1], bad({ weights: [0] })),
      new TypeError('calibrate: expected known option names, got "weights" (known are sampleWeights, signal)'),
    ],
    [
      'a signal that is none',
      () => passThrough(2).calibrate(new Float64Array(2), [1], bad({ signal: true })),
      new TypeError('calibrate: expected signal to be an AbortSignal, got true'),
    ],
    [
      'logits too large',
      () => passThrough(2, 1e300).calibrate(Float64Array.from([1e300, 1]), [1]),
      new RangeError('calibrate: expected logits with finite differences, got Infinity at row 0'),
    ],
    [
      'an abort',
      () => passThrough(2).calibrate(new Float64Array(2), [1], { signal: AbortSignal.abort(new Error('enough')) }),
      new Error('enough'),
    ],
  ])('refuses %s', async (_, asked, error) => {
    await expect(asked()).rejects.toThrow(error)
  })
})
