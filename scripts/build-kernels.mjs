/**
 * Compiles the AssemblyScript kernels and writes them, in hexadecimal, into kernels/wasm/*.generated.ts, so that browsers and
 * bundlers need no loader. (Hexadecimal is longer than base64, but compresses to three quarters of it.) Modules: the softmax family
 * with plain SIMD and its fast mode with relaxed SIMD, and in files of their own the same for the losses, the sums of streams, and the
 * products of the linear pass and of the sparse pass, which alone have memories of their own, the last also one that threads share.
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

/** Modules over one memory have spaces of this size for their constants; wasm/arena.ts begins behind the last of them. */
const SPACE = 8192

/** Compiles one entry, its constants in the given space; 112 warns of vectors in functions between our own files. */
async function compile(entry, features, space) {
  let binary
  const base = Math.max(1024, space * SPACE)
  const { error, stderr } = await asc.main(
    [
      entry,
      ...['--baseDir', folder, '--outFile', 'kernels.wasm'],
      ...['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--disableWarning', '112'],
      ...features.flatMap((feature) => ['--enable', feature]),
      ...['--memoryBase', String(base)],
      ...(features.includes('threads') ? ['--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'] : []),
    ],
    {
      writeFile(name, contents) {
        if (name.endsWith('.wasm')) binary = contents
      },
    },
  )
  if (error) throw new Error(`${entry} does not compile:\n${stderr}`)
  await checkSpace(entry, binary, (space + 1) * SPACE)
  return Buffer.from(binary).toString('hex')
}

/** Throws if a module's constants reach beyond its space. */
async function checkSpace(entry, binary, end) {
  const memory = new WebAssembly.Memory({ initial: 100 })
  const made = await WebAssembly.instantiate(binary, { env: { memory } }).catch(() => null)
  // Without relaxed SIMD in this engine, the same constants are seen in the module without it.
  const heapBase = made?.instance.exports.heapBase?.() ?? 0
  if (heapBase > end) throw new Error(`${entry}: expected its constants to end at ${end}, got ${heapBase}`)
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
    SIMD_BINARY: await compile('assembly/index.ts', ['simd'], 0),
    RELAXED_SIMD_BINARY: await compile('assembly/fast.ts', ['simd', 'relaxed-simd'], 1),
  })
}
if (outdated('stream.generated.ts', 'assembly')) {
  write('stream.generated.ts', 'assembly', {
    STREAM_BINARY: await compile('assembly/stream.ts', ['simd'], 2),
  })
}
if (outdated('loss-binary.generated.ts', 'assembly')) {
  write('loss-binary.generated.ts', 'assembly', {
    LOSS_BINARY: await compile('assembly/losses.ts', ['simd'], 3),
    RELAXED_LOSS_BINARY: await compile('assembly/loss-fast.ts', ['simd', 'relaxed-simd'], 4),
  })
}
if (outdated('linear.generated.ts', 'assembly-linear')) {
  write('linear.generated.ts', 'assembly-linear', {
    LINEAR_BINARY: await compile('assembly-linear/index.ts', ['simd'], 0),
  })
}
if (outdated('sparse.generated.ts', 'assembly-sparse')) {
  write('sparse.generated.ts', 'assembly-sparse', {
    SPARSE_BINARY: await compile('assembly-sparse/index.ts', ['simd'], 0),
    SHARED_SPARSE_BINARY: await compile('assembly-sparse/index.ts', ['simd', 'threads'], 0),
  })
}
