/**
 * What the tests of the command share: a folder of their own, files to read, and the command as a process.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../src/input/duckdb.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const main = join(root, 'dist/main.js')

/** A new folder, removed by `remove`. */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'maxshift-cli-'))
  return {
    path,
    remove: () => rmSync(path, { recursive: true, force: true }),
    /** Writes a file into it and returns its path. */
    write(name: string, content: string | Uint8Array): string {
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      return file
    },
  }
}

/** Fisher's irises as a CSV file, from the library's fixtures. */
export function irises(): string {
  const fixture = new URL('../../maxshift/test/fixtures/optimum-iris.json', import.meta.url)
  const { features, labels }: { features: number[]; labels: number[] } = JSON.parse(readFileSync(fixture, 'utf8'))
  const rows = labels.map((label, i) => {
    return [...features.slice(4 * i, 4 * i + 4), ['setosa', 'versicolor', 'virginica'][label]].join(',')
  })
  return `sepal_length,sepal_width,petal_length,petal_width,species\n${rows.join('\n')}\n`
}

/** A small table in the manner of Fisher's irises: 90 rows, two features, three classes that overlap a little. */
export function flowers(): string {
  let state = 1
  const random = () => {
    // The linear congruential generator of Numerical Recipes: the same table everywhere.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  let text = 'petal length,petal_width,species,note\n'
  for (let i = 0; i < 90; i++) {
    const species = i % 3
    const length = 1 + 2 * species + 2.5 * random()
    const width = 0.2 + 0.8 * species + random()
    text += `${length.toFixed(2)},${width.toFixed(2)},${['setosa', 'versicolor', 'virginica'][species]},n${i}\n`
  }
  return text
}

/** An IDX file: header and values of type unsigned byte, or what `code` and `data` say. */
export function idx(shape: readonly number[], data: Uint8Array | readonly number[], code = 8): Uint8Array {
  const bytes = Uint8Array.from(data)
  const out = Buffer.alloc(4 + 4 * shape.length + bytes.length)
  out[2] = code
  out[3] = shape.length
  shape.forEach((n, i) => {
    out.writeUInt32BE(n, 4 + 4 * i)
  })
  out.set(bytes, 4 + 4 * shape.length)
  return out
}

/** IDX files of 60 images of 2 × 2 pixels in three classes: which of the first three pixels is bright. */
export function imagePair(): { images: Uint8Array; labels: Uint8Array } {
  const labels = Array.from({ length: 60 }, (_, i) => i % 3)
  const pixels = labels.flatMap((label, i) => {
    return [0, 1, 2, 3].map((j) => (j === label ? 200 + (i % 50) : (i * 7 + j * 31) % 90))
  })
  return { images: idx([60, 2, 2], pixels), labels: idx([60], labels) }
}

/** Runs SQL in DuckDB, to make Parquet and JSON files. */
export async function runSql(sql: string): Promise<void> {
  const database = await openDatabase()
  for await (const _ of database.query(sql));
  database.close()
}

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd?: string
  env?: Record<string, string>
  /** Called with the process while it runs. */
  during?: (child: ReturnType<typeof spawn>) => void
}

/** Runs the built command. Throws when the build is older than the sources: the tests would test something else. */
export function maxshift(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  checkBuild()
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...options.env }
    const child = spawn(process.execPath, [main, ...args], { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    options.during?.(child)
  })
}

let checked = false

function checkBuild(): void {
  if (checked) return
  const newest = (folder: string, end: string) => {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(end))
    return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs))
  }
  if (newest(join(root, 'src'), '.ts') > newest(join(root, 'dist'), '.js')) {
    throw new Error('packages/cli/dist is older than packages/cli/src: run npm run build')
  }
  checked = true
}

/** Fills a folder with the flowers, a pair of images and labels, and a model fitted to each. */
export async function fitModels({
  write,
  path: cwd,
}: Pick<ReturnType<typeof temporaryFolder>, 'write' | 'path'>): Promise<void> {
  const { images, labels } = imagePair()
  write('flowers.csv', flowers())
  write('images', images)
  write('labels', labels)
  const fits = [
    ['flowers.csv', '--label', 'species', '--model', 'flowers.safetensors'],
    ['--images', 'images', '--labels', 'labels', '--model', 'images.safetensors'],
  ]
  for (const args of fits) {
    const { code, stderr } = await maxshift(['fit', ...args], { cwd })
    if (code !== 0) throw new Error(`maxshift fit ${args.join(' ')} ended with ${code}: ${stderr}`)
  }
}
