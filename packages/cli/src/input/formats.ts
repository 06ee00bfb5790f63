/**
 * The formats of data files, and the names that tell them.
 */
import type { ArrayFormat } from './arrays.ts'

export type Format = 'csv' | 'parquet' | 'json' | 'idx' | ArrayFormat

export interface KnownFormat {
  format: Format
  /** What the name says about the delimiter of a CSV file. */
  delimiter?: string
}

const extensions: Record<string, KnownFormat> = {
  csv: { format: 'csv' },
  txt: { format: 'csv' },
  tsv: { format: 'csv', delimiter: '\t' },
  tab: { format: 'csv', delimiter: '\t' },
  parquet: { format: 'parquet' },
  pq: { format: 'parquet' },
  json: { format: 'json' },
  jsonl: { format: 'json' },
  ndjson: { format: 'json' },
  npy: { format: 'npy' },
  npz: { format: 'npz' },
  libsvm: { format: 'libsvm' },
  svmlight: { format: 'libsvm' },
  svm: { format: 'libsvm' },
}

/** The names of formats that `--input-format` takes. */
export const INPUT_FORMATS = ['csv', 'tsv', 'parquet', 'json', 'jsonl', 'npy', 'npz', 'libsvm'] as const

/** What a name says about the format; undefined when it says nothing. */
export function formatByName(path: string): KnownFormat | undefined {
  const extension = /\.([a-z]+)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(extensions, extension) ? extensions[extension] : undefined
}

/** The format that is meant by one of INPUT_FORMATS. */
export function formatNamed(name: string): KnownFormat {
  return extensions[name]
}

export function isArrayFormat(format: Format): format is ArrayFormat {
  return format === 'npy' || format === 'npz' || format === 'libsvm'
}
