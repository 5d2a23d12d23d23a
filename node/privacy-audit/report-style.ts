/** The style sheet of an audit's report; it loads no external resource. @module */

export const STYLE = `
:root { --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --paper: #ffffff; --back: #f3f5f8; --claimed: #9fb4cf;
  --found: #2458a6; --open: #c0511a; --bad: #b3261e; --good: #1f6f4a }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif }
main { max-width: 940px; margin: 0 auto; padding: 36px 24px 72px }
header p { margin: 0; color: var(--soft) }
h1 { font-size: 30px; line-height: 1.2; margin: 2px 0 6px; overflow-wrap: anywhere }
h2 { font-size: 21px; margin: 0 0 8px }
h3 { font-size: 16px; margin: 22px 0 4px }
p { margin: 8px 0 }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 22px 26px; margin: 18px 0 }
.private { border-left: 5px solid var(--open); border-radius: 4px; background: #fff7f0; padding: 10px 16px; margin: 18px 0 }
.verdict { border-left: 8px solid var(--good) }
.verdict.refuted { border-left-color: var(--bad) }
.verdict h2 { font-size: 24px }
.verdict.refuted h2 { color: var(--bad) }
.verdict li { margin: 6px 0 }
.note { color: var(--soft); font-size: 14px }
table { border-collapse: collapse; width: 100%; margin: 12px 0; font-size: 15px }
th, td { text-align: left; padding: 7px 10px; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600; color: var(--soft); font-size: 13.5px }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.chart { width: 100%; height: auto; display: block; margin: 14px 0 4px; max-width: 760px }
.chart.roc { max-width: 680px }
.chart text { font: 13px system-ui, sans-serif; fill: var(--ink) }
.chart .tick, .chart .axis { fill: var(--soft) }
.grid { stroke: var(--line); stroke-width: 1 }
.claimed { fill: var(--claimed) }
.found { fill: var(--found) }
.refuting { fill: var(--bad) }
.curve { fill: none; stroke-width: 2.4 }
.curve.private-ratio, .curve.private-loss { stroke: var(--found) }
.curve.open-ratio, .curve.open-loss { stroke: var(--open) }
.curve.final { stroke: var(--good) }
.curve.private-loss, .curve.open-loss { stroke-width: 1.6; stroke-dasharray: 5 3 }
.guess { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 2 3 }
.key { display: inline-block; width: 14px; height: 14px; border-radius: 3px; vertical-align: -2px; margin: 0 5px 0 14px }
.key.claimed { background: var(--claimed); margin-left: 0 }
.key.found { background: var(--found) }
.pictures { overflow-x: auto }
.pictures table { width: auto; min-width: 100% }
.pictures th, .pictures td { border: 0; padding: 5px; text-align: center; vertical-align: bottom }
.pictures th { color: var(--ink); font-size: 13px; line-height: 1.3; vertical-align: bottom; width: 14.2% }
.pictures th small { display: block; color: var(--soft); font-weight: 400 }
.pictures img, .pictures .strip { width: 112px; height: 112px; image-rendering: pixelated; border-radius: 4px; display: block;
  margin: 0 auto; background: #000; object-fit: contain }
.pictures .strip { background: var(--back); height: 56px }
.pictures .number { text-align: center; font-size: 13px; color: var(--soft) }
.pictures tr.mean td { border-top: 1px solid var(--line); font-weight: 600; color: var(--ink) }
.pictures tr.chance td { color: var(--soft) }
ol, ul { padding-left: 22px }
code { overflow-wrap: anywhere; font-size: 14px }
@media print { body { background: #fff } section { break-inside: avoid } }
`
