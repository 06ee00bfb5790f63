/**
 * Threads that work on one job together with the calling thread. Chunks are handed out one by one through a number in shared memory,
 * so the fast take more than the slow, and nobody waits for a thread that is not there yet.
 *
 * The ticket is round · 2^12 + chunks that are left; who replaces it by one less has a chunk. Rounds are counted, so a thread that
 * slept through one cannot take the ticket of another.
 */
import { createRunner, type Job, type Runner } from './job.ts'
import type { Pause } from './pause.ts'
import { createThread, type Thread } from './thread.ts'

/** Places in the control: the ticket, the number of chunks of the round, its stage, and how many chunks are done. */
export const TICKET = 0
export const CHUNKS = 1
export const STAGE = 2
export const DONE = 3
export const CONTROL_LENGTH = 4

/** The ticket of a job that is over: threads leave it. */
export const OVER = -1

/** Chunks per round are fewer. */
export const ROUND = 2 ** 12
/** Rounds are counted modulo this, so that a ticket is an int32. */
const ROUNDS = 2 ** 19

/** What a worker is sent, once. */
export interface Assignment {
  readonly job: Job
  readonly control: Int32Array
}

/** Takes a chunk of the current round: [stage, chunk, round], or undefined where none is left. */
export function takeChunk(control: Int32Array): [stage: number, chunk: number, round: number] | undefined {
  for (;;) {
    const ticket = Atomics.load(control, TICKET)
    const left = ticket % ROUND
    if (left <= 0) return undefined
    if (Atomics.compareExchange(control, TICKET, ticket, ticket - 1) !== ticket) continue
    // The round cannot end before this chunk, so what belongs to it stays.
    return [control[STAGE], control[CHUNKS] - left, (ticket - left) / ROUND]
  }
}

/** Reports a chunk that takeChunk gave. */
export function finishChunk(control: Int32Array): void {
  Atomics.add(control, DONE, 1)
  Atomics.notify(control, DONE)
}

export class Team {
  private readonly runner: Runner
  private readonly control: Int32Array
  private threads: Thread[] = []
  private round = 0
  private failure: Error | undefined
  private ready = 0

  /** `own` is the job as this thread sees it, `shared` as the others do; `others` is how many there are to be. */
  constructor(own: Job, shared: Job | undefined, others: number) {
    this.runner = createRunner(own)
    const bytes = CONTROL_LENGTH * 4
    this.control = new Int32Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes))
    if (shared) for (let i = 0; i < others; i++) this.start({ job: shared, control: this.control })
  }

  /** Threads that have begun to work, this one included. */
  get size(): number {
    return 1 + this.ready
  }

  /**
   * Computes a stage: chunks from 0 to `shared` by whoever is free, those from there to `chunks` by this thread. Rejects with what
   * `pause` throws, and with the reason of a thread that has died.
   */
  async run(stage: number, shared: number, chunks: number, pause: Pause): Promise<void> {
    const { control, runner } = this
    this.round = (this.round % (ROUNDS - 1)) + 1
    control[STAGE] = stage
    control[CHUNKS] = shared
    control[DONE] = 0
    Atomics.store(control, TICKET, this.round * ROUND + shared)
    Atomics.notify(control, TICKET)
    const compute = async (chunk: number): Promise<void> => {
      for (const _ of runner.run(stage, chunk, this.round)) await this.look(pause)
    }
    for (let chunk = shared; chunk < chunks; chunk++) await compute(chunk)
    for (let taken = takeChunk(control); taken; taken = takeChunk(control)) {
      await compute(taken[1])
      finishChunk(control)
    }
    for (let done = Atomics.load(control, DONE); done < shared; done = Atomics.load(control, DONE)) {
      await waitBriefly(control, done)
      await this.look(pause)
    }
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    const { threads } = this
    this.threads = []
    await Promise.all(threads.map((thread) => thread.end()))
  }

  private async look(pause: Pause): Promise<void> {
    await pause()
    if (this.failure) throw this.failure
  }

  /** A thread that cannot even begin, because its script is not where it should be or memory is short, is done without. */
  private start(assignment: Assignment): void {
    let ready = false
    try {
      const thread = createThread({
        ready: () => {
          ready = true
          this.ready++
        },
        died: (reason) => {
          if (ready && this.threads.includes(thread)) this.failure ??= reason
        },
      })
      this.threads.push(thread)
      thread.post(assignment)
    } catch {}
  }
}

/** Milliseconds until somebody looks again; who finishes a chunk ends the wait. */
const WAIT = 2

/** Waits for the number of chunks that are done to change: asleep where this thread may, else by a turn of the event loop. */
function waitBriefly(control: Int32Array, done: number): Promise<void> | void {
  try {
    Atomics.wait(control, DONE, done, WAIT)
  } catch {
    return new Promise((resolve) => setTimeout(resolve))
  }
}
