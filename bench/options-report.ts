/**
 * The part of the page on what options cost, from results/options.json.
 */
import { type OptionCost, type OptionsResult, readOptionsResult } from './options.ts'

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const cell = ({ times, bound, plain }: OptionCost): string =>
  `${times.toFixed(2)}× of ${plain.toFixed(1)} ${times <= bound ? '✓' : '✗'}`

/** Paragraphs of the page; none without a result. */
export function optionsSection(result: OptionsResult | undefined = readOptionsResult()): string[] {
  if (result === undefined) return []
  const { cpu, cores, node, date, loadAverage } = result.machine
  const kinds = [...new Set(result.costs.map(({ dtype, mode }) => `${dtype} ${mode}`))]
  const keys = [...new Set(result.costs.map(({ title, shape }) => `${title}|${shape}`))]
  const body = keys.map((key) => {
    const [title, shape] = key.split('|')
    const costs = result.costs.filter((cost) => cost.title === title && cost.shape === shape)
    const cells = kinds.map((kind) => costs.find(({ dtype, mode }) => `${dtype} ${mode}` === kind))
    return row([title, shape, `≤ ${costs[0].bound}×`, ...cells.map((cost) => (cost === undefined ? '' : cell(cost)))])
  })
  const met = result.costs.filter(({ times, bound }) => times <= bound).length
  return [
    '## What options cost',
    'The time of a call with an option over that of the plain call on as many logits, and the nanoseconds per logit of the plain call. ' +
      'The inner axis is the middle of three. ' +
      `${met} of ${result.costs.length} within their goal.`,
    `* ${cpu}, ${cores} cores, Node ${node}; ${date.slice(0, 16).replace('T', ' ')} UTC, load average ${loadAverage.before} before and ` +
      `${loadAverage.after} after; medians of ${result.settings.rounds} rounds`,
    [row(['call', 'shape', 'goal', ...kinds]), row(['---', '---', '---', ...kinds.map(() => '---:')]), ...body].join(
      '\n',
    ),
  ]
}
