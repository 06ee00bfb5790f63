/**
 * When a fit writes checkpoints, what is in them besides the state of the solver, and whether one that is given is of this fit.
 */

import { checkInteger, checkOptions, describe } from '../check.ts'
import type { Features } from '../kernels/kernels.ts'
import { decodeCheckpoint, encodeCheckpoint, type Tensors, type Traits } from './checkpoint.ts'
import { type CsrFeatures, isSparse } from './data.ts'
import { Fingerprint } from './fingerprint.ts'
import type { FitSettings } from './options.ts'
import type { Pause } from './pause.ts'
import type { Penalty } from './penalty.ts'
import type { Training } from './training.ts'
import type { Watch } from './watch.ts'

/** Where an interrupted fit can go on from. */
export interface Checkpoint {
  /** After every so many steps, ≥ 1 (epochs of solver 'sgd'). */
  readonly every: number
  /**
   * Keeps the bytes of a checkpoint, which are its own: all that `resume` needs besides the same data and options. The fit waits for it,
   * and rejects with what it throws. To have the last checkpoint or the one before whatever happens, write beside and rename.
   */
  readonly save: (bytes: Uint8Array<ArrayBuffer>) => void | Promise<void>
}

const MOST = 2 ** 31 - 1

export function checkCheckpoint(who: string, given: Checkpoint | undefined): Checkpoint | undefined {
  if (given === undefined) return undefined
  const { every, save } = checkOptions(who, given, ['every', 'save'], 'checkpoint')
  checkInteger(who, 'checkpoint.every', every, 1, MOST)
  if (typeof save === 'function') return { every, save }
  throw new TypeError(`${who}: expected checkpoint.save to be a function, got ${describe(save)}`)
}

export class Checkpoints {
  /** What the fit goes on from, if it does. */
  readonly resumed: Tensors | undefined
  private readonly traits: Traits
  private readonly checkpoint: Checkpoint | undefined
  private readonly watch: Watch

  private constructor(traits: Traits, resumed: Tensors | undefined, checkpoint: Checkpoint | undefined, watch: Watch) {
    this.traits = traits
    this.resumed = resumed
    this.checkpoint = checkpoint
    this.watch = watch
  }

  /** undefined where neither `checkpoint` nor `resume` is given. Throws for a checkpoint of another fit, and a damaged one. */
  static async prepare(
    who: string,
    training: Training,
    settings: FitSettings,
    penalty: Penalty,
    watch: Watch,
    pause: Pause,
  ): Promise<Checkpoints | undefined> {
    const { checkpoint, resume } = settings
    if (checkpoint === undefined && resume === undefined) return undefined
    const traits = await traitsOf(training, settings, penalty, pause)
    const resumed = resume === undefined ? undefined : await decodeCheckpoint(who, resume, traits)
    if (resumed) watch.restore(who, resumed)
    return new Checkpoints(traits, resumed, checkpoint, watch)
  }

  /**
   * Called after every step that the watch was told of. Saves if it is time to, and where a fit ends that could go on: after `last` steps, or
   * because somebody wanted it to end. Not where the validation rows ended it.
   */
  async offer(last: number, encode: () => Tensors): Promise<void> {
    const { checkpoint, watch, traits } = this
    if (checkpoint === undefined || watch.ended === 'early-stopped') return
    const steps = watch.history.length
    const interrupted = watch.ended === 'stopped' || watch.ended === 'time-limit' || steps === last
    if (steps % checkpoint.every !== 0 && !interrupted) return
    await checkpoint.save(await encodeCheckpoint(traits, new Map([...watch.save(), ...encode()])))
  }
}

/**
 * What makes a fit this one and no other. When and how it ends (tolerance, maxIterations, maxSeconds) and who is told is left out: a fit
 * may go on further than it was meant to.
 */
async function traitsOf(
  { data, labels }: Training,
  settings: FitSettings,
  penalty: Penalty,
  pause: Pause,
): Promise<Traits> {
  const hash = async (...arrays: (ArrayBufferView | undefined)[]): Promise<string> => {
    const fingerprint = new Fingerprint()
    for (const array of arrays) await fingerprint.add(array, pause)
    return fingerprint.digest
  }
  const names = new Fingerprint()
  for (const name of labels.classNames) names.addText(`${typeof name} ${name}`)
  const { features, rows, featureCount, classes, offset } = data
  const { start, solver, intercept, seed, sgd, validation } = settings
  const watched = validation?.data
  return new Map([
    ['rows', String(rows)],
    ['featureCount', String(featureCount)],
    ['classes', String(classes)],
    ['solver', solver],
    ['intercept', String(intercept)],
    ...(solver === 'sgd' ? [['sgd', JSON.stringify({ seed, ...sgd })] as const] : []),
    ['classNames', names.digest],
    ['features', await hash(...partsOf(features))],
    ['labels', await hash(data.labels, data.targets)],
    ['weights', await hash(data.weights)],
    ['offset', await hash(offset)],
    ['penalty', await hash(penalty.l2, penalty.l1)],
    ['warmStart', await hash(start?.weights, start?.intercepts)],
    [
      'validation',
      await hash(...(watched ? partsOf(watched.features) : []), watched?.labels, watched?.weights, watched?.offset),
    ],
    ['patience', String(validation?.patience)],
  ])
}

/** The arrays that features are made of. */
const partsOf = (features: Features | CsrFeatures): ArrayBufferView[] =>
  isSparse(features) ? [features.indptr, features.indices, features.values] : [features]
