/**
 * What a thread runs (team.ts, crew.ts): takes chunks of the job that it is sent, and sleeps where there are none, until the job is over;
 * then it waits for the next. A team ends its threads instead.
 */
import { createRunner } from './job.ts'
import { type Assignment, finishChunk, OVER, ROUND, TICKET, takeChunk } from './team.ts'
import { nodeThreads } from './thread.ts'

function work({ job, control }: Assignment): void {
  const runner = createRunner(job)
  for (;;) {
    const ticket = Atomics.load(control, TICKET)
    if (ticket === OVER) return
    if (ticket % ROUND === 0) Atomics.wait(control, TICKET, ticket)
    const taken = takeChunk(control)
    if (taken === undefined) continue
    // A thread of its own needs no pauses.
    for (const _ of runner.run(...taken));
    finishChunk(control)
  }
}

const port = nodeThreads()?.parentPort
if (port) {
  port.on('message', (assignment: Assignment) => {
    port.postMessage('ready')
    work(assignment)
  })
} else {
  globalThis.onmessage = ({ data }: MessageEvent<Assignment>) => {
    globalThis.postMessage('ready')
    work(data)
  }
}
