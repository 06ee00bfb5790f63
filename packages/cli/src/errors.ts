/**
 * What can go wrong, as exit codes and two kinds of error.
 *
 * A `UsageError` is about the words on the command line, a `DataError` about what lies in files; both carry one
 * sentence for the person who typed the command. Anything else that is thrown is a defect of this program. Printing
 * belongs to `program.ts`.
 */

/** The exit codes of every command. `defect` marks a fault in maxshift itself (EX_SOFTWARE of sysexits.h). */
export const exitCodes = {
  fine: 0,
  notConverged: 1,
  usage: 2,
  data: 3,
  defect: 70,
  interrupted: 130,
  ended: 143,
} as const

export class UsageError extends Error {}

export class DataError extends Error {}

/**
 * Runs `work` and turns what the library objects to (`fit: expected …, got …`) into a DataError. Use it around calls that
 * receive what a file held; elsewhere such an error would be a defect and must stay one.
 */
export async function blameData<T>(subject: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const objection = error instanceof TypeError || error instanceof RangeError
    if (!objection || !/^\w+: expected /.test(error.message)) throw error
    throw new DataError(`${subject}: ${error.message.replace(/^\w+: /, '')}`)
  }
}

/** The code Node gives to a failed system call ('ENOENT', …), or '' for other errors. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

const systemMessages: Record<string, string> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a directory, expected a file',
  ENOTDIR: 'a part of the path is not a directory',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links',
  ERR_FS_FILE_TOO_LARGE: 'larger than 2 GiB, more than can be read at once',
}

/** `path: no such file` and the like, from an error of `node:fs`; other errors are passed through. */
export function fileError(path: string, error: unknown, doing = ''): unknown {
  const message = systemMessages[systemCode(error)]
  return message === undefined ? error : new DataError(`${doing}${path}: ${message}`)
}
