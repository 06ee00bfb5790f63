/**
 * Kernel memory and where there is none: arrays of `alloc`, many calls, arrays of every kind, and engines without WebAssembly.
 */
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { alloc, backend, crossEntropy, crossEntropyWithGradient, logSumExp, softmax } from '../src/index.ts'
import { baseArena } from '../src/kernels/wasm/arena.ts'
import { bad } from './support/bad.ts'
import { seededRandom } from './support/random.ts'

describe('alloc', () => {
  it('gives zeroed arrays that behave like any other', () => {
    const array = alloc('float32', 10)
    expect(array).toBeInstanceOf(Float32Array)
    expect([...array]).toEqual(new Array(10).fill(0))
    expect(alloc('float64', 3)).toBeInstanceOf(Float64Array)
    expect(alloc('float64', 0)).toHaveLength(0)
    expect([...softmax(array.subarray(2, 4))]).toEqual([0.5, 0.5])
  })
  it('keeps arrays apart', () => {
    const arrays = Array.from({ length: 50 }, (_, i) => alloc('float64', 1000 + i).fill(i))
    for (const [i, array] of arrays.entries()) expect(array.every((x) => x === i)).toBe(true)
  })
  it('gives arrays larger than an arena', () => {
    const large = alloc('float32', 20_000_000)
    expect(large).toHaveLength(20_000_000)
    expect(large[19_999_999]).toBe(0)
  })
  it('gives arrays beyond 2 GiB, and small ones after one that was refused', () => {
    const huge = alloc('float32', 2 ** 29 + 1000)
    const end = huge.subarray(2 ** 29 + 980)
    expect(end.byteOffset).toBeGreaterThan(2 ** 31)
    end.set(Array.from({ length: 20 }, (_, i) => i))
    expect([...softmax(end)]).toEqual([...softmax(Float32Array.from(end))])
    try {
      alloc('float64', 2 ** 29 - 2 ** 21) // nearly 4 GiB: engines may refuse it
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
      expect((error as Error).message).toMatch(/^alloc: expected room for 534773760 entries of float64/)
    }
    expect(alloc('float32', 10)).toHaveLength(10)
  })
  it.each([
    [() => alloc(bad('int8'), 1), RangeError, "alloc: expected type to be one of 'float32', 'float64', got \"int8\""],
    [() => alloc(bad(4), 1), TypeError, "alloc: expected type to be one of 'float32', 'float64', got 4"],
    [() => alloc('float32', -1), RangeError, /^alloc: expected length to be an integer in \[0, \d+\], got -1$/],
    [() => alloc('float32', 1.5), RangeError, /got 1\.5$/],
    [
      () => alloc('float64', 2 ** 40),
      RangeError,
      /^alloc: expected length to be an integer in \[0, \d+\], got 1099511627776$/,
    ],
    [() => alloc('float64', bad('3')), TypeError, 'alloc: expected length to be an integer, got "3"'],
  ] as const)('refuses %#', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(message)
  })
})

describe('many calls', () => {
  it('10 000 calls of mixed sizes leave the memory of the kernels as it was', () => {
    const random = seededRandom(3)
    const size = baseArena()?.memory.buffer.byteLength
    const logits = Float32Array.from({ length: 20_000 }, () => random.normal())
    const out = new Float32Array(20_000)
    for (let i = 0; i < 10_000; i++) {
      const classes = 1 + random.below(i % 100 === 0 ? 2000 : 50)
      const rows = 1 + random.below(i % 100 === 0 ? 10 : 5)
      softmax(logits.subarray(0, rows * classes), { classes, out, mode: i % 2 === 0 ? 'fast' : 'accurate' })
    }
    expect(baseArena()?.memory.buffer.byteLength).toBe(size)
  })
  it('memory of dropped arrays is given back', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    // Four of them fill an arena, so these are two arenas.
    const buffers = Array.from({ length: 6 }, (_, i) => {
      const array = alloc('float32', 17_000_000)
      softmax(array.subarray(0, 1000), { out: array.subarray(0, 1000) })
      array[i] = 1
      return new WeakRef(array.buffer)
    })
    for (let i = 0; i < 10 && buffers.some((buffer) => buffer.deref() !== undefined); i++) {
      await setTimeout(10) // WeakRefs hold on until the end of the current task
      collect()
    }
    expect(buffers.filter((buffer) => buffer.deref() !== undefined)).toEqual([])
  })
})

describe('kinds of arrays', () => {
  const values = Float64Array.from({ length: 300 }, (_, i) => Math.sin(i))
  it('memory shared between threads is read and written like any other', () => {
    const shared = new Float64Array(new SharedArrayBuffer(300 * 8))
    shared.set(values)
    expect([...softmax(shared, { classes: 3 })]).toEqual([...softmax(values, { classes: 3 })])
    softmax(shared, { classes: 3, out: shared })
    expect([...shared]).toEqual([...softmax(values, { classes: 3 })])
  })
  it('shared labels and a shared gradient', () => {
    const labels = new Int32Array(new SharedArrayBuffer(400)).fill(1)
    const out = new Float64Array(new SharedArrayBuffer(300 * 8))
    const expected = crossEntropyWithGradient(values, new Int32Array(100).fill(1))
    expect(crossEntropyWithGradient(values, labels, { out }).loss).toBe(expected.loss)
    expect([...out]).toEqual([...expected.gradient])
  })
  it('arrays at odd places of a buffer', () => {
    const placed = new Float64Array(new ArrayBuffer(8 * 303), 24, 300)
    placed.set(values)
    expect(logSumExp(placed)).toBe(logSumExp(values))
  })
  it.each([
    ['bytes', new Uint8Array(3), 'Uint8Array of length 3'],
    ['integers', new Int32Array(3), 'Int32Array of length 3'],
    ['big integers', new BigInt64Array(3), 'BigInt64Array of length 3'],
    ['a buffer', new ArrayBuffer(8), 'ArrayBuffer'],
    [
      '16-bit floats, where they exist',
      'Float16Array' in globalThis ? new (bad(globalThis).Float16Array)(3) : new Uint16Array(3),
      /Array of length 3/,
    ],
  ])('refuses %s as logits', (_, logits, description) => {
    expect(() => softmax(bad(logits))).toThrow(TypeError)
    expect(() => softmax(bad(logits))).toThrow(description)
  })
  it('labels may be integers of any width', () => {
    const expected = crossEntropy(values, new Array(100).fill(2), { classes: 3 })
    for (const Type of [Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Uint8ClampedArray]) {
      expect(crossEntropy(values, new Type(100).fill(2), { classes: 3 })).toBe(expected)
    }
    expect(() => crossEntropy(values, bad(new BigInt64Array(100)), { classes: 3 })).toThrow(TypeError)
  })
})

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })
  const logits = Float32Array.from({ length: 5000 }, (_, i) => 10 * Math.sin(i))
  const labels = Int32Array.from({ length: 50 }, (_, i) => i)

  it.each([
    ['missing', undefined],
    [
      'forbidden by a content-security policy',
      {
        ...WebAssembly,
        Module: class {
          constructor() {
            throw new WebAssembly.CompileError('Wasm code generation disallowed by embedder')
          }
        },
      },
    ],
  ])('%s, the reference serves with the same bits', async (_, replacement) => {
    const expected = crossEntropyWithGradient(logits, labels)
    vi.stubGlobal('WebAssembly', replacement)
    vi.resetModules()
    const fresh = await import('../src/index.ts')
    expect(fresh.backend()).toEqual({ accurate: 'typescript', fast: 'typescript' })
    expect(fresh.crossEntropyWithGradient(logits, labels)).toEqual(expected)
    expect([...fresh.softmax(logits, { classes: 100, mode: 'fast' })]).toEqual([...softmax(logits, { classes: 100 })])
    expect(fresh.alloc('float32', 4)).toEqual(new Float32Array(4))
  })
  it('a second copy of the library has memory of its own', async () => {
    const mine = alloc('float32', 2000).fill(1)
    vi.resetModules()
    const other = await import('../src/index.ts')
    expect([...other.softmax(mine, { classes: 2000 })]).toEqual([...softmax(mine, { classes: 2000 })])
    expect([...softmax(other.alloc('float32', 500))]).toEqual(new Array(500).fill(Math.fround(1 / 500)))
  })
})

describe('backend', () => {
  it('tells what this engine has', () => {
    expect(backend().accurate).toBe('wasm-simd')
    expect(['wasm-simd', 'wasm-relaxed-simd']).toContain(backend().fast)
  })
})
