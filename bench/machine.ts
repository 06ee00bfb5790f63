/**
 * The header of every result: what it was measured on, and when.
 */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  system: string
  node: string
  date: string
  loadAverage: { before: number; after: number }
}

export const loadNow = (): number => Math.round(loadavg()[0] * 100) / 100

export function machine(loadBefore: number): Machine {
  return {
    cpu: cpus()[0].model,
    cores: Math.max(cpus().length, availableParallelism()),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.version,
    date: new Date().toISOString(),
    loadAverage: { before: loadBefore, after: loadNow() },
  }
}
