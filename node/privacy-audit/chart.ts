/** Charts and pictures of an audit's report, as inline SVG and PNG. @module */

import { encode } from 'fast-png'
import { html } from 'hono/html'
import type { Roc } from '../evaluation/roc.ts'
import { epsilonFoundText, epsilonText } from '../privacy/epsilon-text.ts'

/** The result of hono's template, which escapes text and inserts the markup of other templates as it is. */
export type Markup = ReturnType<typeof html>

const BAR_WIDTH = 460
const BAR_LEFT = 210
const BAR_HEIGHT = 20
const TICKS = 5

/** Two bars for each row: the claimed epsilon, and the lower bound that was found. */
export function claimChart(rows: readonly { label: string; claimed: number; found: number }[]): Markup {
  const largest = Math.max(...rows.flatMap(({ claimed, found }) => [claimed, found]))
  const step = tickOf(largest)
  const span = Math.ceil(largest / step + 0.2) * step
  const x = (epsilon: number) => BAR_LEFT + (epsilon / span) * BAR_WIDTH
  const each = 2 * BAR_HEIGHT + 26
  const height = rows.length * each + 30
  const ticks = Array.from({ length: Math.round(span / step) + 1 }, (_, at) => at * step)
  return html`<svg class="chart" viewBox="0 0 760 ${height}" role="img" aria-label="Claimed epsilon and lower bound">
${ticks.map(
  tick => html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="0" y2="${height - 24}" />
<text class="tick" x="${x(tick)}" y="${height - 8}" text-anchor="middle">${Number(tick.toPrecision(3))}</text>`,
)}
${rows.map(({ label, claimed, found }, row) => {
  const y = row * each + 8
  const bar = (
    kind: string,
    { value, text }: { value: number; text: string },
    top: number,
  ) => html`<rect class="${kind}" x="${BAR_LEFT}" y="${top}" width="${Math.max(1, x(value) - BAR_LEFT)}" height="${BAR_HEIGHT}" rx="2" />
<text class="value" x="${x(value) + 7}" y="${top + 15}">${text}</text>`
  return html`<text class="label" x="${BAR_LEFT - 12}" y="${y + BAR_HEIGHT + 6}" text-anchor="end">${label}</text>
${bar('claimed', { value: claimed, text: epsilonText(claimed) }, y)}${bar(found > claimed ? 'refuting' : 'found', { value: found, text: epsilonFoundText(found) }, y + BAR_HEIGHT + 2)}`
})}
</svg>`
}

function tickOf(largest: number): number {
  const rough = Math.max(largest, 1e-3) / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  return ([1, 2, 5, 10].find(factor => factor * power >= rough) as number) * power
}

export interface Curve {
  readonly label: string
  /** a class of the style sheet */
  readonly kind: string
  readonly roc: Roc
}

const PLOT = 340
const PLOT_LEFT = 62
const PLOT_TOP = 12
const DECADES = 3
/** Points nearer than this are drawn as one. */
const POINT_PIXELS = 0.7

/** ROC curves on logarithmic axes, because the true positives at few false positives matter. */
export function rocChart(curves: readonly Curve[]): Markup {
  const place = (share: number) => (1 + Math.log10(Math.max(share, 10 ** -DECADES)) / DECADES) * PLOT
  const [x, y] = [(share: number) => PLOT_LEFT + place(share), (share: number) => PLOT_TOP + PLOT - place(share)]
  const shares = Array.from({ length: DECADES + 1 }, (_, at) => 10 ** (at - DECADES))
  const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`
  return html`<svg class="chart roc" viewBox="0 0 640 ${PLOT + 64}" role="img" aria-label="ROC curves of membership inference">
${shares.map(
  share => html`<line class="grid" x1="${x(share)}" x2="${x(share)}" y1="${PLOT_TOP}" y2="${PLOT_TOP + PLOT}" />
<line class="grid" x1="${PLOT_LEFT}" x2="${PLOT_LEFT + PLOT}" y1="${y(share)}" y2="${y(share)}" />
<text class="tick" x="${x(share)}" y="${PLOT_TOP + PLOT + 18}" text-anchor="middle">${percent(share)}</text>
<text class="tick" x="${PLOT_LEFT - 8}" y="${y(share) + 4}" text-anchor="end">${percent(share)}</text>`,
)}
<line class="guess" x1="${PLOT_LEFT}" y1="${PLOT_TOP + PLOT}" x2="${PLOT_LEFT + PLOT}" y2="${PLOT_TOP}" />
<text class="axis" x="${PLOT_LEFT + PLOT / 2}" y="${PLOT_TOP + PLOT + 42}" text-anchor="middle">wrongly accused of being in the data</text>
<text class="axis" transform="translate(14 ${PLOT_TOP + PLOT / 2}) rotate(-90)" text-anchor="middle">found of those who are</text>
${curves.map(({ kind, roc }) => html`<path class="curve ${kind}" d="${pathOf(roc, x, y)}" />`)}
${curves.map(({ label, kind }, at) => {
  const top = PLOT_TOP + 16 + at * 24
  const left = PLOT_LEFT + PLOT + 22
  return html`<line class="curve ${kind}" x1="${left}" x2="${left + 26}" y1="${top}" y2="${top}" /><text class="legend" x="${left + 34}" y="${top + 4}">${label}</text>`
})}
<line class="guess" x1="${PLOT_LEFT + PLOT + 22}" x2="${PLOT_LEFT + PLOT + 48}" y1="${PLOT_TOP + 16 + curves.length * 24}" y2="${PLOT_TOP + 16 + curves.length * 24}" /><text class="legend" x="${PLOT_LEFT + PLOT + 56}" y="${PLOT_TOP + 20 + curves.length * 24}">guessing by a coin</text>
</svg>`
}

function pathOf({ points }: Roc, x: (share: number) => number, y: (share: number) => number): string {
  let [lastX, lastY] = [Number.NaN, Number.NaN]
  const kept = points.flatMap(({ falsePositives, truePositives }, at) => {
    const [px, py] = [x(falsePositives), y(truePositives)]
    const isNear = Math.abs(px - lastX) < POINT_PIXELS && Math.abs(py - lastY) < POINT_PIXELS
    if (isNear && at < points.length - 1) return []
    ;[lastX, lastY] = [px, py]
    return [`${px.toFixed(1)} ${py.toFixed(1)}`]
  })
  return `M${kept.join('L')}`
}

const OUTLIERS = 0.01
const IN_RANGE_SLACK = 0.05
const IN_RANGE_SHARE = 0.98

/**
 * An image record as a PNG. Values outside 0 to 1 are rescaled to fit, except the outermost hundredth at each end.
 *
 * @param shape [height, width, channels]; unless there are three channels, only the first is shown
 * @returns a `data:` address
 */
export function pictureOf(values: Float32Array, shape: readonly number[]): string {
  const [height, width, channels] = shape as [number, number, number]
  const depth = channels === 3 ? 3 : 1
  const shown = Float32Array.from({ length: height * width * depth }, (_, at) =>
    depth === 3 ? values[at]! : values[at * channels]!,
  )
  const inRange = shown.filter(value => value >= -IN_RANGE_SLACK && value <= 1 + IN_RANGE_SLACK).length
  const sorted = shown.slice().sort()
  const quantile = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!
  const fits = inRange >= IN_RANGE_SHARE * shown.length
  const [low, high] = fits ? [0, 1] : [quantile(OUTLIERS), quantile(1 - OUTLIERS)]
  const span = high - low || 1
  const data = Uint8Array.from(shown, value => Math.max(0, Math.min(255, Math.round((255 * (value - low)) / span))))
  const png = encode({ width, height, data, channels: depth, depth: 8 })
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`
}

const COLUMNS_MAX = 48
const STRIP_HEIGHT = 56

/** The first COLUMNS_MAX columns of a vector record as bars around 0. */
export function barsOf(values: Float32Array): Markup {
  const shown = values.slice(0, COLUMNS_MAX)
  const largest = Math.max(...shown.map(Math.abs)) || 1
  const width = 112 / shown.length
  const middle = STRIP_HEIGHT / 2
  return html`<svg class="strip" viewBox="0 0 112 ${STRIP_HEIGHT}" role="img" aria-label="columns">
<line x1="0" x2="112" y1="${middle}" y2="${middle}" class="grid" />
${[...shown].map((value, at) => {
  const length = (Math.abs(value) / largest) * (middle - 2)
  const top = value > 0 ? middle - length : middle
  return html`<rect class="claimed" x="${(at * width).toFixed(2)}" y="${top.toFixed(2)}" width="${(width * 0.8).toFixed(2)}" height="${Math.max(0.5, length).toFixed(2)}" />`
})}
</svg>`
}
