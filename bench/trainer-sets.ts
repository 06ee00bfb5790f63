/**
 * What the trainer is measured on: eleven data sets from 150 to 500 000 rows, and the goals they carry. The tables and pictures come from
 * peers/trainer_data.py, the text from sparse-text.ts; both sides read the same bytes.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ask } from './peers/python.ts'
import { makeSparseText } from './sparse-text.ts'

export interface TrainerSet {
  readonly name: string
  /** At least so many times less than scikit-learn's best solver, for each target. */
  readonly goals: readonly number[]
  /** Objectives to reach; by default the optimum and 1e-3 or 1e-5 of it more. */
  readonly targets?: readonly number[]
  /** Small enough for full Newton steps. */
  readonly newton?: boolean
  /** Whether the peak of memory is measured. */
  readonly memory?: boolean
  /** Whether the course of the fits is kept for the picture, and threads and kinds of features are compared. */
  readonly curves?: boolean
}

/** The gaps that are measured, relative to the optimum. */
export const GAPS = [1e-3, 1e-5] as const

export const TRAINER_SETS: readonly TrainerSet[] = [
  { name: 'iris', goals: [1, 1], newton: true },
  { name: 'wine', goals: [1, 1], newton: true },
  { name: 'penguins', goals: [1, 1], newton: true },
  { name: 'cancer', goals: [1, 1], newton: true },
  { name: 'digits', goals: [1, 1], newton: true },
  { name: 'letters', goals: [5, 5], newton: true },
  { name: 'text', goals: [3, 3], memory: true },
  { name: 'shuttle', goals: [1, 1], newton: true },
  // What scikit-learn's lbfgs reaches after 300 iterations, and the optimum with 1e-5 of it more.
  { name: 'mnist', goals: [10, 8], targets: [0.232458, 0.2321193], memory: true, curves: true },
  { name: 'embeddings', goals: [5, 5], memory: true },
  { name: 'table', goals: [1, 1], memory: true },
]

export interface CsrFeatures {
  readonly indptr: Int32Array
  readonly indices: Int32Array
  readonly values: Float32Array
  readonly columns: number
}

export type TrainerFeatures = Uint8Array | Float32Array | Float64Array | CsrFeatures

export const isSparse = (features: TrainerFeatures): features is CsrFeatures => 'indptr' in features

/** A data set as it is written into results. */
export interface SetShape {
  readonly name: string
  readonly about: string
  readonly rows: number
  readonly features: number
  readonly classes: number
  readonly kind: 'u8' | 'f32' | 'f64' | 'csr'
  readonly bytes: number
}

export interface TrainerProblem {
  readonly shape: SetShape
  readonly x: TrainerFeatures
  readonly labels: Int32Array
  readonly scale: number
}

interface Made {
  readonly missing?: string
  readonly about: string
  readonly rows: number
  readonly features: number
  readonly classes: number
  readonly kind: 'u8' | 'f32' | 'f64'
  readonly scale: number
}

const ARRAYS = { u8: Uint8Array, f32: Float32Array, f64: Float64Array, i32: Int32Array }

function read<K extends keyof typeof ARRAYS>(folder: string, name: string, kind: K): InstanceType<(typeof ARRAYS)[K]> {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name))
  return new ARRAYS[kind](buffer.slice(byteOffset, byteOffset + byteLength)) as InstanceType<(typeof ARRAYS)[K]>
}

const TEXT = { rows: 50_000, columns: 2 ** 18, classes: 20, seed: 262_144 }

async function textProblem(ask: Ask, folder: string): Promise<TrainerProblem> {
  const { rows, columns, classes } = TEXT
  const { indptr, indices, values, labels } = makeSparseText(rows, columns, classes, TEXT.seed)
  for (const [name, array] of Object.entries({ indptr, indices, values, labels }))
    writeFileSync(join(folder, name), array)
  await ask({ do: 'data', folder, rows, columns })
  const bytes = indptr.byteLength + indices.byteLength + values.byteLength
  const about = `seeded: words of Zipf's law and their pairs, hashed, ${(values.length / 1e6).toFixed(1)} million numbers`
  const shape = { name: 'text', about, rows, features: columns, classes, kind: 'csr' as const, bytes }
  return { shape, x: { indptr, indices, values, columns }, labels, scale: 1 }
}

/** Makes a data set ready on both sides; the reason, if it cannot be had here. Files in the folder are removed again unless they are needed. */
export async function loadSet(ask: Ask, name: string, folder: string): Promise<TrainerProblem | string> {
  if (name === 'text') return textProblem(ask, folder)
  const made = await ask<Made>({ do: 'data', name, folder })
  if (made.missing !== undefined) return made.missing
  const { about, rows, features, classes, kind, scale } = made
  const x = read(folder, 'features', kind)
  const labels = read(folder, 'labels', 'i32')
  return { shape: { name, about, rows, features, classes, kind, bytes: x.byteLength }, x, labels, scale }
}

export function removeFiles(folder: string): void {
  for (const name of ['features', 'labels', 'indptr', 'indices', 'values']) rmSync(join(folder, name), { force: true })
}
