/**
 * The report as a page: its structure, what it shows of which model, that names in the data stay names, and how it lies on a phone.
 */
import { existsSync, readFileSync } from 'node:fs'
import { parseHTML } from 'linkedom'
import { SoftmaxRegression } from 'maxshift/regression'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collectReport } from '../src/report/html/collect.ts'
import { html, shown } from '../src/report/html/markup.ts'
import { percent } from '../src/report/html/parts.ts'
import { pngAddress } from '../src/report/html/png.ts'
import { renderReport } from '../src/report/html/render.ts'
import type { ReportData } from '../src/report/html/report-data.ts'
import { fitModels, flowers, maxshift, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const { path: cwd, write } = folder
const run = (...args: string[]) => maxshift(args, { cwd })
const page = (file: string) => parseHTML(readFileSync(`${cwd}/${file}`, 'utf8')).document
const FLOWERS = ['evaluate', 'flowers.csv', '--label', 'species', '--model', 'flowers.safetensors', '--report']
const IMAGES = ['evaluate', '--images', 'images', '--labels', 'labels', '--model', 'images.safetensors', '--report']

beforeAll(async () => {
  await fitModels(folder)
  await run('fit', 'flowers.csv', '--label', 'species', '--l2', '0.1', '--report', 'fit.html')
  await run(...IMAGES, 'images.html')
})

/** What holds for every report. */
function checkStructure(document: Document): void {
  expect(document.querySelectorAll('script, iframe, object, link, base, form').length).toBe(0)
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      expect(name).not.toMatch(/^on/i)
      if (name === 'src') expect(value).toMatch(/^data:image\/png;base64,/)
      if (name === 'href') expect(value).toMatch(/^#/)
    }
  }
  const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content')
  expect(policy).toContain("default-src 'none'")
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(({ tagName }) => Number(tagName[1]))
  expect(levels.filter((level) => level === 1).length).toBe(1)
  levels.forEach((level, i) => {
    if (i > 0) expect(level).toBeLessThanOrEqual(levels[i - 1] + 1)
  })
  for (const link of document.querySelectorAll('nav a')) {
    expect(document.getElementById(link.getAttribute('href')?.slice(1) ?? '')?.tagName).toBe('SECTION')
  }
  for (const chart of document.querySelectorAll('svg.chart')) {
    expect(chart.getAttribute('role')).toBe('img')
    expect(chart.getAttribute('aria-label')).not.toBe('')
    expect(chart.closest('figure')?.querySelector('details table tbody tr')).toBeTruthy()
  }
  for (const image of document.querySelectorAll('img')) expect(image.getAttribute('alt')).not.toBe('')
  for (const table of document.querySelectorAll('table')) {
    expect(table.querySelector('caption')).toBeTruthy()
    expect(table.querySelector('thead th[scope="col"]')).toBeTruthy()
    expect(table.querySelector('tbody tr th[scope="row"]')).toBeTruthy()
  }
}

describe('structure', () => {
  test('of a fit to a table: every section, bars, rows', () => {
    const document = page('fit.html')
    checkStructure(document)
    const ids = [...document.querySelectorAll('section')].map(({ id }) => id)
    expect(ids).toEqual(['confusion', 'classes', 'weights', 'mistakes', 'reliability', 'fit', 'origin'])
    expect(document.querySelectorAll('#weights svg').length).toBe(3)
    expect(document.querySelectorAll('img').length).toBe(0)
    expect(document.querySelector('#mistakes table')?.textContent).toMatch(/petal length = [\d.]+/)
    expect(document.querySelector('#origin pre')?.textContent).toBe(
      'maxshift fit flowers.csv --label species --l2 0.1 --report fit.html',
    )
    expect(document.querySelector('#origin table')?.textContent).toMatch(
      /flowers\.csvtraining data[\d.]+ kB[0-9a-f]{64}/,
    )
  })

  test('of images: a picture for each class, no bars', () => {
    const document = page('images.html')
    checkStructure(document)
    expect(document.querySelectorAll('#weights img').length).toBe(3)
    expect(document.querySelectorAll('#weights svg').length).toBe(0)
    // A model from a file has no history.
    expect(document.querySelector('#fit')).toBeNull()
  })

  test('intervals only without a penalty, at the optimum', async () => {
    // Overlapping classes: the maximum of the likelihood exists.
    const rows = Array.from({ length: 90 }, (_, i) => `${Math.sin(i * i)},${Math.cos(7 * i * i)},${'abc'[i % 3]}`)
    write('overlap.csv', `one,two,kind\n${rows.join('\n')}\n`)
    await run('fit', 'overlap.csv', '--label', 'kind', '--l2', '0', '--tolerance', '1e-9', '--report', 'free.html')
    const free = page('free.html').querySelector('#weights')?.textContent
    expect(free).toContain('95 % confidence intervals')
    expect(free).toContain('b against a')
    expect(page('fit.html').querySelector('#weights')?.textContent).not.toContain('confidence')
  })

  test('the same bytes for the same data', async () => {
    await run(...FLOWERS, 'same.html')
    const first = readFileSync(`${cwd}/same.html`, 'utf8')
    await run(...FLOWERS, 'same.html')
    expect(readFileSync(`${cwd}/same.html`, 'utf8')).toBe(first)
  })
})

const evil = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "'--></style></svg><svg onload=alert(3)>",
  `\u202eright to left\u0000\u001b[31m`,
  `long ${'x'.repeat(10_000)}`,
  '&lt;b&gt;',
]

/** A report all of whose names are hostile. */
async function hostile(): Promise<ReportData> {
  const features = Float64Array.from({ length: 60 * 6 }, (_, i) => Math.sin(i * i))
  const labels = Array.from({ length: 60 }, (_, i) => evil[i % 6])
  const model = await SoftmaxRegression.fit(features, labels, { featureNames: evil })
  const columns = evil.map((name) => ({ kind: 'number' as const, name, fill: null, indicator: false }))
  const data = { source: [`/tmp/${evil[0]}`], rows: 60, featureCount: 6, features, labels, ignored: [] }
  const report = await collectReport({
    command: 'fit',
    model,
    evaluation: model.evaluate(features, labels),
    evaluated: { ...data, ignored: evil.map((name) => ({ name, reason: 'type', type: evil[1] })) },
    rowsOf: 'training data',
    recipe: { version: 1, missing: 'error', unseen: 'base', columns },
    files: evil.map((path) => ({ path, use: 'training data' })),
    selection: {
      l2s: [1, 0.1],
      logLoss: [1, 0.9],
      standardError: [0.1, 0.1],
      best: 1,
      oneStandardError: 0,
      chosen: 1,
      method: evil[0],
    },
  })
  return { ...report, origin: { ...report.origin, commandLine: `maxshift ${evil.join(' ')}` } }
}

describe('hostile names', () => {
  test('stay text', async () => {
    const text = renderReport(await hostile())
    const { document } = parseHTML(text)
    checkStructure(document)
    for (const raw of ['<script', '<img src=x', '<svg onload', '\u202e', '\0', '\u001b']) {
      expect(text.includes(raw)).toBe(false)
    }
    expect(document.querySelectorAll('#confusion tbody th bdi')[0]?.textContent).toBe(shown(evil[1], 40))
    // Long names are cut; only the command line is told in full.
    expect(text.replace(/<pre>.*?<\/pre>/s, '').includes('x'.repeat(500))).toBe(false)
  })

  test('from a file, through the command', async () => {
    const table = flowers()
      .replace('petal length', '"<script>alert(1)</script>"')
      .replaceAll('setosa', '"""><b onclick=x>"')
    write('<b>.csv', table)
    const { code } = await run('fit', '<b>.csv', '--label', 'species', '--report', 'evil.html')
    expect(code).toBe(0)
    const document = page('evil.html')
    checkStructure(document)
    expect(document.querySelectorAll('b').length).toBe(0)
    expect(document.querySelector('h1')?.textContent).toBe('<b>.csv')
  })

  test('templates escape text and quoted attributes', () => {
    expect(html`<i title="${'"<&>\''}">${['<', 1, undefined]}</i>`.text).toBe(
      '<i title="&quot;&lt;&amp;&gt;&#39;">&lt;1</i>',
    )
    expect(shown('a\u202eb')).toBe('a\\u202eb')
    expect([...shown('😀'.repeat(50), 10)].length).toBe(10)
  })
})

describe('what it tells', () => {
  test('before calibration: the bins of the model as it was fitted', async () => {
    const features = Float64Array.from({ length: 400 }, (_, i) => Math.sin(i * i) + (i % 2))
    const labels = Array.from({ length: 200 }, (_, i) => (Math.sin(7 * i * i) + (i % 3) > 0.7 ? 1 : 0))
    const model = await SoftmaxRegression.fit(features, labels)
    const calibrated = await model.calibrate(features.subarray(0, 100), labels.slice(0, 50))
    const evaluated = { source: ['x'], rows: 200, featureCount: 2, features, labels, ignored: [] }
    const evaluation = calibrated.evaluate(features, labels)
    const shape = { command: 'evaluate', rowsOf: 'data', files: [] } as const
    const { reliability, mistakes, measures } = await collectReport({
      ...shape,
      model: calibrated,
      evaluation,
      evaluated,
    })
    const { calibration, ece } = model.evaluate(features, labels)
    expect(reliability.map(({ when }) => when)).toEqual(['before', 'after'])
    // The logits are multiplied back: a rounding or two apart.
    expect(reliability[0].ece).toBeCloseTo(ece, 12)
    expect(reliability[0].bins.map(({ rows }) => rows)).toEqual(calibration.map(({ rows }) => rows))
    expect(measures.rows - measures.correct).toBeGreaterThanOrEqual(mistakes.length)
    const probs = calibrated.predictProba(features)
    for (const { row, predicted, probability } of mistakes) {
      expect(probability).toBeCloseTo(probs[2 * (row - 1) + Number(predicted)], 14)
      expect(labels[row - 1]).not.toBe(Number(predicted))
    }
    expect(mistakes.map(({ loss }) => loss)).toEqual(mistakes.map(({ loss }) => loss).sort((a, b) => b - a))
  })

  test('shares that are nearly all or nothing are not all or nothing', () => {
    expect([0, 1e-6, 0.5, 0.99999, 1].map((share) => percent(share))).toEqual([
      '0 %',
      '< 0.1 %',
      '50.0 %',
      '> 99.9 %',
      '100 %',
    ])
  })

  test('pictures are PNG', () => {
    const bytes = Buffer.from(pngAddress(2, 1, (place) => [place, 2, 3, 255]).split(',')[1], 'base64')
    expect(bytes.subarray(1, 4).toString()).toBe('PNG')
    // CRC-32 of an empty IEND chunk, as every PNG ends.
    expect(bytes.subarray(-4).toString('hex')).toBe('ae426082')
  })
})

describe('refusals come before the fit', () => {
  test.each([
    [
      ['fit', 'flowers.csv', '--label', 'species', '--report', 'flowers.csv'],
      2,
      'would overwrite the input flowers.csv',
    ],
    [
      ['fit', 'flowers.csv', '--label', 'species', '--model', 'n.safetensors', '--report', './n.safetensors'],
      2,
      '--report ./n.safetensors would overwrite the model, --model n.safetensors',
    ],
    [['fit', 'flowers.csv', '--label', 'species', '--report', 'no/where.html'], 3, 'there is no folder'],
    [[...FLOWERS, 'flowers.safetensors'], 2, 'would overwrite the input flowers.safetensors'],
  ])('%j', async (args, code, message) => {
    const outcome = await run(...args)
    expect([outcome.code, outcome.stdout]).toEqual([code, ''])
    expect(outcome.stderr).toContain(message)
  })
})

const browser = '/usr/bin/chromium'
const there = existsSync(browser)
if (!there) console.warn(`report on a phone: skipped, there is no ${browser}`)

test.skipIf(!there)('on a phone nothing is wider than the page', async () => {
  write('hostile.html', renderReport(await hostile()))
  const chrome = await chromium.launch({ executablePath: browser, args: ['--no-sandbox'] })
  try {
    for (const file of ['fit.html', 'images.html', 'hostile.html']) {
      const view = await chrome.newPage({ viewport: { width: 390, height: 800 } })
      const complaints: string[] = []
      view.on('console', (message) => complaints.push(message.text()))
      view.on('dialog', (dialog) => complaints.push(dialog.message()))
      view.on('request', (request) => {
        if (/^https?:/.test(request.url())) complaints.push(request.url())
      })
      await view.goto(`file://${cwd}/${file}`)
      const wide = await view.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true
        const inScroll = (element: Element) => element.closest('.scroll') !== null
        return [...document.querySelectorAll('body *')]
          .filter((element) => !inScroll(element) && element.getBoundingClientRect().right > 391)
          .map((element) => element.outerHTML.slice(0, 80))
      })
      expect([file, wide, complaints]).toEqual([file, [], []])
      await view.close()
    }
  } finally {
    await chrome.close()
  }
})
