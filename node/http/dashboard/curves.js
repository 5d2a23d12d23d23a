// @ts-check
/** Curves by round: one chart for each measure, drawn by uPlot when there is something to draw. @module */

import { h } from './elements.js'
import { duration } from './format.js'
import { empty, sectionBody } from './parts.js'

/** @import { Child } from './elements.js' */
/** @import { State, PageStore } from './store.js' */
/** @import { Point } from './round-list.js' */
/** @typedef {{ key: string, title: string, of: (point: Point) => number | null, text: (value: number) => string,
 *   whole?: boolean }} Measure */

const HEIGHT = 190
/** @type {readonly Measure[]} */
const MEASURES = [
  { key: 'seconds', title: 'Duration of a round', of: ({ seconds }) => seconds, text: duration },
  { key: 'contributors', title: 'Contributors', of: ({ contributors }) => contributors, text: String, whole: true },
  { key: 'auc', title: 'AUC of the accounted evaluations', of: ({ auc }) => auc, text: value => value.toFixed(3) },
]

/** @type {WeakMap<HTMLElement, Chart>} */
const charts = new WeakMap()
/** @type {Set<Chart>} */
const alive = new Set()
const dark = matchMedia('(prefers-color-scheme: dark)')
dark.addEventListener('change', () => alive.forEach(chart => void chart.restart()))

/** @param {State} state @param {PageStore} store @returns {Child} */
export function curvesSection(state, store) {
  const study = store.chosen
  if (study === undefined)
    return sectionBody(
      state.studies,
      () => empty('Curves appear with the first rounds.'),
      () => store.wantAll(),
    )
  return sectionBody(
    state.rounds.get(study.id) ?? {},
    ({ points }) => {
      const drawn = MEASURES.filter(({ of }) => points.filter(point => of(point) !== null).length > 1)
      if (drawn.length === 0) return empty('Curves appear with the second round.')
      return h(
        'div',
        { class: 'curves' },
        drawn.map(measure => curve(measure, points)),
      )
    },
    () => store.wantAll(),
  )
}

/** @param {Measure} measure @param {readonly Point[]} points @returns {Child} */
function curve(measure, points) {
  const { key, title, of, text } = measure
  const values = points.map(of).filter(value => value !== null)
  const sorted = values.toSorted((a, b) => a - b)
  const at = (/** @type {number} */ part) =>
    text(/** @type {number} */ (sorted[Math.floor(part * (sorted.length - 1))]))
  const summary = `the newest ${text(/** @type {number} */ (values.at(-1)))}, the median ${at(0.5)}, between ${at(0)} and ${at(1)}`
  return h(
    'figure',
    { key },
    h('figcaption', {}, h('strong', {}, title), h('div', { class: 'soft' }, summary)),
    h('div', {
      class: 'chart',
      key: 'chart',
      role: 'img',
      'aria-label': `${title} by round, from ${points[0]?.round} to ${points.at(-1)?.round}: ${summary}`,
      own: element => {
        const known = charts.get(element)
        const chart = known ?? new Chart(element, measure)
        charts.set(element, chart)
        chart.show(points)
      },
    }),
  )
}

/** One chart; it follows the width of its element. */
class Chart {
  #element
  #measure
  /** @type {readonly Point[]} */ #points = []
  /** @type {import('uplot') | undefined} */ #plot
  #starting = false
  #watch = new ResizeObserver(() => this.#resize())

  /** @param {HTMLElement} element @param {Measure} measure */
  constructor(element, measure) {
    this.#element = element
    this.#measure = measure
    this.#watch.observe(element)
    alive.add(this)
  }

  /** @param {readonly Point[]} points */
  show(points) {
    if (points === this.#points) return
    this.#points = points
    this.#plot?.setData(this.#data())
  }

  /** Draws it anew, in the colours of now. */
  async restart() {
    if (this.#starting || this.#element.clientWidth === 0) return
    this.#starting = true
    // @ts-expect-error: the node serves the file of the package uplot under this name
    const { default: Plot } = await import('./uplot.js')
    this.#starting = false
    this.#plot?.destroy()
    this.#plot = new Plot(this.#options(), this.#data(), this.#element)
  }

  /** @returns {import('uplot').AlignedData} */
  #data() {
    return [this.#points.map(({ round }) => round), this.#points.map(this.#measure.of)]
  }

  #resize() {
    // a chart that was removed has no width and no document
    if (!this.#element.isConnected) {
      this.#watch.disconnect()
      this.#plot?.destroy()
      alive.delete(this)
    } else if (this.#plot === undefined) void this.restart()
    else if (this.#plot.width !== this.#element.clientWidth) {
      this.#plot.setSize({ width: this.#element.clientWidth, height: HEIGHT })
    }
  }

  #options() {
    const colours = getComputedStyle(this.#element)
    const colour = (/** @type {string} */ name) => colours.getPropertyValue(name).trim()
    const { text, whole = false } = this.#measure
    const axis = {
      ...{ stroke: colour('--soft'), font: '12px system-ui, sans-serif' },
      ...{ grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line'), width: 1 } },
    }
    return {
      ...{ width: this.#element.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { show: false } },
      scales: {
        x: { time: false },
        y: {
          range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) =>
            rangeOf(low, high, whole),
        },
      },
      axes: [
        {
          ...axis,
          label: 'round',
          labelFont: axis.font,
          labelSize: 16,
          size: 26,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000],
        },
        {
          ...{ ...axis, size: 62 },
          ...(whole ? { incrs: [1, 2, 5, 10, 20, 50, 100] } : {}),
          values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(text),
        },
      ],
      series: [{}, { stroke: colour('--found'), width: 2, spanGaps: true, points: { show: this.#points.length < 40 } }],
    }
  }
}

/** From zero for what has a zero. @param {number} low @param {number} high @param {boolean} whole @returns {[number, number]} */
function rangeOf(low, high, whole) {
  if (whole || low > 1) return [0, high * 1.1 || 1]
  const room = (high - low) * 0.1 || 0.1
  return [Math.max(0, low - room), high + room]
}
