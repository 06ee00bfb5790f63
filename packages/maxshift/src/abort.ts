/**
 * What is used of an AbortSignal, so that the types of this library need neither those of browsers nor those of Node.
 */

/** An AbortSignal, as AbortController gives it. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason: unknown
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}
