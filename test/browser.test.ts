/**
 * The same bits in a real browser: the built library in Chromium against this Node, in accurate mode, WebAssembly and all, and the trainer
 * with Web Workers.
 *
 * Skipped, aloud, where there is no Chromium (CHROMIUM names it, /usr/bin/chromium by default).
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as library from 'maxshift'
import * as regression from 'maxshift/regression'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const dist = fileURLToPath(new URL('../packages/maxshift/dist/', import.meta.url))

/** Runs in both engines: logits of all sizes, made of integers so that no engine's Math takes part; results as 32-bit words. */
function results({ softmax, logSoftmax, logSumExp, crossEntropyWithGradient, backend }: typeof library): {
  words: number[]
  backend: library.Backend
} {
  const words: number[] = []
  const keep = (array: Float32Array | Float64Array): void => {
    words.push(...new Uint32Array(array.buffer, array.byteOffset, array.byteLength / 4))
  }
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2 ** 26
  }
  for (const classes of [1, 2, 3, 10, 17, 64, 65, 1000, 5000]) {
    for (const Type of [Float32Array, Float64Array]) {
      const logits = new Type(classes * 5).map(next)
      const labels = Int32Array.of(0, classes - 1, classes >> 1, 0, classes - 1)
      keep(softmax(logits, { classes }))
      keep(logSoftmax(logits, { classes }))
      keep(logSumExp(logits, { classes }))
      const { loss, gradient } = crossEntropyWithGradient(logits, labels, { classes })
      keep(Float64Array.of(loss))
      keep(gradient)
    }
  }
  return { words, backend: backend() }
}

const digest = (words: number[]): string => createHash('sha256').update(Uint32Array.from(words)).digest('hex')

let server: Server
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname)
    const file = join(dist, path)
    const isScript = path.endsWith('.js') && existsSync(file)
    // Pages that are isolated from other origins have SharedArrayBuffer.
    response.setHeader('cross-origin-opener-policy', 'same-origin')
    response.setHeader('cross-origin-embedder-policy', 'require-corp')
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? readFileSync(file) : '<!doctype html><title>maxshift</title>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => server.close())

const missing = !existsSync(executablePath)
if (missing) console.warn(`no Chromium at ${executablePath}: the test in a browser is skipped`)

/** Trains on rows made of integers, enough for threads, and returns words of the weights and what the report tells. */
async function train(
  { SoftmaxRegression }: typeof import('maxshift/regression'),
  threads: number,
): Promise<{ words: number[]; objective: number; ready: number }> {
  // Workers that have begun to work, where they are those of browsers.
  let ready = 0
  const Original = globalThis.Worker
  if (Original !== undefined) {
    globalThis.Worker = class extends Original {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options)
        this.addEventListener('message', () => ready++)
      }
    }
  }
  const [rows, columns, classes] = [9000, 120, 17]
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state >>> 16
  }
  const labels = Int32Array.from({ length: rows }, () => next() % classes)
  const signal = (i: number): number => (i % columns === labels[Math.floor(i / columns)] ? next() % 30 : 0)
  const features = Float32Array.from({ length: rows * columns }, (_, i) => ((next() % 50) + signal(i)) / 64)
  const { weights, report } = await SoftmaxRegression.fit(features, labels, { threads, tolerance: 1e-7 })
  return {
    words: [...new Uint32Array(weights.buffer, weights.byteOffset, 2 * weights.length)],
    objective: report.objective,
    ready,
  }
}

async function inChromium<T>(script: string): Promise<T> {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    return (await page.evaluate(script)) as T
  } finally {
    await browser.close()
  }
}

it.skipIf(missing)('Chromium returns the bits of Node', async () => {
  const there = await inChromium<ReturnType<typeof results>>(`import('/index.js').then(${results.toString()})`)
  const here = results(library)
  expect(there.backend.accurate).toBe('wasm-simd')
  expect(there.words.length).toBe(here.words.length)
  expect(digest(there.words)).toBe(digest(here.words))
})

it.skipIf(missing)('Chromium trains with Web Workers to the bits of Node', async () => {
  const script = `import('/regression/index.js').then(async (door) => await (${train.toString()})(door, 2))`
  const there = await inChromium<Awaited<ReturnType<typeof train>>>(script)
  const here = await train(regression, 1)
  expect(there.ready).toBe(1)
  expect(there.objective).toBe(here.objective)
  expect(there.words.length).toBe(2 * 120 * 17)
  expect(digest(there.words)).toBe(digest(here.words))
})
