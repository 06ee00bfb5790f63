/**
 * Scratch memory for rows on their way through the kernels: a stack of bounded size in the memory of the base arena, so that
 * kernels use what lies there without another copy. What does not fit, because rows are very long or calls nest deeply, becomes an
 * ordinary array; where there is no WebAssembly the stack is an ordinary buffer.
 */
import type { FloatArray } from '../arrays.ts'
import { baseArena, SCRATCH_BYTES } from './wasm/arena.ts'

interface Stack {
  readonly buffer: ArrayBuffer
  next: number
  readonly end: number
}

let stack: Stack | undefined

function openStack(): Stack {
  const arena = baseArena()
  return arena === null
    ? { buffer: new ArrayBuffer(SCRATCH_BYTES), next: 0, end: SCRATCH_BYTES }
    : { buffer: arena.memory.buffer as ArrayBuffer, next: arena.next, end: arena.end }
}

/** Calls `use`; the scratch memory that it takes is free again when it ends, also by an error. */
export function withScratch(use: () => void): void {
  stack ??= openStack()
  const mark = stack.next
  try {
    use()
  } finally {
    stack.next = mark
  }
}

/** An array of the dtype of `like`, contents undefined, until the innermost withScratch around the call ends. */
export function takeScratch(like: FloatArray, length: number): FloatArray {
  stack ??= openStack()
  const bytes = Math.ceil((length * like.BYTES_PER_ELEMENT) / 64) * 64
  const Type = like instanceof Float32Array ? Float32Array : Float64Array
  if (stack.end - stack.next < bytes) return new Type(length)
  const address = stack.next
  stack.next += bytes
  return new Type(stack.buffer, address, length)
}
