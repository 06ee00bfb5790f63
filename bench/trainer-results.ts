/**
 * What the trainer's question leaves behind in results/trainer.json, one entry per data set, and how it is read again.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { Machine } from './machine.ts'
import type { Spread } from './statistics.ts'
import type { Memory } from './trainer-ours.ts'
import type { SetShape } from './trainer-sets.ts'

export type Library = 'maxshift' | 'scikit-learn' | 'PyTorch'

export type Curve = readonly (readonly [seconds: number, objective: number])[]

/** One way of fitting, and its times in seconds, one per target; null where it did not get there. */
export interface Solver {
  readonly library: Library
  readonly name: string
  readonly threads: number
  readonly reached: readonly (Spread | null)[]
  readonly passes: readonly (number | null)[]
  /** Why it ended, or why it did not run, and after how many seconds. */
  readonly end: string
  readonly seconds: number
  readonly curve?: Curve
}

/** How many times less ours takes, with all threads, than the fastest solver of a library to a target. */
export interface Against extends Spread {
  readonly library: Library
  readonly target: number
  readonly solver: string
}

export interface SetResult extends SetShape {
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly rounds: number
  readonly optimum: number
  /** Ours above the solution of full Newton steps, relative. */
  readonly aboveNewton?: number
  readonly targets: readonly number[]
  readonly solvers: readonly Solver[]
  readonly against: readonly Against[]
  readonly memory?: Memory
  /** One thread's time over that of all, to the last target. */
  readonly scaling?: Spread
  /** Seconds of a pass on one thread, by the kind of features. */
  readonly pass?: Readonly<Record<string, number>>
}

export interface TrainerResult {
  readonly sets: readonly SetResult[]
  readonly missing: readonly { readonly name: string; readonly reason: string }[]
}

export const TRAINER_FILE = new URL('results/trainer.json', import.meta.url)

/** The committed result, if there is one. */
export const readTrainerResult = (): TrainerResult | undefined =>
  existsSync(TRAINER_FILE) ? JSON.parse(readFileSync(TRAINER_FILE, 'utf8')) : undefined
