/**
 * The part of the page on the fused linear layer, from results/linear-cross-entropy.json.
 */
import {
  gigaflops,
  LINEAR_SHAPES,
  type LinearResult,
  linearShapeName,
  milliseconds,
  PRODUCTS,
  readLinearResult,
} from './linear.ts'

/** What the fused pass should reach: GFLOP/s in float32, and its time over that of the products. */
const SPEED_GOAL = 17
const RATIO_GOAL = 1.3
/** The ratio is a goal where the logits are too many to be stored. */
const MANY_CLASSES = 100_000

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const mark = (met: boolean): string => (met ? ' ✓' : ' ✗')

function measurementRow({ measurements }: LinearResult, shape: (typeof LINEAR_SHAPES)[number]): string {
  const measurement = measurements.find((one) => linearShapeName(one) === linearShapeName(shape))
  const timeOf = (name: string) => measurement?.contestants.find((one) => one.name === name)?.nsPerElement?.median
  const cell = (name: string): string => {
    const time = timeOf(name)
    return time === undefined ? '–' : `${milliseconds(shape, time).toFixed(0)} ms, ${gigaflops(shape, time).toFixed(1)}`
  }
  const ratioTo = (name: string) => measurement?.ratios.find(({ peer }) => peer === name)?.median
  const fused = timeOf('fused')
  const goal = shape.kind === 'f64' || fused === undefined ? '' : mark(gigaflops(shape, fused) >= SPEED_GOAL)
  const alone = ratioTo(PRODUCTS)
  const overhead = alone === undefined ? '–' : `${(1 / alone).toFixed(2)}×`
  const isGoal = shape.classes >= MANY_CLASSES && alone !== undefined
  const torch = ratioTo('PyTorch')
  return row([
    linearShapeName(shape),
    cell('fused') + goal,
    cell(PRODUCTS),
    isGoal ? overhead + mark(1 / alone <= RATIO_GOAL) : overhead,
    cell('PyTorch'),
    torch === undefined ? '–' : `${torch.toFixed(2)}×`,
  ])
}

/** Paragraphs of the page; none without a result. */
export function linearSection(result: LinearResult | undefined = readLinearResult()): string[] {
  if (result === undefined) return []
  const { cpu, cores, node, date, loadAverage } = result.machine
  return [
    '## Linear layer with cross-entropy',
    'One call of `linearCrossEntropyWithGradient`: loss, gradients of weights and bias, ordinary arrays in and out. Milliseconds and ' +
      'GFLOP/s, counting the two products only (rows × features × classes, the type of the features). "Over the products" is the time ' +
      'divided by that of the products alone, by the same micro-kernel on operands that stay in the cache; "against PyTorch" how many ' +
      `times faster the fused pass is. The goals: ${SPEED_GOAL} GFLOP/s in float32 and for bytes, and at ${MANY_CLASSES} classes and ` +
      `more at most ${RATIO_GOAL}× the products. Plain WebAssembly SIMD has 128 bits and no fused multiply-add.`,
    result.teams
      .map(({ name, version, call }) => `* ${name}${version === '' ? '' : ` ${version}`}: ${call}`)
      .join('\n'),
    `* ${cpu}, ${cores} cores, Node ${node}; ${date.slice(0, 16).replace('T', ' ')} UTC, load average ${loadAverage.before} before and ` +
      `${loadAverage.after} after; medians of ${result.settings.rounds} rounds`,
    [
      row([
        'rows × features × classes',
        'fused',
        'two products alone',
        'over the products',
        'PyTorch',
        'against PyTorch',
      ]),
      row(['---', '---:', '---:', '---:', '---:', '---:']),
      ...LINEAR_SHAPES.map((shape) => measurementRow(result, shape)),
    ].join('\n'),
  ]
}
