/**
 * Compiles the AssemblyScript kernels and writes them, in hexadecimal, into kernels/wasm/binary.generated.ts, so that browsers
 * and bundlers need no loader. (Hexadecimal is longer than base64, but compresses to three quarters of it.) Two modules: all
 * kernels with plain SIMD, and fast mode with relaxed SIMD.
 *
 * Does nothing if the generated file is newer than the sources.
 */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('../packages/maxshift/src/kernels/wasm/', import.meta.url))
const target = `${folder}binary.generated.ts`

const sources = readdirSync(`${folder}assembly`).map((name) => `${folder}assembly/${name}`)
const changed = (file) => statSync(file).mtimeMs
const newest = Math.max(...sources.map(changed), changed(fileURLToPath(import.meta.url)))
if (existsSync(target) && changed(target) > newest) process.exit(0)

/** Compiles one entry; 112 warns of vectors in functions between our own files. */
async function compile(entry, features) {
  let binary
  const { error, stderr } = await asc.main(
    [
      `assembly/${entry}`,
      ...['--baseDir', folder, '--outFile', 'kernels.wasm'],
      ...['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--disableWarning', '112'],
      ...features.flatMap((feature) => ['--enable', feature]),
    ],
    {
      writeFile(name, contents) {
        if (name.endsWith('.wasm')) binary = contents
      },
    },
  )
  if (error) throw new Error(`${entry} does not compile:\n${stderr}`)
  return Buffer.from(binary).toString('hex')
}

const simd = await compile('index.ts', ['simd'])
const relaxed = await compile('fast.ts', ['simd', 'relaxed-simd'])
writeFileSync(
  target,
  `/** Written by scripts/build-kernels.mjs from assembly/. */
export const SIMD_BINARY = '${simd}'
export const RELAXED_SIMD_BINARY = '${relaxed}'
`,
)
