/**
 * The process: its arguments, its exit code, and the pipes it writes to.
 */
import { exitCodes } from './errors.ts'
import { run } from './program.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `maxshift predict … | head` closes the pipe early; that is no error.
  if (error.code === 'EPIPE') process.exit(exitCodes.fine)
  process.stderr.write(`maxshift: cannot write to stdout: ${error.message}\n`)
  process.exit(exitCodes.data)
})

process.exitCode = await run(process.argv.slice(2))
