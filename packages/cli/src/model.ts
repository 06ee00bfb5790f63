/**
 * The model file on the way in, and what a model expects of data.
 */
import { readFile } from 'node:fs/promises'
import type { SoftmaxRegression } from 'maxshift/regression'
import { blameData, DataError, fileError } from './errors.ts'
import { checkReadable } from './input/file.ts'
import type { Expectation } from './input/source.ts'

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

export function expectationOf(model: SoftmaxRegression): Expectation {
  const expected: Expectation = { classes: model.classNames, featureCount: model.featureCount }
  if (model.featureNames) expected.featureNames = model.featureNames
  return expected
}
