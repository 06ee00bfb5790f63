/**
 * Lets others run during a long computation: timers, signals and input are served, an abort is noticed.
 *
 * The turn of the event loop is taken through a message channel, because timers are slowed down in browsers, in
 * background tabs to one per second.
 */
import type { AbortSignalLike } from '../abort.ts'

/** Longest time without a turn, in milliseconds, if asked often enough. */
const PATIENCE = 30

/** Rejects with the reason of the signal once it is aborted; otherwise resolves, after a turn of the event loop if one is due. */
export type Pause = () => Promise<void>

export function createPause(signal: AbortSignalLike | undefined): Pause {
  let last = performance.now()
  return async () => {
    signal?.throwIfAborted()
    if (performance.now() - last < PATIENCE) return
    await turn()
    last = performance.now()
    signal?.throwIfAborted()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
