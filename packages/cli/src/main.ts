/**
 * The process: its arguments, its exit code, and the pipes it writes to.
 */
import { run } from './program.ts'

// `maxshift predict … | head` closes the pipe early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await run(process.argv.slice(2))
