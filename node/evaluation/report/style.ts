/** The style sheet of an evaluation's report: light, dark and on paper; it loads nothing. @module */

export const EVALUATION_STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #55606f; --line: #d9dee6; --paper: #ffffff; --back: #f3f5f8;
  --found: #2458a6; --open: #a8450f; --warm: #fff7f0; --good: #1f6f4a; --heat: 36, 88, 166 }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e4e9f0; --soft: #a3afbf; --line: #343d4a; --paper: #1a212b; --back: #11161d; --found: #85b1f2;
    --open: #f0a06a; --warm: #2c2119; --good: #74cfa1; --heat: 133, 177, 242 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif }
main { max-width: 940px; margin: 0 auto; padding: 36px 24px 72px }
header p { margin: 0; color: var(--soft) }
h1 { font-size: 30px; line-height: 1.2; margin: 2px 0 6px; overflow-wrap: anywhere }
h2 { font-size: 21px; margin: 0 0 8px }
h3 { font-size: 17px; margin: 24px 0 4px; overflow-wrap: anywhere }
h4 { font-size: 15px; margin: 14px 0 2px }
p { margin: 8px 0; overflow-wrap: anywhere }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 22px 26px; margin: 18px 0 }
.warning { border-left: 5px solid var(--open); border-radius: 4px; background: var(--warm); padding: 10px 16px; margin: 18px 0 }
.warning p { margin: 4px 0 }
.answer { border-left: 8px solid var(--found) }
.answer .large { font-size: 20px; line-height: 1.4 }
.note, figcaption { color: var(--soft); font-size: 14px }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin: 12px 0; font-size: 15px }
caption { text-align: left; font-weight: 600; padding: 4px 0 }
th, td { text-align: left; padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top }
thead th { color: var(--soft); font-size: 13.5px }
tbody th { font-weight: 600 }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
thead th { white-space: nowrap }
td small { color: var(--soft); display: block; white-space: nowrap; font-size: 13px }
td.heat small { color: var(--ink) }
.few { color: var(--open); font-weight: 600; display: block; font-size: 13px }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(340px, 100%), 1fr)); gap: 12px 28px }
figure { margin: 8px 0 }
.chart { width: 100%; height: auto; display: block; max-width: 400px }
.chart text { font: 13px system-ui, sans-serif; fill: var(--ink) }
.chart .tick, .chart .axis { fill: var(--soft) }
.chart .sign { font-weight: 700; font-size: 12px; fill: var(--paper) }
.grid { stroke: var(--line); stroke-width: 1 }
.curve { fill: none; stroke: var(--found); stroke-width: 2.4 }
.chance { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 3 4 }
.model { fill: var(--found); stroke: var(--paper); stroke-width: 1.5 }
.reader { fill: var(--open); stroke: var(--paper); stroke-width: 1.5 }
ul { padding-left: 22px }
code { overflow-wrap: anywhere; font-size: 14px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 8px 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0 }
@media (max-width: 520px) { main { padding: 20px 12px } section { padding: 16px 14px } dl { grid-template-columns: 1fr } }
@media print { body { background: #fff; font-size: 12px } main { max-width: none; padding: 0 }
  section { border: 0; padding: 6px 0; margin: 8px 0 } figure, tr, .warning { break-inside: avoid }
  h2, h3, h4 { break-after: avoid } .wide { overflow: visible } table { font-size: 11px } th, td { padding: 3px 5px }
  h1 { font-size: 20px } h2 { font-size: 15px } h3 { font-size: 13px } .answer .large { font-size: 14px } .answer { padding-left: 10px }
  thead th, td small, .few, .note, figcaption, code { font-size: 10px } td small { white-space: normal } .chart .sign { font-size: 12px }
  .charts { grid-template-columns: repeat(2, 1fr) } * { print-color-adjust: exact; -webkit-print-color-adjust: exact } }
`
