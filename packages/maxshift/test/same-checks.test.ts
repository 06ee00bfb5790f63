/**
 * Every function of rows makes the same checks of the options that they share, with the same messages; and every function refuses option
 * names that it does not know.
 */
import { describe, expect, it } from 'vitest'
import * as maxshift from '../src/index.ts'
import { bad } from './support/bad.ts'

const logits = Float64Array.of(1, 2, 3, 4)
const more = Float64Array.of(0, 1, 0, 1)
const labels = [0, 1]
const binary = [0, 1, 0, 1]
type Call = (options: object) => unknown

/** Functions that take RowOptions. */
const ofRows: Record<string, Call> = {
  softmax: (o) => maxshift.softmax(logits, o),
  logSoftmax: (o) => maxshift.logSoftmax(logits, o),
  logSumExp: (o) => maxshift.logSumExp(logits, o),
  logSumExpWithSign: (o) => maxshift.logSumExpWithSign(logits, o),
  logMeanExp: (o) => maxshift.logMeanExp(logits, o),
  logCumSumExp: (o) => maxshift.logCumSumExp(logits, o),
  entropy: (o) => maxshift.entropy(logits, o),
  entropyWithGradient: (o) => maxshift.entropyWithGradient(logits, o),
  klDivergence: (o) => maxshift.klDivergence(logits, more, o),
  klDivergenceWithGradient: (o) => maxshift.klDivergenceWithGradient(logits, more, o),
  jsDivergence: (o) => maxshift.jsDivergence(logits, more, o),
  jsDivergenceWithGradient: (o) => maxshift.jsDivergenceWithGradient(logits, more, o),
  softmaxVjp: (o) => maxshift.softmaxVjp(logits, more, o),
  logSoftmaxVjp: (o) => maxshift.logSoftmaxVjp(logits, more, o),
  logSumExpVjp: (o) => maxshift.logSumExpVjp(logits, bad('classes' in o || 'shape' in o ? [1, 1] : 1), o),
  crossEntropy: (o) => maxshift.crossEntropy(logits, labels, o),
  crossEntropyWithGradient: (o) => maxshift.crossEntropyWithGradient(logits, labels, o),
  focalLoss: (o) => maxshift.focalLoss(logits, labels, o),
  focalLossWithGradient: (o) => maxshift.focalLossWithGradient(logits, labels, o),
  perplexity: (o) => maxshift.perplexity(logits, labels, o),
  topK: (o) => maxshift.topK(logits, 1, o),
  sampleCategorical: (o) => maxshift.sampleCategorical(logits, o),
}

const others: Record<string, Call> = {
  linearCrossEntropy: (o) => maxshift.linearCrossEntropy(logits, more, labels, { featureCount: 2, ...o }),
  linearCrossEntropyWithGradient: (o) =>
    maxshift.linearCrossEntropyWithGradient(logits, more, labels, { featureCount: 2, ...o }),
  binaryCrossEntropy: (o) => maxshift.binaryCrossEntropy(logits, binary, o),
  binaryCrossEntropyWithGradient: (o) => maxshift.binaryCrossEntropyWithGradient(logits, binary, o),
  binaryFocalLoss: (o) => maxshift.binaryFocalLoss(logits, binary, o),
  binaryFocalLossWithGradient: (o) => maxshift.binaryFocalLossWithGradient(logits, binary, o),
  perplexityFromLogProbs: (o) => maxshift.perplexityFromLogProbs(logits, o),
  softmaxStream: (o) => maxshift.softmaxStream([logits], o),
  logSoftmaxStream: (o) => maxshift.logSoftmaxStream([logits], o),
  LogSumExpAccumulator: (o) => new maxshift.LogSumExpAccumulator(o),
  sigmoid: (o) => maxshift.sigmoid(logits, o),
  logAddExp: (o) => maxshift.logAddExp(logits, more, o),
  logMix: (o) => maxshift.logMix(more, logits, logits, o),
}

const messages: [options: object, kind: typeof TypeError | typeof RangeError, message: string][] = [
  [{ temprature: 1 }, TypeError, 'expected known option names, got "temprature" (did you mean temperature?)'],
  [{ temperature: 0 }, RangeError, 'expected temperature to be a finite number above 0, got 0'],
  [{ temperature: '1' }, TypeError, 'expected temperature to be a finite number above 0, got "1"'],
  [{ mask: [1, 1, 1, 1] }, TypeError, 'expected mask to be a Uint8Array, got an array of length 4'],
  [{ mask: new Uint8Array(3) }, RangeError, 'expected mask to have one entry per logit, 4 in all, got 3'],
  [{ axis: 0 }, TypeError, 'expected axis only together with shape, got 0 alone'],
  [
    { classes: 2, shape: [2, 2] },
    TypeError,
    'expected either classes or shape, got both (classes = 2, shape = an array of length 2)',
  ],
  [{ shape: [2, 3] }, RangeError, 'expected logits of the shape [2, 3], 6 in all, got 4'],
  [{ shape: [2, 2], axis: 2 }, RangeError, 'expected axis to be an integer in [-2, 1], got 2'],
  [{ classes: 3 }, RangeError, 'expected the length of logits to be a multiple of classes = 3, got 4'],
]

describe.each(Object.entries(ofRows))('%s', (name, call) => {
  it.each(messages)('refuses %j', (options, kind, message) => {
    expect(() => call(options)).toThrow(kind)
    expect(() => call(options)).toThrow(`${name}: ${message}`)
  })
})

it.each(Object.entries({ ...ofRows, ...others }))('%s refuses options that it does not know', (name, call) => {
  expect(() => call({ unheardOf: 1 })).toThrow(TypeError)
  expect(() => call({ unheardOf: 1 })).toThrow(`${name}: expected known option names, got "unheardOf" (known are `)
})

/** The arrays for results, by the functions that take them. */
const receivers: Record<string, readonly string[]> = {
  out: [
    ...['softmax', 'logSoftmax', 'logSumExp', 'logSumExpWithSign', 'logMeanExp', 'logCumSumExp', 'entropy'],
    ...['entropyWithGradient', 'klDivergence', 'jsDivergence', 'softmaxVjp', 'logSoftmaxVjp', 'logSumExpVjp'],
    ...['crossEntropyWithGradient', 'focalLossWithGradient'],
  ],
  aGradient: ['klDivergenceWithGradient', 'jsDivergenceWithGradient'],
  bGradient: ['klDivergenceWithGradient', 'jsDivergenceWithGradient'],
}
const overMask = Object.entries(receivers).flatMap(([option, names]) => names.map((name) => [name, option] as const))

it.each(overMask)('%s does not write %s over the mask', (name, option) => {
  const out = new Float64Array(4)
  const mask = new Uint8Array(out.buffer, 4, 4).fill(1)
  expect(() => ofRows[name]({ classes: 2, mask, [option]: out })).toThrow(
    `${name}: expected ${option} to be apart from the mask, got an overlap at byte 4`,
  )
})
