/**
 * The options of stochastic gradient descent: what they mean, what they are by default, and what they may be.
 */
import { checkChoice, checkFlag, checkInteger, checkNumber, checkOptions } from '../check.ts'
import { SCHEDULES, type Schedule } from '../optim/schedule.ts'

/** How solver 'sgd' runs through the rows; the rule is v ← momentum·v + g, x ← x − rate·(g + momentum·v), with g of one batch. */
export interface SgdOptions {
  /** Rows of a batch, ≥ 1. Default 256, or all rows if there are fewer. What remains of an epoch counts in proportion to its rows. */
  readonly batchSize?: number
  /** How often to go through all rows, ≥ 1. Default 10, in fitStream 1. */
  readonly epochs?: number
  /**
   * The rate of the first epoch, > 0, in units of 1/L: L is the largest curvature of the objective at zero weights, estimated from up to
   * 4096 rows, where columns count in units of their spread; or R/(8·batchSize·(1 − momentum)) where that is more, with R the mean square of a
   * row, because batches of few rows disagree. So the default 0.5 does not depend on the units of the features, and from about 1.5
   * on steps overshoot.
   */
  readonly learningRate?: number
  /** In [0, 1). Default 0.9; 0 is plain gradient descent. */
  readonly momentum?: number
  /**
   * What becomes of the rate in epoch e = 0, 1, … of E: 'cosine' (default) times ½(1 + cos(π·e/E)), 'inverse' times 1/(1 + e),
   * 'step' times 0.1 from half of the epochs on and 0.01 from three quarters on, 'constant' nothing.
   */
  readonly schedule?: Schedule
  /**
   * Whether the model is a mean of the weights after all steps, later ones counting more, x̄ ← x̄ + 4/(t + 3)·(x − x̄), instead of the last
   * ones. Default true where the rate never falls (one epoch, or schedule 'constant'), else false.
   */
  readonly averaging?: boolean
}

/** The options with their defaults, checked. */
export type SgdSettings = Required<SgdOptions>

const KNOWN: readonly (keyof SgdOptions)[] = [
  'batchSize',
  'epochs',
  'learningRate',
  'momentum',
  'schedule',
  'averaging',
]
const MOST = 2 ** 31 - 1
const MOST_BATCH = 2 ** 24

export function checkSgdOptions(who: string, options: SgdOptions | undefined, defaultEpochs: number): SgdSettings {
  const given = checkOptions(who, options, KNOWN, 'sgd')
  const { batchSize = 256, epochs = defaultEpochs, learningRate = 0.5, momentum = 0.9, schedule = 'cosine' } = given
  checkInteger(who, 'sgd.batchSize', batchSize, 1, MOST_BATCH)
  checkInteger(who, 'sgd.epochs', epochs, 1, MOST)
  checkNumber(who, 'sgd.learningRate', learningRate, 'above 0 and finite', (x) => x > 0 && x < Infinity)
  checkNumber(who, 'sgd.momentum', momentum, 'in [0, 1)', (x) => x >= 0 && x < 1)
  checkChoice(who, 'sgd.schedule', schedule, SCHEDULES)
  const settled = epochs === 1 || schedule === 'constant'
  const averaging = given.averaging === undefined ? settled : checkFlag(who, 'sgd.averaging', given.averaging)
  return { batchSize, epochs, learningRate, momentum, schedule, averaging }
}
