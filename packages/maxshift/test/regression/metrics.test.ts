/**
 * Measures of predictions against scikit-learn's, on logits of the fixtures, and their definitions at the edges.
 */
import { describe, expect, it } from 'vitest'
import { selectLossKernels } from '../../src/kernels/select-losses.ts'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { type Evaluation, MetricsCollector } from '../../src/regression/metrics.ts'
import { loadMetricsCases } from '../fixtures/load.ts'

function evaluate(logits: number[], labels: number[], classes: number, block = labels.length): Evaluation<number> {
  const names = Array.from({ length: classes }, (_, k) => k)
  const metrics = new MetricsCollector(selectLossKernels(logits.length), names, labels.length)
  for (let r = 0; r < labels.length; r += block) {
    const part = labels.slice(r, r + block)
    metrics.add(Float64Array.from(logits.slice(r * classes, (r + block) * classes)), Int32Array.from(part))
  }
  return metrics.finish()
}

describe('metrics', () => {
  it.each(loadMetricsCases().map((data, i) => [i, data] as const))('case %d agrees with scikit-learn', (_, data) => {
    const measured = evaluate(data.logits, data.labels, data.classes)
    // Counts and their ratios are exact; sums of probabilities carry the peer's roundings.
    expect(measured.accuracy).toBe(data.accuracy)
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

  it('come out the same in blocks, log-loss bit for bit', () => {
    const [data] = loadMetricsCases()
    const whole = evaluate(data.logits, data.labels, data.classes)
    const parts = evaluate(data.logits, data.labels, data.classes, 17)
    expect(parts).toEqual({ ...whole, brier: parts.brier, ece: parts.ece })
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
