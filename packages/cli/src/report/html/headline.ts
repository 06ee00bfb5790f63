/**
 * What a person should know after ten seconds: which data, how good, whether the fit is one to trust.
 */
import type { FitStatus } from 'maxshift/regression'
import { count, plural } from '../../text.ts'
import { html, type Markup, name } from './markup.ts'
import { number, percent } from './parts.ts'
import type { ReportData } from './report-data.ts'

/** How a fit ended, as the end of “The fit …”. */
const endings: Record<FitStatus, string> = {
  converged: 'converged',
  'max-iterations': 'stopped at the limit of iterations before it converged',
  'line-search-failed': 'stopped where rounding allows no further progress, short of the tolerance',
  'not-finite': 'failed: the objective overflows',
  'schedule-finished': 'ran through its schedule',
  separated: 'has no optimum: the classes can be separated, and weights without a penalty grow without end',
  stopped: 'was stopped before it converged',
  'time-limit': 'was stopped by the time limit before it converged',
  'early-stopped': 'was stopped early, at the best of the validation rows',
}

export function headline(data: ReportData, navigation: Markup): Markup {
  const { measures, classes, fit, title, rowsOf } = data
  const what = rowsOf === 'data' ? '' : ` of the ${rowsOf}`
  const top = measures.topK.length > 2 ? measures.topK[1] : undefined
  return html`<header>
<p class="kicker">maxshift · softmax regression</p>
<h1>${name(baseName(title), 80)}</h1>
<p class="lead">${percent(measures.accuracy, 2)} of ${plural(measures.rows, 'row')}${what} are in the class that the model predicts
(${count(measures.correct)} of ${count(measures.rows)}), among ${plural(classes.length, 'class', 'classes')}.
The fit to ${plural(fit.rows, 'row')} ${endings[fit.status]}.${
    rowsOf === 'training data'
      ? ' These are the rows the model was fitted to; new rows will be predicted less well.'
      : ''
  }</p>
<dl class="facts">
${fact('Accuracy', percent(measures.accuracy, 2))}
${fact('Log-loss, in nats', number(measures.logLoss))}
${fact('Calibration error', percent(measures.ece, 2))}
${fact('Macro F1', percent(measures.macroF1, 2))}
${top === undefined ? undefined : fact('Among the two most probable', percent(top, 2))}
${fact('Brier score', number(measures.brier, 3))}
</dl>
${navigation}
</header>`
}

function fact(term: string, value: string): Markup {
  return html`<div><dt>${term}</dt><dd>${value}</dd></div>`
}

export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path
}
