/**
 * What the model has learned: templates where features are pixels, otherwise the strongest weights of each class.
 */
import { count } from '../../text.ts'
import { draw, NARROW, named, Plot, roomFor } from './charts.ts'
import { html, type Markup, name, shown } from './markup.ts'
import { behind, figure, number, percent, section } from './parts.ts'
import { pngAddress } from './png.ts'
import type { ReportData, WeightBar, WeightBars, WeightPanel, WeightPictures } from './report-data.ts'

export function weightsSection({ weights }: ReportData): Markup | undefined {
  if (weights.kind === 'pictures') return pictures(weights)
  return weights.panels.some(({ bars }) => bars.length > 0) ? panels(weights) : undefined
}

const key = html`<ul class="key"><li>speaks for the class</li><li class="against">speaks against it</li></ul>`

/** Colours of the light page, in the middle of those of both. */
const FOR = [32, 120, 190]
const AGAINST = [205, 98, 38]

function pictures({ pictures, most, height, width, leftOut }: WeightPictures): Markup {
  const items = pictures.map(({ name: text, values }) => {
    const address = pngAddress(width, height, (place) => {
      const weight = values[place]
      const strength = most === 0 ? 0 : Math.min(1, Math.abs(weight) / most)
      return [...(weight > 0 ? FOR : AGAINST), Math.round(255 * strength ** 0.6)]
    })
    const alt = `Weights of class ${shown(text, 60)} as a picture of ${width} by ${height} pixels`
    return html`<li><img src="${address}" width="${width}" height="${height}" alt="${alt}"><b>${name(text, 40)}</b></li>\n`
  })
  const extremes = {
    caption: 'smallest and largest weight of each class',
    columns: [{ name: 'Class' }, { name: 'Smallest', numeric: true }, { name: 'Largest', numeric: true }],
    rows: pictures.map(({ name: text, values }) => [
      name(text, 60),
      number(values.reduce((a, b) => Math.min(a, b), Infinity)),
      number(values.reduce((a, b) => Math.max(a, b), -Infinity)),
    ]),
  }
  return section(
    'weights',
    'What the model looks for',
    html`<p>The weights of each class, one for every pixel: a bright pixel where the picture is blue makes the class more likely, where it is
orange less. All pictures have the same scale.${rest(leftOut)}</p>
<figure>${key}
<ul class="pictures templates">
${items}</ul>
${behind(extremes)}
</figure>`,
  )
}

function rest(leftOut: number): string {
  return leftOut > 0 ? ` ${count(leftOut)} classes with fewer rows are not shown.` : ''
}

function panels(weights: WeightBars): Markup {
  const { inference, features, leftOut } = weights
  const reach = weights.panels
    .flatMap(({ bars }) => bars.flatMap(({ weight, low, high }) => [weight, low ?? 0, high ?? 0]))
    .reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const intervals = inference
    ? ` Lines are ${percent(inference.level, 0)} confidence intervals; where one crosses 0, the data leave open whether the feature matters.`
    : ''
  const figures = weights.panels.map((panel) =>
    figure(shown(panel.name, 60), undefined, chart(panel, reach), numbersOf(panel, inference !== undefined)),
  )
  const strongest = features > 10 ? `The strongest of ${count(features)} features for each class. ` : ''
  return section(
    'weights',
    'What the model looks for',
    html`<p>${strongest}A bar is what one standard deviation more of the feature adds to the logit of the class.${intervals}${rest(leftOut)}</p>
${key}
<div class="grid small">
${figures}
</div>`,
  )
}

function numbersOf({ name: text, bars }: WeightPanel, inferred: boolean) {
  const optional = inferred ? ['From', 'To', 'p'] : []
  return {
    caption: `weights, ${shown(text, 60)}`,
    columns: [
      { name: 'Feature' },
      ...['Per deviation', ...optional, 'Per unit'].map((name) => ({ name, numeric: true })),
    ],
    rows: bars.map(({ feature, weight, perUnit, low, high, p }) => [
      name(feature, 80),
      number(weight, 3),
      ...(inferred ? [low ?? 0, high ?? 0, p ?? 1].map((value) => number(value, 2)) : []),
      number(perUnit),
    ]),
  }
}

function chart({ name: text, bars }: WeightPanel, reach: number): Markup {
  const names = bars.map(({ feature }) => feature)
  const marks = bars.map((bar, place) => ({ ...bar, place }))
  const ranged = marks.filter(({ low }) => low !== undefined)
  const strongest = bars[0] ? `; the strongest is ${shown(bars[0].feature, 40)} with ${number(bars[0].weight, 3)}` : ''
  return draw(`Bars: weights of ${shown(text, 60)}${strongest}.`, {
    width: NARROW,
    height: 40 + 20 * Math.max(1, bars.length),
    marginLeft: roomFor(names, 16),
    marginRight: 12,
    marginTop: 4,
    x: { domain: [-reach, reach], label: null, ticks: 4, grid: true },
    y: { ...named(names, 16), label: null },
    marks: [
      Plot.barX(marks, {
        x: 'weight',
        y: 'place',
        fill: ({ weight }: WeightBar) => (weight > 0 ? 'var(--accent)' : 'var(--against)'),
        fillOpacity: ranged.length > 0 ? 0.55 : 0.8,
        insetTop: 2,
        insetBottom: 2,
        rx: 1.5,
      }),
      Plot.ruleY(ranged, { y: 'place', x1: 'low', x2: 'high', stroke: 'currentColor', strokeWidth: 1.5 }),
      Plot.ruleX([0], { stroke: 'var(--soft)' }),
    ],
    color: { type: 'identity' },
  })
}
