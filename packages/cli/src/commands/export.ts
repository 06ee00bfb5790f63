/**
 * `maxshift export`: a model in the form that another program takes.
 */
import { readFile } from 'node:fs/promises'
import { exitCodes, UsageError } from '../errors.ts'
import { loadModel, recipeOf } from '../model.ts'
import { checkWritable, writeWhole } from '../output/write-file.ts'
import { printJson } from '../report/json.ts'
import type { Session } from '../session.ts'
import { size } from '../text.ts'
import { version } from '../version.ts'

const FORMATS = ['onnx', 'js', 'json', 'csv', 'safetensors'] as const
type ExportFormat = (typeof FORMATS)[number]

export interface ExportOptions {
  output: string
  format?: ExportFormat
  precision: 'float64' | 'float32'
  json?: boolean
}

const ENDINGS: Readonly<Record<string, ExportFormat>> = { mjs: 'js', ...Object.fromEntries(FORMATS.map((f) => [f, f])) }

/** Runs the command; resolves to its exit code. */
export async function exportModel(path: string, options: ExportOptions, session: Session): Promise<number> {
  const { output } = options
  const format = options.format ?? formatOf(output)
  const model = await loadModel(path)
  const recipe = recipeOf(path, model)
  await checkWritable(output, [path])
  const parts = await contentOf(format)
  const bytes = await writeWhole(output, parts)
  session.interrupt.wrote(output)
  if (options.json) printJson({ command: 'export', version, model: path, output, format, bytes })
  else session.progress.note(`wrote ${output} (${size(bytes)})`)
  return exitCodes.fine

  async function contentOf(wanted: ExportFormat): Promise<Iterable<string | Uint8Array>> {
    switch (wanted) {
      case 'onnx':
        return [(await import('../export/onnx.ts')).exportOnnx(path, model, recipe, options.precision)]
      case 'js':
        return [(await import('../export/javascript.ts')).exportJavaScript(model, recipe)]
      case 'json':
        return [(await import('../export/tables.ts')).exportJson(model, recipe)]
      case 'csv':
        return (await import('../export/tables.ts')).exportCsv(model, recipe)
      default:
        return [await readFile(path)]
    }
  }
}

function formatOf(output: string): ExportFormat {
  const format = ENDINGS[output.slice(output.lastIndexOf('.') + 1).toLowerCase()]
  if (format) return format
  throw new UsageError(`cannot tell the format from the name ${output}; --format is one of ${FORMATS.join(', ')}`)
}
