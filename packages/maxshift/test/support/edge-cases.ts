/**
 * The tables of docs/edge-cases.md: what infinities, NaN, masks and empty input give, computed by the public functions.
 */
import * as maxshift from '../../src/index.ts'

const INF = Number.POSITIVE_INFINITY
const NAN = Number.NaN

/** A row per input and a column per function. */
interface Table<Input> {
  readonly title: string
  readonly remark: string
  readonly inputs: readonly (readonly [title: string, input: Input])[]
  readonly columns: readonly (readonly [title: string, run: (input: Input) => unknown])[]
}

/** A number with five digits, an array in brackets, an object by its members. */
function show(value: unknown): string {
  if (typeof value === 'number') {
    const size = Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? `${+Math.abs(value).toPrecision(5)}` : '∞'
    return value < 0 || Object.is(value, -0) ? `−${size}` : size
  }
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    return `[${Array.from(value as Float64Array, show).join(', ')}]`
  }
  return Object.entries(value as object)
    .map(([name, member]) => `${name} ${show(member)}`)
    .join(', ')
}

/** What a call gives; of an error its kind. */
function outcome(call: () => unknown): string {
  try {
    return show(call())
  } catch (error) {
    return `a ${(error as Error).name}`
  }
}

function render<Input>({ title, remark, inputs, columns }: Table<Input>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`
  const head = line(['', ...columns.map(([name]) => name)]) + line(new Array(columns.length + 1).fill('---'))
  const body = inputs.map(([name, input]) => line([name, ...columns.map(([, run]) => outcome(() => run(input)))]))
  return `## ${title}\n\n${remark}\n\n${head}${body.join('')}`
}

type Row = readonly number[]

const rows: Table<Row> = {
  title: 'Rows of logits',
  remark:
    'An entry of −∞ is a class that is ruled out. One +∞ has a limit, in which all probability goes to its place; two have none. ' +
    'A NaN is never hidden. The same for every axis, dtype and mode.',
  inputs: [
    ['a NaN: [0, NaN]', [0, NAN]],
    ['a NaN beside +∞: [∞, NaN]', [INF, NAN]],
    ['−∞ somewhere: [0, −∞]', [0, -INF]],
    ['only −∞: [−∞, −∞]', [-INF, -INF]],
    ['one +∞: [0, ∞]', [0, INF]],
    ['two +∞: [0, ∞, ∞]', [0, INF, INF]],
    ['one entry: [5]', [5]],
    ['empty: []', []],
    ['the largest numbers: [1.7e308, −1.7e308]', [1.7e308, -1.7e308]],
  ],
  columns: [
    ['`softmax`', (row) => maxshift.softmax(row)],
    ['`logSoftmax`', (row) => maxshift.logSoftmax(row)],
    ['`logSumExp`', (row) => maxshift.logSumExp(row)],
    ['`logMeanExp`', (row) => maxshift.logMeanExp(row)],
    ['`logCumSumExp`', (row) => maxshift.logCumSumExp(row)],
    ['`entropy`', (row) => maxshift.entropy(row)],
  ],
}

type Masked = readonly [row: Row, mask: Row]
const masked = (allMasked: 'nan' | 'zero', [, mask]: Masked) => ({ mask: Uint8Array.from(mask), allMasked })

const masks: Table<Masked> = {
  title: 'Masks',
  remark:
    'A masked entry counts as −∞, except that a NaN is not hidden. Rows of −∞ and masked rows are the same to `allMasked`.',
  inputs: [
    [
      'one masked: [1, 2], mask [0, 1]',
      [
        [1, 2],
        [0, 1],
      ],
    ],
    [
      'all masked: [1, 2], mask [0, 0]',
      [
        [1, 2],
        [0, 0],
      ],
    ],
    [
      'only −∞ left: [−∞, 2], mask [1, 0]',
      [
        [-INF, 2],
        [1, 0],
      ],
    ],
    [
      '+∞ masked: [∞, 2], mask [0, 1]',
      [
        [INF, 2],
        [0, 1],
      ],
    ],
    [
      'NaN masked: [NaN, 2], mask [0, 1]',
      [
        [NAN, 2],
        [0, 1],
      ],
    ],
  ],
  columns: [
    ['`softmax`', (input) => maxshift.softmax(input[0], masked('nan', input))],
    ["… `allMasked: 'zero'`", (input) => maxshift.softmax(input[0], masked('zero', input))],
    ['`logSoftmax`', (input) => maxshift.logSoftmax(input[0], masked('nan', input))],
    ["… `allMasked: 'zero'`", (input) => maxshift.logSoftmax(input[0], masked('zero', input))],
    ['`logSumExp`', ([row, mask]) => maxshift.logSumExp(row, { mask: Uint8Array.from(mask) })],
    ['`logMeanExp`', ([row, mask]) => maxshift.logMeanExp(row, { mask: Uint8Array.from(mask) })],
  ],
}

type Labelled = readonly [row: Row, label: number]

const losses: Table<Labelled> = {
  title: 'Losses with a label',
  remark: 'The gradient is that of crossEntropyWithGradient for one row.',
  inputs: [
    ['a NaN: [0, NaN]', [[0, NAN], 0]],
    ['label at −∞: [0, −∞], label 1', [[0, -INF], 1]],
    ['−∞ elsewhere: [0, −∞], label 0', [[0, -INF], 0]],
    ['only −∞: [−∞, −∞]', [[-INF, -INF], 0]],
    ['label at +∞: [0, ∞], label 1', [[0, INF], 1]],
    ['+∞ elsewhere: [0, ∞], label 0', [[0, INF], 0]],
    ['two +∞: [∞, ∞]', [[INF, INF], 0]],
    ['one entry: [5]', [[5], 0]],
    ['ignored: [NaN, 0], label −100', [[NAN, 0], -100]],
    ['label out of range: [0, 0], label 2', [[0, 0], 2]],
  ],
  columns: [
    [
      '`crossEntropy`',
      ([row, label]) => maxshift.crossEntropy(row, [label], { classes: row.length, ignoreIndex: -100 }),
    ],
    [
      'gradient',
      ([row, label]) =>
        maxshift.crossEntropyWithGradient(row, [label], { classes: row.length, ignoreIndex: -100 }).gradient,
    ],
    ['`focalLoss`', ([row, label]) => maxshift.focalLoss(row, [label], { classes: row.length, ignoreIndex: -100 })],
    [
      'its gradient',
      ([row, label]) =>
        maxshift.focalLossWithGradient(row, [label], { classes: row.length, ignoreIndex: -100 }).gradient,
    ],
  ],
}

type Soft = readonly [row: Row, targets: Row]

const distributions: Table<Soft> = {
  title: 'Losses with a distribution',
  remark: 'A target of 0 costs 0, whatever the logit.',
  inputs: [
    [
      '0 at −∞: [0, −∞], [1, 0]',
      [
        [0, -INF],
        [1, 0],
      ],
    ],
    [
      'more at −∞: [0, −∞], [0.5, 0.5]',
      [
        [0, -INF],
        [0.5, 0.5],
      ],
    ],
    [
      'nothing at all: [0, 1], [0, 0]',
      [
        [0, 1],
        [0, 0],
      ],
    ],
    [
      'a NaN, no weight there: [0, NaN], [1, 0]',
      [
        [0, NAN],
        [1, 0],
      ],
    ],
    [
      'all at +∞: [0, ∞], [0, 1]',
      [
        [0, INF],
        [0, 1],
      ],
    ],
    [
      'half at +∞: [0, ∞], [0.5, 0.5]',
      [
        [0, INF],
        [0.5, 0.5],
      ],
    ],
  ],
  columns: [
    ['`crossEntropy`', ([row, targets]) => maxshift.crossEntropy(row, Float64Array.from(targets))],
    ['gradient', ([row, targets]) => maxshift.crossEntropyWithGradient(row, Float64Array.from(targets)).gradient],
  ],
}

const pairs: Table<readonly [a: Row, b: Row]> = {
  title: 'Divergences',
  remark: 'Of softmax a and softmax b. What a rules out costs nothing; what only b rules out costs ∞ in KL.',
  inputs: [
    [
      'a NaN: [0, NaN], [0, 0]',
      [
        [0, NAN],
        [0, 0],
      ],
    ],
    [
      'ruled out in both: [0, −∞], [1, −∞]',
      [
        [0, -INF],
        [1, -INF],
      ],
    ],
    [
      'ruled out in a: [0, −∞], [0, 0]',
      [
        [0, -INF],
        [0, 0],
      ],
    ],
    [
      'ruled out in b: [0, 0], [0, −∞]',
      [
        [0, 0],
        [0, -INF],
      ],
    ],
    [
      'nothing in common: [0, −∞], [−∞, 0]',
      [
        [0, -INF],
        [-INF, 0],
      ],
    ],
    [
      'the same +∞: [0, ∞], [0, ∞]',
      [
        [0, INF],
        [0, INF],
      ],
    ],
    [
      '+∞ in b: [0, 0], [0, ∞]',
      [
        [0, 0],
        [0, INF],
      ],
    ],
    [
      'no distribution: [−∞, −∞], [0, 0]',
      [
        [-INF, -INF],
        [0, 0],
      ],
    ],
  ],
  columns: [
    ['`klDivergence`', ([a, b]) => maxshift.klDivergence(a, b)],
    ['`jsDivergence`', ([a, b]) => maxshift.jsDivergence(a, b)],
  ],
}

const products: Table<readonly [row: Row, upstream: Row]> = {
  title: 'Jacobian products',
  remark:
    'Logits and the upstream gradient (for logSumExp its first entry). A class that is ruled out has gradient 0, whatever comes from upstream.',
  inputs: [
    [
      'a NaN: [0, NaN], [1, 2]',
      [
        [0, NAN],
        [1, 2],
      ],
    ],
    [
      '−∞: [0, −∞], [1, 2]',
      [
        [0, -INF],
        [1, 2],
      ],
    ],
    [
      '−∞ and ∞ from upstream: [0, −∞], [1, ∞]',
      [
        [0, -INF],
        [1, INF],
      ],
    ],
    [
      '−∞ and NaN from upstream: [0, −∞], [1, NaN]',
      [
        [0, -INF],
        [1, NAN],
      ],
    ],
    [
      'only −∞: [−∞, −∞], [1, 2]',
      [
        [-INF, -INF],
        [1, 2],
      ],
    ],
    [
      'one +∞: [0, ∞], [1, 2]',
      [
        [0, INF],
        [1, 2],
      ],
    ],
    [
      'two +∞: [∞, ∞], [1, 2]',
      [
        [INF, INF],
        [1, 2],
      ],
    ],
  ],
  columns: [
    ['`softmaxVjp`', ([row, upstream]) => maxshift.softmaxVjp(row, upstream)],
    ['`logSoftmaxVjp`', ([row, upstream]) => maxshift.logSoftmaxVjp(row, upstream)],
    ['`logSumExpVjp`', ([row, upstream]) => maxshift.logSumExpVjp(row, upstream[0])],
  ],
}

const sampling: Table<Row> = {
  title: 'Sampling',
  remark: 'What has no distribution has no sample: index −1. A class of probability 0 is never drawn.',
  inputs: [
    ['a NaN: [0, NaN]', [0, NAN]],
    ['−∞: [−∞, 0]', [-INF, 0]],
    ['only −∞: [−∞, −∞]', [-INF, -INF]],
    ['one +∞: [0, ∞]', [0, INF]],
    ['two +∞: [∞, ∞]', [INF, INF]],
  ],
  columns: [
    ['`topK(row, 1)`', (row) => maxshift.topK(row, 1)],
    ['`sampleCategorical(row)`', (row) => maxshift.sampleCategorical(row, { seed: 1 })],
  ],
}

const unary: readonly (readonly [name: string, f: maxshift.UnaryFunction])[] = [
  ['`log1pExp`', maxshift.log1pExp],
  ['`log1mExp`', maxshift.log1mExp],
  ['`log2mExp`', maxshift.log2mExp],
  ['`logExpm1`', maxshift.logExpm1],
  ['`sigmoid`', maxshift.sigmoid],
  ['`logSigmoid`', maxshift.logSigmoid],
  ['`log1mSigmoid`', maxshift.log1mSigmoid],
  ['`logit`', maxshift.logit],
  ['`logitExp`', maxshift.logitExp],
  ['`logit1mExp`', maxshift.logit1mExp],
  ['`logCosh`', maxshift.logCosh],
  ['`logAbsSinh`', maxshift.logAbsSinh],
  ['`logAbsTanh`', maxshift.logAbsTanh],
  ['`log1pSq`', maxshift.log1pSq],
  ['`log1pMx`', maxshift.log1pMx],
  ['`logMxp1`', maxshift.logMxp1],
  ['`xlogx`', maxshift.xlogx],
  ['`xexpx`', maxshift.xexpx],
  ['`cloglog`', maxshift.cloglog],
  ['`cexpexp`', maxshift.cexpexp],
]
const AT: readonly number[] = [-INF, -0, 0, INF]

const scalars: Table<maxshift.UnaryFunction> = {
  title: 'Functions of one number',
  remark: 'Outside the domain the result is NaN; a NaN gives NaN. Derivatives are limits where the function has one.',
  inputs: unary,
  columns: [
    ...AT.map((x) => [`at ${show(x)}`, (f: maxshift.UnaryFunction) => f(x)] as const),
    ...AT.map((x) => [`slope at ${show(x)}`, (f: maxshift.UnaryFunction) => f.derivative(x)] as const),
  ],
}

type Binary = (x: number, y: number) => number

const binary: Table<Binary> = {
  title: 'Functions of two numbers',
  remark: 'A product with x = 0 is 0 where the other factor has a logarithm; `logSubExp(a, b)` needs a ≥ b.',
  inputs: [
    ['`logAddExp`', maxshift.logAddExp],
    ['`logSubExp`', maxshift.logSubExp],
    ['`xlogy`', maxshift.xlogy],
    ['`xlog1py`', maxshift.xlog1py],
    ['`xexpy`', maxshift.xexpy],
    ['`logInvLogitDiff`', maxshift.logInvLogitDiff],
  ],
  columns: [
    [-INF, -INF],
    [INF, INF],
    [INF, -INF],
    [-INF, INF],
    [0, 0],
    [0, -INF],
    [0, INF],
    [0, NAN],
  ].map(([x, y]) => [`(${show(x)}, ${show(y)})`, (f: Binary) => f(x, y)]),
}

/** docs/edge-cases.md. */
export function edgeCases(): string {
  const tables = [rows, masks, losses, distributions, pairs, products, sampling, scalars, binary]
  const intro =
    '# Edge cases\n\nWhat every function gives for infinities, NaN, masks and empty input. The tables are what the functions return, ' +
    'rounded to five digits;\n`node scripts/edge-cases.mjs` writes them and a test compares them.\n'
  return [intro, ...tables.map((table) => render(table as Table<unknown>))].join('\n')
}
