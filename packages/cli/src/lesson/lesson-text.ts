/**
 * The lesson for people: as text for a terminal, and as Markdown.
 */
import { Decimal } from 'decimal.js'
import type { Style } from '../report/style.ts'
import { fit } from '../text.ts'
import { type Format, show, tidy } from './formats.ts'
import type { Course, Lesson, Step } from './lesson.ts'

/** Values of a row beyond these are left out. */
const SHOWN = 6
const nameWidth = 11

export function lessonText(lesson: Lesson, style: Style, width: number): string {
  const lines: string[] = []
  const put = (head: string, text: string) =>
    wrap(text, width - nameWidth - 2).forEach((line, i) => {
      const name = i === 0 ? head : ''
      lines.push(`${style.bold(name)}${' '.repeat(Math.max(1, nameWidth - name.length))}${line}`)
    })
  put('logits o', valuesOf(lesson.logits, 6))
  put('label y', describeLabel(lesson))
  exactly(lesson).forEach((line, i) => {
    put(i === 0 ? 'exact' : '', line)
  })
  for (const course of lesson.courses) {
    lines.push('', `${style.bold(course.format.name)}  ${style.dim(describeFormat(course.format))}`)
    for (const { title, steps } of course.parts) {
      lines.push('', `  ${title}`)
      for (const step of steps) {
        const { digits } = course.format
        const paint = step.digits >= digits ? style.good : style.bad
        lines.push(`  ${(step.formula || '   ').padEnd(4)}${step.quantity.padEnd(9)}= ${step.expression}`)
        const values = fit(valuesOf(step.values, digits), width - 35)
        lines.push(`       ${`= ${values}`.padEnd(width - 33)} ${paint(digitsOf(step, digits))}`)
        for (const why of step.why) for (const line of wrap(why, width - 9)) lines.push(`         ${style.dim(line)}`)
      }
    }
  }
  for (const note of notes(lesson)) lines.push('', ...wrap(note, width))
  return `${lines.join('\n')}\n`
}

export function lessonMarkdown(lesson: Lesson): string {
  const { logits, courses } = lesson
  const lines = [
    '# What softmax and cross-entropy lose',
    '',
    `* Logits o: ${valuesOf(logits, 6)}`,
    `* Label y: ${describeLabel(lesson)}`,
    `* Exact: ${exactly(lesson).join('; ')}`,
  ]
  for (const { format, parts } of courses) {
    lines.push('', `## ${format.name}`, '', `The ${describeFormat(format)}.`)
    for (const { title, steps } of parts) {
      lines.push(
        '',
        `### ${title}`,
        '',
        '| formula | | gives | right digits | why |',
        '| --- | --- | --- | --- | --- |',
      )
      for (const step of steps) {
        const { formula, quantity, expression, values, why } = step
        const digits = digitsOf(step, format.digits)
        lines.push(
          `| ${formula} ${quantity} | \`${expression}\` | ${valuesOf(values, format.digits)} | ${digits} | ${why.join('; ')} |`,
        )
      }
    }
  }
  for (const note of notes(lesson)) lines.push('', note)
  return `${lines.join('\n')}\n`
}

function exactly({ exact }: Lesson): string[] {
  const probs = exact.probs.slice(0, SHOWN).map((p) => tidy(new Decimal(p).toSignificantDigits(6).toString()))
  return [
    `softmax ${listed(probs, exact.probs.length)}`,
    `loss ${tidy(exact.loss)}`,
    `gradient at the label ${tidy(exact.gradient)}`,
  ]
}

function listed(shown: readonly string[], all: number): string {
  return all > shown.length ? `${shown.join(', ')}, … (${all} in all)` : shown.join(', ')
}

function describeLabel({ logits, label }: Lesson): string {
  return `${label}, whose logit is ${show(logits[label], 6)} (places are counted from 0)`
}

function describeFormat({ largest, smallest, digits }: Format): string {
  return `largest number ${show(largest, 2)}, smallest above 0 ${show(smallest, 2)}, about ${digits} digits`
}

function valuesOf(values: readonly number[], digits: number): string {
  const shown = values.slice(0, SHOWN).map((value) => show(value, values.length > 1 ? Math.min(digits, 6) : digits))
  return listed(shown, values.length)
}

function digitsOf({ digits }: Step, all: number): string {
  if (digits >= all) return 'all digits right'
  return digits === 0 ? 'no digit right' : `${digits} of ${all} digits right`
}

function notes({ courses }: Lesson): string[] {
  const left = ['float32', 'float64'].filter((name) => !courses.some(({ format }: Course) => format.name === name))
  const lesson =
    'Numbers in a machine are finite: look for an equal expression that never meets log(0), 0/0, ∞/∞, or a small difference of large numbers.'
  return [...left.map((name) => `${name} is left out: it cannot hold these logits.`), lesson]
}

/** Lines of at most `width` characters, broken at spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
