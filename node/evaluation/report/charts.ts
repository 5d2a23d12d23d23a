/** Charts of an evaluation's report, as inline SVG. Tables beside them say the same. @module */

import { html } from 'hono/html'
import type { ReliabilityBin } from '../calibration.ts'
import type { RecallPoint } from '../precision-recall.ts'
import type { RocPoint } from '../roc.ts'

/** The result of hono's template, which escapes text and inserts the markup of other templates as it is. */
export type Fragment = ReturnType<typeof html>

const SIDE = 300
const LEFT = 54
const TOP = 14
const WIDTH = LEFT + SIDE + 18
const HEIGHT = TOP + SIDE + 48
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]
/** Points nearer than this are drawn as one. */
const POINT_PIXELS = 0.7

const x = (share: number): number => LEFT + share * SIDE
const y = (share: number): number => TOP + (1 - share) * SIDE

interface Axes {
  readonly label: string
  readonly across: string
  readonly up: string
}

function chart({ label, across, up }: Axes, content: Fragment): Fragment {
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${TICKS.map(
  tick => html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${y(1)}" y2="${y(0)}" /><line class="grid" x1="${x(0)}" x2="${x(1)}" y1="${y(tick)}" y2="${y(tick)}" />
<text class="tick" x="${x(tick)}" y="${y(0) + 17}" text-anchor="middle">${tick}</text><text class="tick" x="${x(0) - 7}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
)}
<text class="axis" x="${x(0.5)}" y="${y(0) + 40}" text-anchor="middle">${across}</text>
<text class="axis" transform="translate(14 ${y(0.5)}) rotate(-90)" text-anchor="middle">${up}</text>
${content}
</svg>`
}

/** A marked point of a curve, with the letter or number that a legend explains. */
export interface Mark {
  readonly sign: string
  readonly falsePositives: number
  readonly truePositives: number
  readonly kind: 'model' | 'reader'
}

/** A ROC curve; the model's threshold and readers are points. */
export function rocPlot(
  points: readonly RocPoint[],
  { label, marks }: { label: string; marks: readonly Mark[] },
): Fragment {
  const shown = marks.filter(mark => !Number.isNaN(mark.falsePositives + mark.truePositives))
  const content = html`<line class="chance" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}" />
<path class="curve" d="${pathOf(points.map(point => [point.falsePositives, point.truePositives]))}" />
${shown.map(({ kind, falsePositives, truePositives, sign }) => {
  const [px, py] = [x(falsePositives), y(truePositives)]
  return kind === 'model'
    ? html`<circle class="model" cx="${px}" cy="${py}" r="10" /><text class="sign" x="${px}" y="${py + 4.5}" text-anchor="middle">${sign}</text>`
    : html`<rect class="reader" x="${px - 9}" y="${py - 9}" width="18" height="18" rx="2" /><text class="sign" x="${px}" y="${py + 4.5}" text-anchor="middle">${sign}</text>`
})}`
  return chart({ label, across: '1 \u2212 specificity: false alarms', up: 'sensitivity: found' }, content)
}

/** A precision-recall curve; the line is what guessing gives. */
export function recallPlot(
  points: readonly RecallPoint[],
  { label, share }: { label: string; share: number },
): Fragment {
  const content = html`<line class="chance" x1="${x(0)}" y1="${y(share)}" x2="${x(1)}" y2="${y(share)}" />
<path class="curve" d="${pathOf(points.map(point => [point.recall, point.precision]))}" />`
  return chart({ label, across: 'recall: found', up: 'precision: alarms that are right' }, content)
}

/** What probabilities say against what is observed; the area of a point is its share of the records. */
export function calibrationPlot(bins: readonly ReliabilityBin[], label: string): Fragment {
  const filled = bins.filter(({ count }) => count > 0)
  const most = Math.max(...filled.map(({ count }) => count))
  const content = html`<line class="chance" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}" />
<path class="curve" d="${pathOf(filled.map(({ said, observed }) => [said, observed]))}" />
${filled.map(({ said, observed, count }) => html`<circle class="model" cx="${x(said)}" cy="${y(observed)}" r="${(2 + 6 * Math.sqrt(count / most)).toFixed(1)}" />`)}`
  return chart({ label, across: 'probability that the model says', up: 'share that is observed' }, content)
}

function pathOf(points: readonly (readonly [number, number])[]): string {
  let [lastX, lastY] = [Number.NaN, Number.NaN]
  const kept = points.flatMap(([across, up], at) => {
    const [px, py] = [x(across), y(up)]
    const isNear = Math.abs(px - lastX) < POINT_PIXELS && Math.abs(py - lastY) < POINT_PIXELS
    if (isNear && at < points.length - 1) return []
    ;[lastX, lastY] = [px, py]
    return [`${px.toFixed(1)} ${py.toFixed(1)}`]
  })
  return kept.length === 0 ? '' : `M${kept.join('L')}`
}
