/**
 * The matrix products of the linear pass in WebAssembly: a module and a memory of their own, apart from those of softmax.
 */
import { createReferenceMemory } from '../js/linear-products.ts'
import type { LinearMemory, LinearProducts } from '../linear-products.ts'
import { LINEAR_BINARY } from './linear.generated.ts'
import { decode } from './module.ts'

const PAGE = 65536

let linearModule: WebAssembly.Module | null | undefined

/** Compiled on first use, once; null where WebAssembly is missing or forbidden. */
function loadModule(): WebAssembly.Module | null {
  if (linearModule === undefined) {
    try {
      linearModule = new WebAssembly.Module(decode(LINEAR_BINARY))
    } catch {
      linearModule = null // as for the other kernels: the reference gives the same bits
    }
  }
  return linearModule
}

/**
 * `bytes` zeroed bytes and the kernels over them, in WebAssembly where it is to be had. The memory is freed with the last
 * reference to it. Throws RangeError without memory.
 */
export function createLinearMemory(bytes: number): LinearMemory {
  const module = loadModule()
  if (module === null) return createReferenceMemory(bytes)
  try {
    const pages = Math.ceil(bytes / PAGE)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as LinearProducts
    return { name: 'wasm', buffer: memory.buffer as ArrayBuffer, kernels }
  } catch {
    return createReferenceMemory(bytes) // engines limit how many memories there are, and how large
  }
}
