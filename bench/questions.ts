/**
 * The questions: one operation each, with what is expected of it. Results go to results/<file>.json.
 */
import type { Operation, Problem } from './problem.ts'
import { expected as crossEntropy } from './questions/cross-entropy.ts'
import { expected as crossEntropyWithGradient } from './questions/cross-entropy-gradient.ts'
import { expected as logSoftmax } from './questions/log-softmax.ts'
import { expected as logSumExp } from './questions/log-sum-exp.ts'
import { expected as softmax } from './questions/softmax.ts'
import type { Expected } from './validate.ts'

export interface Question {
  readonly file: string
  readonly operation: Operation
  readonly expected: (problem: Problem) => Expected
}

export const QUESTIONS: readonly Question[] = [
  { file: 'softmax', operation: 'softmax', expected: softmax },
  { file: 'log-softmax', operation: 'logSoftmax', expected: logSoftmax },
  { file: 'log-sum-exp', operation: 'logSumExp', expected: logSumExp },
  { file: 'cross-entropy', operation: 'crossEntropy', expected: crossEntropy },
  { file: 'cross-entropy-gradient', operation: 'crossEntropyWithGradient', expected: crossEntropyWithGradient },
]
