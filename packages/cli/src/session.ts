/**
 * What one run of a command has for itself: its progress display and its way of being interrupted.
 */
import { Interrupt } from './interrupt.ts'
import { Progress } from './report/progress.ts'

export interface Session {
  progress: Progress
  interrupt: Interrupt
}

export function openSession(command: string): Session {
  const progress = new Progress(command)
  return { progress, interrupt: new Interrupt(progress) }
}
