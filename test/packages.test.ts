/**
 * What is published: no runtime dependency in the library, every export there and documented, every version pinned, every
 * dependency of a published package under a permissive licence.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  exports?: Record<string, string | Record<string, string>>
  bin?: Record<string, string>
  license?: string
}
const manifest = (name: string): Manifest => JSON.parse(readFileSync(path(name), 'utf8'))
const MANIFESTS = ['package.json', 'packages/maxshift/package.json', 'packages/cli/package.json', 'bench/package.json']

describe('manifests', () => {
  it('the library depends on nothing', () => {
    const { dependencies, peerDependencies, optionalDependencies } = manifest('packages/maxshift/package.json')
    expect([dependencies, peerDependencies, optionalDependencies]).toEqual([undefined, undefined, undefined])
  })
  it.each(MANIFESTS)('%s pins exact versions under MIT', (name) => {
    const { dependencies, devDependencies, license } = manifest(name)
    expect(license).toBe('MIT')
    for (const version of Object.values({ ...dependencies, ...devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
    }
  })
  it('dependencies of the command are permissive', () => {
    for (const name of Object.keys(manifest('packages/cli/package.json').dependencies ?? {})) {
      expect(manifest(`node_modules/${name}/package.json`).license, name).toMatch(
        /^(MIT|ISC|Apache-2\.0|BSD-[23]-Clause)$/,
      )
    }
  })
  it.each(['packages/maxshift', 'packages/cli'])('every published file of %s is there after the build', (folder) => {
    const { exports = {}, bin = {} } = manifest(`${folder}/package.json`)
    const files = [...Object.values(exports), ...Object.values(bin)].flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    )
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) expect(existsSync(path(`${folder}/${file}`)), file).toBe(true)
  })
})

describe.each(['index.ts', 'regression/index.ts'])('documentation of %s', (door) => {
  const entry = path(`packages/maxshift/src/${door}`)
  const program = ts.createProgram([entry], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
  })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(entry)
  const module = source && checker.getSymbolAtLocation(source)
  const exported = (module ? checker.getExportsOfModule(module) : []).map((symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  )
  const documented = (symbol: ts.Symbol): boolean => symbol.getDocumentationComment(checker).length > 0

  it('every export has a docstring', () => {
    expect(exported.length).toBeGreaterThan(0)
    expect(exported.filter((symbol) => !documented(symbol)).map((symbol) => symbol.name)).toEqual([])
  })
  it('and so has every member of an exported class', () => {
    const bare = exported
      .filter((symbol) => symbol.flags & ts.SymbolFlags.Class)
      .flatMap((symbol) => [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])])
      .filter((member) => member.declarations?.every((node) => ts.getCombinedModifierFlags(node) === 0) ?? false)
      .filter(
        (member) => member.name !== '__constructor' && member.name !== 'prototype' && !member.name.startsWith('#'),
      )
      .filter((member) => (member.flags & ts.SymbolFlags.TypeParameter) === 0)
      .filter((member) => !member.name.startsWith('__#') && !documented(member))
    expect(bare.map((member) => member.name)).toEqual([])
  })
})
