/**
 * What one run of a command has for itself: its progress display and its way of being interrupted.
 */
import type { Dataset } from './input/dataset.ts'
import { Interrupt } from './interrupt.ts'
import { describeUnseen } from './recipe/unseen.ts'
import { Progress } from './report/progress.ts'

export interface Session {
  progress: Progress
  interrupt: Interrupt
}

export function openSession(command: string): Session {
  const progress = new Progress(command)
  return { progress, interrupt: new Interrupt(progress) }
}

/** Says which levels of categories the training data did not have. */
export function noteUnseen({ unseen }: Pick<Dataset, 'unseen'>, progress: Progress): void {
  const text = describeUnseen(unseen)
  if (text !== '') progress.note(text)
}
