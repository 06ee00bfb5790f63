/**
 * The model file on the way in, and what a model expects of data.
 */
import { readFile } from 'node:fs/promises'
import type { SoftmaxRegression } from 'maxshift/regression'
import { blameData, DataError, fileError } from './errors.ts'
import { checkReadable } from './input/file.ts'
import type { Expectation } from './input/source.ts'
import { featureCountOf, type Recipe, recipeText } from './recipe/recipe.ts'

/** Reads a model; a file that is damaged or no model is a DataError. */
export async function loadModel(path: string): Promise<SoftmaxRegression> {
  await checkReadable(path)
  const [library, bytes] = await Promise.all([
    import('maxshift/regression'),
    readFile(path).catch((error: unknown) => {
      throw fileError(path, error)
    }),
  ])
  // Eight bytes of length, then a JSON object. What a length made of other bytes would say is of no use to anyone.
  if (bytes[8] !== 0x7b) throw new DataError(`${path}: not a maxshift model (not a safetensors file)`)
  return await blameData(`${path}: not a maxshift model`, () => library.SoftmaxRegression.fromSafetensors(bytes))
}

/** Where the recipe stands in the metadata of a model file. */
const RECIPE = 'maxshift.recipe'

export function metadataOf(recipe: Recipe | undefined): Record<string, string> {
  return recipe ? { [RECIPE]: JSON.stringify(recipe) } : {}
}

/** How the columns of a table become features of the model; undefined if the file does not say. A damaged one is a DataError. */
export function recipeOf(path: string, model: SoftmaxRegression): Recipe | undefined {
  const text = model.metadata[RECIPE]
  if (text === undefined) return undefined
  const read = recipeText.safeParse(text)
  if (!read.success) {
    const { message, path: place } = read.error.issues[0]
    throw new DataError(`${path}: damaged model: the recipe of its columns: ${place.join('.')} ${message}`)
  }
  if (featureCountOf(read.data) !== model.featureCount) {
    const count = `${featureCountOf(read.data)} features`
    throw new DataError(
      `${path}: damaged model: the recipe of its columns makes ${count}, the model has ${model.featureCount}`,
    )
  }
  return read.data
}

/** What a model asks of data. */
export function expectationOf(path: string, model: SoftmaxRegression): Expectation {
  const expected: Expectation = { classes: model.classNames, featureCount: model.featureCount }
  const recipe = recipeOf(path, model)
  if (recipe) expected.recipe = recipe
  if (model.featureNames) expected.featureNames = model.featureNames
  return expected
}
