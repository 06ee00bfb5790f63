/**
 * The layers of the house: special → kernels → ops → loss → optim → regression → cli. An import may point to the left or stay
 * in its layer, never to the right. Walks every import of the sources and names the arrow that points the wrong way.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const library = resolve(root, 'packages/maxshift/src')
const command = resolve(root, 'packages/cli/src')

/** What each layer may import, besides itself. `base` is arrays.ts and check.ts, `door` the published entries. */
const ALLOWED: Record<string, readonly string[]> = {
  base: ['special'],
  special: [],
  kernels: ['base', 'special'],
  ops: ['base', 'special', 'kernels'],
  loss: ['base', 'special', 'kernels', 'ops'],
  optim: ['base', 'special', 'kernels'],
  regression: ['base', 'special', 'kernels', 'ops', 'loss', 'optim'],
  door: ['base', 'kernels', 'ops', 'loss'],
}

const sourcesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => resolve(folder, name))

/** Import specifiers of a source, dynamic ones and re-exports included. */
const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1])

function layerOf(file: string): string {
  const path = relative(library, file)
  if (path === 'index.ts') return 'door'
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'base'
}

describe('layers of the library', () => {
  it.each(sourcesBelow(library).map((file) => relative(library, file)))('%s', (path) => {
    const file = resolve(library, path)
    for (const specifier of importsOf(file)) {
      expect(specifier, 'the library has no dependencies').toMatch(/^\.\.?\//)
      const target = resolve(dirname(file), specifier)
      const arrow = `${path} → ${relative(library, target)}`
      const from = layerOf(file)
      const to = layerOf(target)
      const allowed = from === to || ALLOWED[from]?.includes(to)
      expect(allowed, arrow).toBe(true)
    }
  })
})

describe('the command', () => {
  it('imports the library by its published names only', () => {
    for (const file of sourcesBelow(command)) {
      for (const specifier of importsOf(file)) {
        const outside =
          specifier.startsWith('.') && relative(command, resolve(dirname(file), specifier)).startsWith('..')
        expect(outside, `${relative(root, file)} → ${specifier}`).toBe(false)
        if (specifier.startsWith('maxshift')) expect(['maxshift', 'maxshift/regression']).toContain(specifier)
      }
    }
  })
})

describe('engine-dependent functions', () => {
  it.each(sourcesBelow(library).map((file) => relative(library, file)))('%s calls none', (path) => {
    const code = readFileSync(resolve(library, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    expect(code).not.toMatch(
      /\bMath\.(exp|expm1|log|log1p|log2|log10|pow|sinh?|cosh?|tanh?|asinh|acosh|atanh|cbrt|hypot)\b/,
    )
  })
})
