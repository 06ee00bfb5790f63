/**
 * What the commands print for people on stdout: a name on the left, short lines on the right, at most as wide as the
 * terminal.
 */
import type { Evaluation, FitReport, FitStatus } from 'maxshift/regression'
import type { Search } from '../commands/choose-l2.ts'
import type { Dataset } from '../input/dataset.ts'
import type { ClassName } from '../input/labels.ts'
import { cells, count, duration, fit, plain, plural, quote, shortest } from '../text.ts'
import { confusionTable, largestMistakes } from './confusion.ts'
import { type Style, styleFor } from './style.ts'

const nameWidth = 12
/** More are not listed one by one. */
const MOST_CLASSES = 30

export class Summary {
  readonly style: Style = styleFor(process.stdout)
  readonly #width = Math.min(process.stdout.columns || 80, 120)

  /** `Name        first line`, and further lines under the first; each is cut to the width. */
  block(name: string, ...lines: string[]): void {
    lines.forEach((line, i) => {
      const head = i === 0 ? name : ''
      this.#print(`${this.style.bold(head)}${' '.repeat(nameWidth - head.length)}${line}`)
    })
  }

  gap(): void {
    this.#print('')
  }

  /** Rows, features and classes of a dataset, and where it came from. */
  data(name: string, data: Dataset, classes: string): void {
    const shape = data.imageShape ? `${data.imageShape.join(' × ')} pixels` : plural(data.featureCount, 'feature')
    const rows = plural(data.rows, data.imageShape ? 'image' : 'row')
    const files = data.source.map((path) => this.style.dim(endOf(plain(path), this.#width - nameWidth)))
    this.block(name, `${rows}, ${shape}, ${classes}`, ...files)
  }

  /** Which l2 was chosen, and why. */
  search({ method, folds, l2s, logLoss, standardError, best, chosen }: Search): void {
    const held = method === 'holdout' ? 'a fifth of all' : `${folds} folds`
    const why = chosen === best ? 'the lowest' : 'within one standard error of the lowest'
    const edge = chosen === 0 || (chosen === l2s.length - 1 && l2s.length > 1)
    this.block(
      'Choice',
      `l2 ${this.style.bold(shortest(l2s[chosen]))} of ${l2s.length} from ${shortest(l2s[0])} to ${shortest(l2s[l2s.length - 1])}`,
      `log-loss ${logLoss[chosen].toPrecision(4)} ± ${standardError[chosen].toPrecision(2)} on held-out rows (${held}), ${why}`,
    )
    if (edge) this.block('', 'at the end of what was tried; --l2 sets others')
  }

  /** How a fit ended. */
  fit(report: FitReport): void {
    const { good, bad } = this.style
    const { status, iterations, dataPasses, seconds, objective, gradientNorm, tolerance } = report
    const norm = gradientNorm === 0 ? '0' : gradientNorm.toExponential(1)
    const paint = status === 'converged' ? good : bad
    // A model from a file does not know.
    const time = seconds > 0 ? `, ${duration(seconds)}` : ''
    this.block(
      'Fit',
      `${paint(statusWords[status])} after ${plural(iterations, 'iteration')}, ${plural(dataPasses, 'pass', 'passes')}${time}`,
      `objective ${objective.toPrecision(6)}, gradient norm ${norm} (tolerance ${shortest(tolerance)})`,
    )
    const { separation } = report
    if (separation) {
      const names = separation.classNames.map((name) => quote(String(name), 20))
      const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
      const others = separation.kind === 'complete' ? 'in every row' : 'in some rows, while others tie'
      this.block('', `told from the other classes ${others}: ${shown}`)
    }
    const advice = statusAdvice[status]
    if (advice !== undefined) this.block('', advice)
  }

  /** How good predictions are; `on` says for which rows, where that is not clear. */
  metrics(classes: readonly ClassName[], evaluation: Evaluation, rows: number, on?: string): void {
    const { accuracy, balancedAccuracy, macroF1, logLoss, topK, brier, ece, confusion } = evaluation
    const where = on === undefined ? '' : ` on the ${on}`
    const correct = confusion.reduce((sum, row, i) => sum + row[i], 0)
    const total = confusion.flat().reduce((sum, n) => sum + n, 0)
    const counted = total === rows ? `${count(correct)} of ${count(rows)}` : 'weighted'
    const most = classes.length > topK.length ? `, top ${topK.length} ${percent(topK[topK.length - 1])}` : ''
    this.block('Result', `accuracy ${this.style.bold(percent(accuracy))} (${counted})${where}`)
    this.block(
      '',
      `balanced accuracy ${percent(balancedAccuracy)}, macro F1 ${macroF1.toPrecision(4)}${most}`,
      `log-loss ${this.style.bold(logLoss.toPrecision(4))}, Brier score ${brier.toPrecision(3)}, calibration error ${percent(ece)}`,
    )
    this.gap()
    this.#confusion(classes, confusion)
  }

  /** Precision, recall and F1 of each class. */
  perClass(classes: Evaluation['perClass']): void {
    if (classes.length > MOST_CLASSES) {
      this.block('Classes', `${classes.length} are too many to list; --json has them all`)
      return
    }
    const names = classes.map(({ className }) => fit(plain(String(className)), 24))
    const width = Math.max(5, ...names.map(cells))
    const heads = ['rows', 'precision', 'recall', 'F1'].map((head, i) => head.padStart(i === 0 ? 10 : 11)).join('')
    const lines = classes.map(({ support, precision, recall, f1 }, i) => {
      const shares = [precision, recall].map((share) => percent(share).padStart(11)).join('')
      const rows = Number.isInteger(support) ? count(support) : support.toPrecision(5)
      const name = `${' '.repeat(width - cells(names[i]))}${names[i]}`
      return `${name}${rows.padStart(10)}${shares}${f1.toFixed(4).padStart(11)}`
    })
    this.block('Classes', this.style.dim(`${'class'.padStart(width)}${heads}`), ...lines)
  }

  #confusion(classes: readonly ClassName[], counts: Evaluation['confusion']): void {
    const matrix = { names: classes.map(String), at: (row: number, column: number) => counts[row][column] }
    const table = confusionTable(matrix, this.#width - nameWidth, this.style)
    const lead = 'most often: '
    const mistakes = largestMistakes(matrix, this.#width - nameWidth - lead.length)
    if (table) this.block('Confusion', this.style.dim('rows: true class, columns: predicted class'), ...table)
    else this.block('Confusion', `${classes.length} classes are too many for a table of this width`)
    this.block('', mistakes === '' ? 'no mistakes' : `${lead}${mistakes}`)
  }

  #print(line: string): void {
    process.stdout.write(`${line}\n`)
  }
}

const statusWords: Record<FitStatus, string> = {
  converged: 'converged',
  'max-iterations': 'not converged',
  'line-search-failed': 'not converged',
  'not-finite': 'failed',
  'schedule-finished': 'schedule finished',
  separated: 'no optimum exists',
  stopped: 'stopped, not converged',
  'time-limit': 'stopped by the time limit',
  'early-stopped': 'stopped early',
}

const statusAdvice: Partial<Record<FitStatus, string>> = {
  'max-iterations': 'the limit of --max-iterations is reached; raise it, or --tolerance',
  'line-search-failed': 'rounding allows no further progress; --tolerance is too small for these data',
  'not-finite': 'the objective overflows; the features are too large',
  stopped: 'the model is the one so far',
  'time-limit': 'the limit of --max-seconds is reached; the model is the one so far',
  separated: 'the weights grow without end: they can separate the classes; use --l2 above 0',
}

/** 0.92531 → `92.53 %`. */
function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}

/** The end of a path says more than its beginning. */
function endOf(path: string, width: number): string {
  return path.length <= width ? path : `…${path.slice(path.length - width + 1)}`
}

/** `10 classes of 5,421 to 6,742 rows`; the few names of a few classes. */
export function describeClasses(labels: readonly ClassName[]): string {
  const counts = new Map<ClassName, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  if (counts.size <= 3) return [...counts].map(([name, n]) => `${count(n)} ${quote(String(name), 20)}`).join(', ')
  const sizes = [...counts.values()].sort((a, b) => a - b)
  return `${plural(counts.size, 'class', 'classes')} of ${count(sizes[0])} to ${count(sizes[sizes.length - 1])}`
}
