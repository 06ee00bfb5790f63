/**
 * What `import { softmax } from 'maxshift'` costs a web page: bundled, minified and compressed, kernels included; and what a function
 * without kernels costs, which must not bring them along.
 */
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { expect, it } from 'vitest'

it.each([
  ['softmax', 40],
  ['sigmoid', 8],
  ['logMix', 10],
])('%s takes at most %d KiB of a bundle', async (name, limit) => {
  const entry = 'virtual:entry'
  const bundle = await rolldown({
    input: entry,
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    platform: 'browser',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? `export { ${name} } from 'maxshift'` : null),
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
  console.log(`bundle of ${name}, in bytes:`, sizes)
  expect(code.toString()).not.toMatch(/node:/)
  expect(sizes.gzip).toBeLessThanOrEqual(limit * 1024)
})
