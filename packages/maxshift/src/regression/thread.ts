/**
 * One more thread running worker.ts: a worker thread in Node, a Web Worker in browsers.
 */

export interface Thread {
  post(message: unknown): void
  /** Lets the process end although this thread has not; needed in Node alone. */
  unref(): void
  /** Stops the thread wherever it is. */
  end(): Promise<unknown>
}

export interface Events {
  /** The thread has begun to work. */
  readonly ready: () => void
  /** The thread has ended for another reason than `end`. */
  readonly died: (reason: Error) => void
}

/** As much of node:worker_threads as is needed. */
interface NodeThreads {
  readonly Worker: new (url: URL, options: { execArgv: string[] }) => NodeWorker
  readonly parentPort: NodePort | null
}
interface NodePort {
  on(event: string, listener: (value: never) => void): void
  postMessage(message: unknown): void
}
interface NodeWorker extends NodePort {
  terminate(): Promise<number>
  unref(): void
}

interface NodeGlobals {
  readonly process?: { getBuiltinModule?(name: string): unknown }
  readonly navigator?: { readonly hardwareConcurrency?: number }
}

/** Asked of the process, not imported: a bundle for browsers must not meet the name. */
const builtin = (name: string): unknown => (globalThis as NodeGlobals).process?.getBuiltinModule?.(name)

export const nodeThreads = (): NodeThreads | undefined => builtin('node:worker_threads') as NodeThreads | undefined

/** Cores that this process may use; 1 where nobody tells. */
export function availableCores(): number {
  const os = builtin('node:os') as { availableParallelism?(): number } | undefined
  return os?.availableParallelism?.() ?? (globalThis as NodeGlobals).navigator?.hardwareConcurrency ?? 1
}

/** Throws where there are no threads. */
export function createThread(events: Events): Thread {
  const node = nodeThreads()
  // Bundlers look for these very words.
  return node
    ? wrapNode(new node.Worker(new URL('./worker.js', import.meta.url), { execArgv: [] }), events)
    : wrapWeb(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }), events)
}

function wrapNode(worker: NodeWorker, { ready, died }: Events): Thread {
  worker.on('message', ready)
  worker.on('error', (error: unknown) => died(failure(error)))
  worker.on('exit', (code: number) => died(failure(`it ended with exit code ${code}`)))
  return {
    post: (message) => worker.postMessage(message),
    unref: () => worker.unref(),
    end: () => worker.terminate(),
  }
}

function wrapWeb(worker: Worker, { ready, died }: Events): Thread {
  worker.onmessage = ready
  worker.onerror = (event) => {
    event.preventDefault()
    died(failure(event.message))
  }
  worker.onmessageerror = () => died(failure('it could not read its data'))
  return {
    post: (message) => worker.postMessage(message),
    unref: () => {},
    end: async () => worker.terminate(),
  }
}

function failure(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`fit: expected worker threads to live until the end, but one died: ${reason}`, { cause })
}
