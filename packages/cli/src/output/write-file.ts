/**
 * Files are written whole or not at all: the bytes go into a new file beside the target, reach the disk, and then the
 * new file takes the target's name in one step. Whatever happens before that step leaves the old file as it was.
 *
 * Devices and pipes (`/dev/stdout`, `>(…)`) cannot be replaced; what is written is added to them.
 */
import { unlinkSync } from 'node:fs'
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DataError, fileError, systemCode, UsageError } from '../errors.ts'

/** New files that have not taken their name yet; the process removes them when it ends early. */
const unfinished = new Set<string>()
process.on('exit', () => {
  for (const path of unfinished) {
    try {
      unlinkSync(path)
    } catch {
      // It is gone already, or cannot be removed; there is nobody left to tell.
    }
  }
})

interface Target {
  /** The path with symbolic links followed, so that a link stays a link. */
  path: string
  /** False for devices and pipes. */
  replace: boolean
  mode: number
}

/**
 * Throws a DataError when `path` cannot be written, before any work is done for it, and a UsageError when it is one of
 * the `inputs`, which would be lost. Leaves nothing behind.
 */
export async function checkWritable(path: string, inputs: readonly (string | undefined)[] = []): Promise<void> {
  const target = await inspect(path)
  if (!target.replace) return
  for (const input of inputs) {
    if (input === undefined) continue
    const same = await realpath(input).then(
      (real) => real === target.path,
      () => false,
    )
    if (same) throw new UsageError(`writing ${path} would overwrite the input ${input}`)
  }
  const { file, temporary } = await openBeside(path, target)
  await file.close()
  await unlink(temporary)
  unfinished.delete(temporary)
}

/** Writes the parts to `path`. Returns the number of bytes; throws a DataError when that fails. */
export async function writeWhole(
  path: string,
  parts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
) {
  const target = await inspect(path)
  if (!target.replace) return await writeInto(path, target.path, parts)
  const { file, temporary } = await openBeside(path, target)
  try {
    const bytes = await writeParts(file, parts).finally(() => file.close())
    await rename(temporary, target.path)
    unfinished.delete(temporary)
    return bytes
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    unfinished.delete(temporary)
    throw fileError(path, error, 'cannot write ')
  }
}

async function inspect(path: string): Promise<Target> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw new DataError(`cannot write ${path}: is a directory, expected a file`)
    // What a path below /dev leads to is open already, for somebody else too.
    const replace = found.isFile() && !/^\/(dev|proc)\//.test(path)
    return { path: replace ? await realpath(path) : path, replace, mode: found.mode & 0o777 }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { path, replace: true, mode: 0o666 & ~process.umask() }
    throw fileError(path, error, 'cannot write ')
  }
}

async function openBeside(path: string, target: Target): Promise<{ file: FileHandle; temporary: string }> {
  const folder = dirname(target.path)
  const temporary = join(
    folder,
    `.${basename(target.path).slice(0, 200)}.${process.pid}-${Math.random().toString(36).slice(2, 8)}.part`,
  )
  try {
    const file = await open(temporary, 'wx')
    unfinished.add(temporary)
    await file.chmod(target.mode)
    return { file, temporary }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new DataError(`cannot write ${path}: there is no folder ${folder}`)
    throw fileError(path, error, 'cannot write ')
  }
}

async function writeInto(path: string, real: string, parts: Parameters<typeof writeWhole>[1]): Promise<number> {
  try {
    const file = await open(real, 'a')
    return await writeParts(file, parts).finally(() => file.close())
  } catch (error) {
    throw fileError(path, error, 'cannot write ')
  }
}

async function writeParts(file: FileHandle, parts: Parameters<typeof writeWhole>[1]): Promise<number> {
  let bytes = 0
  for await (const part of parts) {
    const data = typeof part === 'string' ? Buffer.from(part) : part
    for (let done = 0; done < data.length; ) {
      const { bytesWritten } = await file.write(data, done, data.length - done)
      done += bytesWritten
    }
    bytes += data.length
  }
  await file.sync().catch((error: unknown) => {
    // Pipes and devices have no disk to reach.
    if (!['EINVAL', 'ENOTSUP', 'EROFS'].includes(systemCode(error))) throw error
  })
  return bytes
}
