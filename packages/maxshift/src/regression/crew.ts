/**
 * Threads for calls that return their result at once. Node starts and runs worker threads while the calling thread is busy; only news
 * of a death would need its event loop. So nothing is waited for: once all chunks are taken, the calling thread computes those that are
 * not finished as well, and a thread that is late, never starts or dies costs a chunk, but no bit of the result.
 *
 * Threads take 45 ms to start. They are kept for the next call, without keeping the process alive, and end once there was none for a while.
 */
import { createRunner } from './job.ts'
import type { PredictionJob } from './prediction-job.ts'
import { CHUNKS, CONTROL_LENGTH, OVER, ROUND, STAGE, TICKET, takeChunk } from './team.ts'
import { createThread, nodeThreads, type Thread } from './thread.ts'

/** Milliseconds for which idle threads are kept. */
const KEPT = 500

const crew = new Set<Thread>()
let dismissal: ReturnType<typeof setTimeout> | undefined

/** Whether a call may have other threads at all: in Node, where memory can be shared. */
export const canHaveCrew = (): boolean => typeof SharedArrayBuffer === 'function' && nodeThreads() !== undefined

/** Computes a stage of a job together with `others` threads at most, which get the job as `theirs`. */
export function runWithCrew(own: PredictionJob, theirs: PredictionJob, others: number, stage: number): void {
  const { finished } = own
  const chunks = finished.length
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_LENGTH * 4))
  control[STAGE] = stage
  control[CHUNKS] = chunks
  Atomics.store(control, TICKET, ROUND + chunks)
  try {
    summon(Math.min(others, chunks - 1), { job: theirs, control })
    const runner = createRunner(own)
    const compute = (chunk: number): void => {
      for (const _ of runner.run(stage, chunk, 1));
    }
    for (let taken = takeChunk(control); taken; taken = takeChunk(control)) compute(taken[1])
    for (let chunk = 0; chunk < chunks; chunk++) if (Atomics.load(finished, chunk) === 0) compute(chunk)
  } finally {
    Atomics.store(control, TICKET, OVER)
    Atomics.notify(control, TICKET)
    clearTimeout(dismissal)
    dismissal = setTimeout(dismiss, KEPT)
    ;(dismissal as { unref?(): void }).unref?.()
  }
}

/** Gives the assignment to so many threads, or to fewer where they cannot be made. */
function summon(count: number, assignment: unknown): void {
  try {
    while (crew.size < count) {
      const thread: Thread = createThread({ ready: () => {}, died: () => crew.delete(thread) })
      thread.unref()
      crew.add(thread)
    }
  } catch {}
  let given = 0
  for (const thread of crew) if (given++ < count) thread.post(assignment)
}

function dismiss(): void {
  for (const thread of crew) thread.end()
  crew.clear()
}
