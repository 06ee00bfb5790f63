/**
 * The page: a headline with the measures, sections that have something to show, one style sheet, no script and nothing from elsewhere.
 * The policy in its head keeps it so, whatever the names in the data are.
 */

import { classesSection } from './classes-section.ts'
import { confusionSection } from './confusion-section.ts'
import { fitSection } from './fit-section.ts'
import { headline } from './headline.ts'
import { html, Markup, name, shown } from './markup.ts'
import { mistakesSection } from './mistakes-section.ts'
import { originSection } from './origin-section.ts'
import { reliabilitySection } from './reliability-section.ts'
import type { ReportData } from './report-data.ts'
import { selectionSection } from './selection-section.ts'
import { css } from './theme.ts'
import { weightsSection } from './weights-section.ts'

/** A section, and what the list at the top calls it; undefined where it has nothing to show. */
type Section = readonly [id: string, title: string, content: Markup | undefined]

export function renderReport(data: ReportData): string {
  const sections: Section[] = [
    ['confusion', 'Confusion', confusionSection(data)],
    ['classes', 'Classes', classesSection(data)],
    ['weights', 'Weights', weightsSection(data)],
    ['mistakes', 'Mistakes', mistakesSection(data)],
    ['reliability', 'Probabilities', reliabilitySection(data)],
    ['selection', 'Penalty', selectionSection(data)],
    ['fit', 'Fit', fitSection(data)],
    ['origin', 'Do it again', originSection(data)],
  ]
  const present = sections.filter(([, , content]) => content !== undefined)
  const links = present.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="maxshift">
<title>${shown(data.title, 80)} · maxshift report</title>
<style>${new Markup(css)}</style>
</head>
<body>
${headline(data, html`<nav aria-label="Sections"><ul>${links}</ul></nav>`)}
<main>
${present.map(([, , content]) => content)}
</main>
<footer><p>Made by maxshift. Judged: ${name(data.title)}.</p></footer>
</body>
</html>
`
  return page.text
}
