/**
 * Compiles the AssemblyScript kernels and writes them, in hexadecimal, into kernels/wasm/*.generated.ts, so that browsers and
 * bundlers need no loader. (Hexadecimal is longer than base64, but compresses to three quarters of it.) Modules: all row kernels
 * with plain SIMD, fast mode with relaxed SIMD, and in files of their own the products of the linear pass and the sums of streams.
 *
 * Does nothing if the generated file is newer than the sources.
 */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('../packages/maxshift/src/kernels/wasm/', import.meta.url))

/** Whether a generated file is older than the sources in a folder, or than this script. */
function outdated(target, sources) {
  const changed = (file) => statSync(file).mtimeMs
  const files = readdirSync(`${folder}${sources}`).map((name) => `${folder}${sources}/${name}`)
  const newest = Math.max(...files.map(changed), changed(fileURLToPath(import.meta.url)))
  return !existsSync(`${folder}${target}`) || changed(`${folder}${target}`) <= newest
}

/** Where the constants of the streaming kernels lie: behind those of the row kernels, in the same memories (wasm/stream-module.ts). */
const STREAM_DATA = 16384

/** Compiles one entry; 112 warns of vectors in functions between our own files. */
async function compile(entry, features, ...flags) {
  let binary
  const { error, stderr } = await asc.main(
    [
      entry,
      ...['--baseDir', folder, '--outFile', 'kernels.wasm'],
      ...['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--disableWarning', '112'],
      ...features.flatMap((feature) => ['--enable', feature]),
      ...flags,
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

/** Writes one generated file. */
function write(target, sources, binaries) {
  const lines = Object.entries(binaries).map(([name, digits]) => `export const ${name} = '${digits}'\n`)
  writeFileSync(
    `${folder}${target}`,
    `/** Written by scripts/build-kernels.mjs from ${sources}/. */\n${lines.join('')}`,
  )
}

if (outdated('binary.generated.ts', 'assembly')) {
  write('binary.generated.ts', 'assembly', {
    SIMD_BINARY: await compile('assembly/index.ts', ['simd']),
    RELAXED_SIMD_BINARY: await compile('assembly/fast.ts', ['simd', 'relaxed-simd']),
  })
}
if (outdated('stream.generated.ts', 'assembly')) {
  write('stream.generated.ts', 'assembly', {
    STREAM_BINARY: await compile('assembly/stream.ts', ['simd'], '--memoryBase', String(STREAM_DATA)),
  })
}
if (outdated('linear.generated.ts', 'assembly-linear')) {
  write('linear.generated.ts', 'assembly-linear', {
    LINEAR_BINARY: await compile('assembly-linear/index.ts', ['simd']),
  })
}
