/**
 * What a question leaves behind in results/<question>.json, and how it is read again.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { Measured, Measurement, Ratio, Settings } from './harness.ts'
import type { Machine } from './machine.ts'
import type { Operation, Shape } from './problem.ts'
import { QUESTIONS } from './questions.ts'

export interface QuestionResult {
  operation: Operation
  machine: Machine
  settings: Settings
  teams: { name: string; version: string; ours: boolean; call: string }[]
  missing: { name: string; reason: string }[]
  measurements: Measurement[]
}

/** The committed results, in the order of the questions. */
export function readResults(): QuestionResult[] {
  const files = QUESTIONS.map(({ file }) => new URL(`results/${file}.json`, import.meta.url))
  return files
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as QuestionResult)
}

export function measurementOf(
  results: readonly QuestionResult[],
  operation: Operation,
  dtype: string,
  { rows, classes }: Shape,
): Measurement | undefined {
  return results
    .find((result) => result.operation === operation)
    ?.measurements.find((one) => one.dtype === dtype && one.rows === rows && one.classes === classes)
}

export const contestantOf = (measurement: Measurement | undefined, name: string): Measured | undefined =>
  measurement?.contestants.find((one) => one.name === name)

export const ratioOf = (measurement: Measurement | undefined, ours: string, peer: string): Ratio | undefined =>
  measurement?.ratios.find((one) => one.ours === ours && one.peer === peer)
