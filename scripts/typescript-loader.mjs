/**
 * Lets a script import the repository's TypeScript without a build: `register('./typescript-loader.mjs', import.meta.url)`.
 *
 * Node 20 cannot strip types, so the compiler that the workspace already has does it, file by file. Imports here carry
 * their `.ts` extension, so nothing needs to be resolved.
 */
import { readFile } from 'node:fs/promises'
import ts from 'typescript'

export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context)
  const { outputText } = ts.transpileModule(await readFile(new URL(url), 'utf8'), {
    fileName: url,
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  })
  return { format: 'module', shortCircuit: true, source: outputText }
}
