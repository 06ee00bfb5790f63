/**
 * The sparse products in WebAssembly, once for memory of one thread and once for memory that threads share: a module can take only one
 * of them. That is the only difference, so the bits are the same.
 */
import { createSparseReference } from '../js/sparse-products.ts'
import type { SparseMemory, SparseProducts } from '../sparse-products.ts'
import { decode } from './module.ts'
import { SHARED_SPARSE_BINARY, SPARSE_BINARY } from './sparse.generated.ts'

/** What a memory is passed around as; to other threads too, if it is shared. A plain buffer is served by the reference. */
export type SparseHandle = WebAssembly.Memory | ArrayBufferLike

const PAGE = 65536

const modules: (WebAssembly.Module | null | undefined)[] = []

/** Compiled on first use, once; null where WebAssembly, or threads for it, are missing or forbidden. */
function loadModule(shared: boolean): WebAssembly.Module | null {
  const kind = Number(shared)
  let module = modules[kind]
  if (module === undefined) {
    try {
      module = new WebAssembly.Module(decode(shared ? SHARED_SPARSE_BINARY : SPARSE_BINARY))
    } catch {
      module = null // as for the other kernels: the reference gives the same bits
    }
    modules[kind] = module
  }
  return module
}

/** `bytes` zeroed bytes, freed with the last reference to them. Throws RangeError without memory. */
export function allocateSparse(bytes: number, shared: boolean): SparseHandle {
  if (loadModule(shared) !== null) {
    const pages = Math.ceil(bytes / PAGE)
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages, shared })
    } catch {
      // engines limit how many memories there are, and how large
    }
  }
  const length = Math.ceil(bytes / 8) * 8
  return shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length)
}

/** The kernels over a memory. */
export function openSparse(handle: SparseHandle): SparseMemory {
  if (!(handle instanceof WebAssembly.Memory)) return createSparseReference(handle)
  const { buffer } = handle
  const module = loadModule(typeof SharedArrayBuffer === 'function' && buffer instanceof SharedArrayBuffer)
  // A thread that cannot compile what another could is still able to compute.
  if (module === null) return createSparseReference(buffer)
  const kernels = new WebAssembly.Instance(module, { env: { memory: handle } }).exports as unknown as SparseProducts
  return { name: 'wasm', buffer, kernels }
}
