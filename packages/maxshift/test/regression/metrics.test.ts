/**
 * Measures of predictions against scikit-learn's, on logits of the fixtures, and their definitions at the edges.
 */
import { describe, expect, it } from 'vitest'
import { selectLossKernels } from '../../src/kernels/select-losses.ts'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { type Evaluation, MetricsCollector } from '../../src/regression/metrics.ts'
import { loadMetricsCases } from '../fixtures/load.ts'

function evaluate(
  logits: number[],
  labels: number[],
  classes: number,
  block = labels.length,
  weights?: number[],
): Evaluation<number> {
  const names = Array.from({ length: classes }, (_, k) => k)
  const given = weights && Float64Array.from(weights)
  const metrics = new MetricsCollector(selectLossKernels(logits.length), names, labels.length, given)
  for (let r = 0; r < labels.length; r += block) {
    const part = labels.slice(r, r + block)
    metrics.add(Float64Array.from(logits.slice(r * classes, (r + block) * classes)), Int32Array.from(part))
  }
  return metrics.finish()
}

describe('metrics', () => {
  const cases = loadMetricsCases().flatMap((data, i) => [
    [`case ${i}`, data, undefined] as const,
    [`case ${i} with weights`, { ...data, ...data.weighted }, data.weighted.sampleWeights] as const,
  ])
  it.each(cases)('%s agrees with scikit-learn', (_, data, weights) => {
    const measured = evaluate(data.logits, data.labels, data.classes, data.labels.length, weights)
    // Counts and their ratios are exact (weights are multiples of ¼); sums of probabilities carry the peer's roundings.
    expect(measured.accuracy).toBe(data.accuracy)
    expect(measured.balancedAccuracy).toBeCloseTo(data.balancedAccuracy, 14)
    expect(measured.macroF1).toBeCloseTo(data.macroF1, 14)
    expect(measured.confusion).toEqual(data.confusion)
    expect(measured.topK.length).toBe(data.topK.length)
    data.topK.forEach((share, k) => {
      expect(measured.topK[k]).toBeCloseTo(share, 14)
    })
    expect(measured.logLoss).toBeCloseTo(data.logLoss, 13)
    expect(measured.brier).toBeCloseTo(data.brier, 13)
    expect(measured.ece).toBeCloseTo(data.ece, 13)
    measured.perClass.forEach((of, k) => {
      expect(of.className).toBe(k)
      expect(of.support).toBe(data.support[k])
      expect(of.predicted).toBe(data.confusion.reduce((sum, row) => sum + row[k], 0))
      expect(of.precision).toBeCloseTo(data.precision[k], 14)
      expect(of.recall).toBeCloseTo(data.recall[k], 14)
      expect(of.f1).toBeCloseTo(data.f1[k], 14)
    })
  })

  it('show the bins behind the calibration error', () => {
    const [data] = loadMetricsCases()
    const { calibration, ece } = evaluate(data.logits, data.labels, data.classes)
    expect(calibration.length).toBe(15)
    const total = calibration.reduce((sum, { rows }) => sum + rows, 0)
    expect(total).toBe(data.rows)
    const gaps = calibration.reduce((sum, { rows, probability, hits }) => sum + rows * Math.abs(probability - hits), 0)
    expect(gaps / total).toBeCloseTo(ece, 14)
    calibration.forEach(({ from, to, rows, probability, hits }, bin) => {
      expect([from, to]).toEqual([bin / 15, (bin + 1) / 15])
      if (rows === 0) expect([probability, hits]).toEqual([0, 0])
      else expect(probability > from && probability <= to).toBe(true)
    })
    // Three classes: the predicted one has at least a third.
    expect(calibration[4].rows).toBe(0)
    expect(evaluate([0, 100], [1], 2).calibration[14]).toEqual({
      from: 14 / 15,
      to: 1,
      rows: 1,
      probability: 1,
      hits: 1,
    })
  })

  it('count rows as often as integer weights say, bit for bit but for sums of probabilities', () => {
    const [, data] = loadMetricsCases()
    const weights = data.labels.map((_, r) => r % 4)
    const repeated = weights.flatMap((weight, r) => new Array<number>(weight).fill(r))
    const logits = repeated.flatMap((r) => data.logits.slice(r * data.classes, (r + 1) * data.classes))
    const expected = evaluate(
      logits,
      repeated.map((r) => data.labels[r]),
      data.classes,
    )
    const measured = evaluate(data.logits, data.labels, data.classes, 11, weights)
    const { brier, ece, calibration, ...exact } = expected
    expect(measured).toMatchObject(exact)
    expect(measured.brier).toBeCloseTo(brier, 13)
    expect(measured.ece).toBeCloseTo(ece, 13)
    expect(measured.calibration.map(({ rows }) => rows)).toEqual(calibration.map(({ rows }) => rows))
  })

  it('take no notice of a row of weight 0, whatever its loss', () => {
    const measured = evaluate([1e308, -1e308, 0, 1], [1, 1], 2, 2, [0, 1])
    expect(measured.logLoss).toBeCloseTo(0.31326168751822286, 15)
    expect(measured.accuracy).toBe(1)
  })

  it('come out the same in blocks, log-loss bit for bit', () => {
    const [data] = loadMetricsCases()
    const whole = evaluate(data.logits, data.labels, data.classes)
    const parts = evaluate(data.logits, data.labels, data.classes, 17)
    expect(parts).toEqual({ ...whole, brier: parts.brier, ece: parts.ece, calibration: parts.calibration })
    expect(parts.brier).toBeCloseTo(whole.brier, 14)
    expect(parts.ece).toBeCloseTo(whole.ece, 14)
  })

  it('take the first of equal logits', () => {
    const measured = evaluate([1, 1, 1, 1, 1, 1], [0, 2], 3)
    expect(measured.accuracy).toBe(0.5)
    expect(measured.topK).toEqual([0.5, 0.5, 1])
    expect(measured.confusion).toEqual([
      [1, 0, 0],
      [0, 0, 0],
      [1, 0, 0],
    ])
  })

  it('say 0 where there is nothing to divide by', () => {
    const measured = evaluate([3, 0, 0], [0], 3)
    expect(measured.perClass[1]).toEqual({ className: 1, support: 0, predicted: 0, precision: 0, recall: 0, f1: 0 })
  })

  it('keep the loss of a confident row, where 1 − p rounds to 0, and of a hopeless one', () => {
    expect(evaluate([0, 100], [1], 2).logLoss / 3.720075976020836e-44).toBeCloseTo(1, 14)
    expect(evaluate([0, 2000], [0], 2).logLoss).toBe(2000)
  })

  it('are what evaluate returns', async () => {
    const features = Float64Array.from([0, 1, 2, 3, 4, 5, 6, 7])
    const labels = ['low', 'low', 'high', 'low', 'high', 'high', 'low', 'high']
    const model = await SoftmaxRegression.fit(features, labels)
    const { perClass, confusion, accuracy, logLoss } = model.evaluate(features, labels)
    const names = model.classNames
    expect(perClass.map((of) => of.className)).toEqual(['high', 'low'])
    const predictions = model.predict(features)
    expect(accuracy).toBe(predictions.filter((label, r) => label === labels[r]).length / 8)
    confusion.forEach((row, i) => {
      row.forEach((count, j) => {
        expect(count).toBe(predictions.filter((label, r) => label === names[j] && labels[r] === names[i]).length)
      })
    })
    const logProbs = model.predictLogProba(features)
    const mean = labels.reduce((sum, label, r) => sum - logProbs[r * 2 + names.indexOf(label)], 0) / 8
    expect(logLoss).toBeCloseTo(mean, 14)
  })
})
