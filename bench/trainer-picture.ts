/**
 * The picture of the trainer: how far above its minimum the objective of MNIST is, over the time since the call of fit; ours and theirs.
 * Both axes are logarithmic. Colours are of medium lightness, texts follow the reader's light or dark scheme.
 */
import type { Curve, SetResult, Solver } from './trainer-results.ts'

export const PICTURE_NAME = 'mnist-objective.svg'
export const PICTURE_ALT =
  'Relative gap between objective and minimum over seconds on MNIST, both logarithmic: maxshift with one and two threads, ' +
  'solvers of scikit-learn, and PyTorch'

const WIDTH = 760
const HEIGHT = 440
const PLOT = { left: 64, right: 552, top: 24, bottom: 392 }
const GAP = { most: 10, least: 1e-6 }
const OURS = ['#79b8ff', '#2f81f7']
const THEIRS = ['#db6d28', '#bf8700', '#e5534b', '#a371f7', '#3fa266', '#8b949e', '#c96198', '#5f9ea0', '#a0785a']

interface Line {
  readonly label: string
  readonly colour: string
  readonly width: number
  readonly points: readonly (readonly [seconds: number, gap: number])[]
}

/** Points above the gap that is shown, from the first on. */
const gapsOf = (curve: Curve, optimum: number): Line['points'] =>
  curve
    .map(([seconds, objective]) => [seconds, (objective - optimum) / optimum] as const)
    .filter(([seconds, gap]) => seconds > 0 && gap >= GAP.least)

function linesOf({ solvers, optimum }: SetResult): Line[] {
  const drawn = (colours: readonly string[], chosen: readonly Solver[], label: (solver: Solver) => string): Line[] =>
    chosen
      .map((solver) => ({ label: label(solver), points: gapsOf(solver.curve ?? [], optimum) }))
      .filter(({ points }) => points.length > 1)
      .sort((a, b) => (b.label < a.label ? 1 : -1))
      .map((line, i) => ({ ...line, colour: colours[i % colours.length], width: colours === OURS ? 3 : 1.75 }))
  const ours = solvers.filter(({ library }) => library === 'maxshift')
  const theirs = solvers.filter(({ library }) => library !== 'maxshift')
  return [
    ...drawn(OURS, ours, ({ threads }) => `maxshift, ${threads} thread${threads > 1 ? 's' : ''}`),
    ...drawn(THEIRS, theirs, ({ library, name }) => `${library} ${name}`),
  ]
}

const power = (exponent: number): string => (Math.abs(exponent) < 4 ? `${10 ** exponent}` : `1e${exponent}`)

/** The picture, or undefined without a course of fits. */
export function trainerPicture(set: SetResult | undefined): string | undefined {
  const lines = set === undefined ? [] : linesOf(set)
  if (set === undefined || lines.length === 0) return undefined
  const seconds = lines.flatMap(({ points }) => points.map(([at]) => at))
  const begin = Math.log10(Math.min(...seconds)) - 0.05
  const end = Math.log10(Math.max(...seconds)) + 0.05
  const x = (at: number): number => PLOT.left + ((Math.log10(at) - begin) / (end - begin)) * (PLOT.right - PLOT.left)
  const decades = Math.log10(GAP.most / GAP.least)
  const y = (gap: number): number => PLOT.top + (Math.log10(GAP.most / gap) / decades) * (PLOT.bottom - PLOT.top)
  const text = (at: number, down: number, anchor: string, words: string): string =>
    `<text x="${at.toFixed(1)}" y="${down.toFixed(1)}" text-anchor="${anchor}">${words}</text>`
  const grid: string[] = []
  for (let exponent = Math.ceil(begin); exponent <= end; exponent++) {
    const at = x(10 ** exponent)
    grid.push(`<line class="grid" x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>`)
    grid.push(text(at, PLOT.bottom + 18, 'middle', `${power(exponent)} s`))
  }
  for (let exponent = Math.log10(GAP.most); exponent >= Math.log10(GAP.least) - 0.1; exponent--) {
    const down = y(10 ** exponent)
    grid.push(
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${down.toFixed(1)}" y2="${down.toFixed(1)}"/>`,
    )
    grid.push(text(PLOT.left - 8, down + 4, 'end', power(Math.round(exponent))))
  }
  const goals = set.targets.map((target) => {
    const down = y((target - set.optimum) / set.optimum)
    return `<line class="goal" x1="${PLOT.left}" x2="${PLOT.right}" y1="${down.toFixed(1)}" y2="${down.toFixed(1)}"/>`
  })
  const drawn = lines.map(({ points, colour, width }) => {
    const path = points.map(([at, gap]) => `${x(at).toFixed(1)},${y(Math.min(gap, GAP.most)).toFixed(1)}`).join(' ')
    return `<polyline fill="none" stroke="${colour}" stroke-width="${width}" points="${path}"/>`
  })
  const legend = lines.flatMap(({ label, colour, width }, i) => {
    const down = PLOT.top + 16 + 24 * i
    const ends = `x1="${PLOT.right + 16}" x2="${PLOT.right + 38}" y1="${down}" y2="${down}"`
    const swatch = `<line ${ends} stroke="${colour}" stroke-width="${width}"/>`
    return [swatch, text(PLOT.right + 46, down + 4, 'start', label)]
  })
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${PICTURE_ALT}">`,
    `<title>${PICTURE_ALT}</title>`,
    '<style>text{font:12px system-ui,sans-serif;fill:#1f2328}.grid{stroke:#8b949e;stroke-opacity:.35}.goal{stroke:#8b949e;stroke-dasharray:5 4}' +
      '@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>',
    ...grid,
    ...goals,
    ...drawn,
    ...legend,
    text(PLOT.left, PLOT.top - 9, 'start', '(objective − minimum) / minimum; dashed: the targets'),
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 10, 'middle', 'time since the call of fit'),
    '</svg>',
  ].join('\n')}\n`
}
