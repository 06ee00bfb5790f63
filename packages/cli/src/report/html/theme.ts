/**
 * The look of a report: one sheet, light and dark, for phones and for paper.
 */
export const css = `
:root {
  color-scheme: light dark;
  --paper: #fcfcfa; --panel: #ffffff; --ink: #1c2024; --soft: #5b636b; --line: #e2e4e3; --faint: #f1f2f0;
  --accent: #14639e; --accent-soft: #14639e1f; --against: #b3541e; --plot-background: var(--panel);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --panel: #1a1e22; --ink: #e6e8ea; --soft: #a0a8b0; --line: #2e343a; --faint: #22272c;
    --accent: #6cb6ee; --accent-soft: #6cb6ee2b; --against: #e8955f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums;
}
main, header, footer { max-width: 58rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; }
h1, h2, h3, p { overflow-wrap: anywhere; }
h1 { font-size: clamp(1.6rem, 4vw + .6rem, 2.4rem); line-height: 1.15; font-weight: 650; letter-spacing: -.02em; margin: .25rem 0 .5rem; }
h2 { font-size: 1.35rem; line-height: 1.25; font-weight: 620; letter-spacing: -.01em; margin: 0 0 .35rem; }
h3 { font-size: 1rem; font-weight: 620; margin: 0; }
p { margin: .25rem 0 .75rem; max-width: 44rem; }
.kicker, .note, .lead, figcaption p, caption { color: var(--soft); }
.kicker { font-size: .85rem; letter-spacing: .04em; margin: 0; }
.lead { font-size: 1.05rem; }
.note, figcaption p, caption { font-size: .875rem; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; list-style: none; margin: 1.5rem 0 0; padding: .7rem 0; border-block: 1px solid var(--line); font-size: .9rem; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
section { padding: 2.5rem 0 0; scroll-margin-top: 1rem; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.25rem, 1fr)); gap: 1.25rem 1.25rem; margin: 2rem 0 0; }
dl.facts div { display: flex; flex-direction: column; }
dl.facts dt { order: 2; color: var(--soft); font-size: .875rem; line-height: 1.35; }
dl.facts dd { margin: 0; font-size: 1.75rem; font-weight: 300; letter-spacing: -.02em; line-height: 1.2; white-space: nowrap; }
dl.facts div:first-child dd { color: var(--accent); font-weight: 450; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.25rem; align-items: start; }
.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 16.5rem), 1fr)); }
figure { margin: 1rem 0 0; padding: 1.1rem 1.2rem; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; min-width: 0; }
.grid figure { margin-top: .5rem; }
figcaption { margin-bottom: .6rem; }
figcaption p { margin: .15rem 0 0; }
.chart { display: block; width: 100%; max-width: 34rem; height: auto; overflow: visible; }
.chart text { white-space: pre; }
details { margin-top: .8rem; font-size: .9rem; }
summary { cursor: pointer; color: var(--soft); width: fit-content; max-width: 100%; overflow-wrap: anywhere; }
summary:hover { color: var(--accent); }
.scroll { overflow-x: auto; margin-top: .6rem; max-width: 100%; }
table { border-collapse: collapse; font-size: .875rem; min-width: 50%; }
caption { text-align: start; padding-bottom: .3rem; overflow-wrap: anywhere; }
th, td { padding: .28rem .75rem .28rem 0; border-bottom: 1px solid var(--line); text-align: start; vertical-align: baseline; }
th { font-weight: 550; }
thead th { color: var(--soft); font-weight: 500; white-space: nowrap; }
th.n, td.n { text-align: end; white-space: nowrap; padding-inline: .75rem; }
th.t, td.t { overflow-wrap: anywhere; min-width: 4.5rem; max-width: 24rem; }
td.t:nth-child(n+4) { min-width: 14rem; }
code, pre { font: .86rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: .75rem 0; padding: .9rem 1rem; background: var(--faint); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.25rem, 1fr)); gap: .9rem; list-style: none; margin: .5rem 0 0; padding: 0; }
.templates { grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
.pictures li { min-width: 0; font-size: .85rem; line-height: 1.35; overflow-wrap: anywhere; }
.pictures img { display: block; width: 100%; height: auto; image-rendering: pixelated; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; margin-bottom: .35rem; }
.pictures b { font-weight: 620; }
.pictures .soft { color: var(--soft); display: block; }
img.ink { padding: 6%; }
@media (prefers-color-scheme: dark) { img.ink { filter: invert(1); background: #e5e1dd; border-color: #d1cbc5; } }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .85rem; color: var(--soft); margin: .2rem 0 .5rem; padding: 0; list-style: none; }
.key li::before { content: ""; display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-inline-end: .45em; background: var(--swatch, var(--accent)); }
.key .against { --swatch: var(--against); }
.key .ring::before { background: none; border: 1.5px solid var(--soft); border-radius: 50%; }
.key .dot::before { border-radius: 50%; }
footer { padding-block: 3rem 2.5rem; color: var(--soft); font-size: .875rem; }
@media (max-width: 30rem) {
  header { padding-top: 1.75rem; }
  main, header, footer { padding-inline: 1rem; }
  figure { padding: .9rem .85rem; }
  section { padding-top: 2rem; }
}
@media print {
  :root { --paper: #fff; --panel: #fff; }
  nav { display: none; }
  figure, li { break-inside: avoid; }
}
`
