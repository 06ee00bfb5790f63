/**
 * What `import { softmax } from 'maxshift'` costs a web page: bundled, minified and compressed, kernels included.
 */
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { expect, it } from 'vitest'

const LIMIT = 40 * 1024

it(`softmax takes at most ${LIMIT / 1024} KiB of a bundle`, async () => {
  const entry = 'virtual:entry'
  const bundle = await rolldown({
    input: entry,
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    platform: 'browser',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? "export { softmax } from 'maxshift'" : null),
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true })
  const code = Buffer.from(output[0].code)
  const sizes = {
    minified: code.length,
    gzip: gzipSync(code, { level: 9 }).length,
    brotli: brotliCompressSync(code).length,
  }
  console.log('bundle of softmax, in bytes:', sizes)
  expect(code.toString()).not.toMatch(/node:/)
  expect(sizes.gzip).toBeLessThanOrEqual(LIMIT)
})
