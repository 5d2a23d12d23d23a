// @ts-check
/** Parts that several sections have: tables, bars, marks, and what stands where nothing is known yet. @module */

import { h } from './elements.js'

/** @import { Child, Tree } from './elements.js' */
/** @import { Answer } from './store.js' */

/**
 * A section's body: what is known, or that it is being read, or why it cannot be.
 *
 * @template T
 * @param {Answer<T>} answer
 * @param {(value: T) => Child} show
 * @param {() => void} retry
 * @returns {Child}
 */
export function sectionBody({ value, problem }, show, retry) {
  if (value !== undefined) return show(value)
  if (problem === undefined) return h('p', { class: 'soft loading' }, 'Loading…')
  if (problem.code === 'starting') return h('p', { class: 'soft' }, 'The node is starting. This comes by itself.')
  return h(
    'div',
    { class: 'failed' },
    h('p', {}, `This cannot be shown: ${problem.message}`),
    problem.hint !== null && h('p', { class: 'soft' }, problem.hint),
    h('p', {}, h('button', { type: 'button', on: { click: retry } }, 'Try again')),
  )
}

/** What stands where there is nothing. @param {...Child} children @returns {Tree} */
export function empty(...children) {
  return h('p', { class: 'soft' }, ...children)
}

/**
 * A table that becomes a list of cards where it is narrow; the roles keep it a table for a screen reader then.
 *
 * @param {string} name for screen readers
 * @param {readonly { title: string, number?: boolean }[]} columns
 * @param {readonly { key: string, cells: readonly Child[] }[]} rows the first cell names the row
 * @returns {Tree}
 */
export function table(name, columns, rows) {
  const classOf = (/** @type {number} */ at) => (columns[at]?.number && at > 0 ? 'number' : null)
  const head = columns.map(({ title }, at) =>
    h('th', { role: 'columnheader', scope: 'col', class: classOf(at) }, title),
  )
  const cell = (/** @type {Child} */ content, /** @type {number} */ at) =>
    at === 0
      ? h(
          'th',
          { role: 'rowheader', scope: 'row', 'data-title': columns[0]?.number ? columns[0].title : null },
          content,
        )
      : h('td', { role: 'cell', class: classOf(at), 'data-title': columns[at]?.title }, h('div', {}, content))
  return h(
    'table',
    { role: 'table', 'aria-label': name },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
    h(
      'tbody',
      { role: 'rowgroup' },
      rows.map(({ key, cells }) => h('tr', { role: 'row', key }, cells.map(cell))),
    ),
  )
}

/**
 * A bar that is filled to a part.
 *
 * @param {{ role: 'progressbar' | 'meter', label: string, value: number, max: number, text: string, look?: string }} bar
 * @returns {Tree}
 */
export function bar({ role, label, value, max, text, look = '' }) {
  const part = max > 0 ? Math.min(1, value / max) : 0
  return h(
    'div',
    {
      ...{ role, class: `bar ${look}`, 'aria-label': label, 'aria-valuetext': text },
      ...{ 'aria-valuemin': 0, 'aria-valuemax': max, 'aria-valuenow': Math.min(value, max) },
    },
    h('div', { class: 'filled', style: { '--part': `${(100 * part).toFixed(2)}%` } }),
  )
}

/** A word in a coloured frame. @param {string} text @param {'good' | 'open' | 'bad' | 'soft'} look @returns {Tree} */
export function mark(text, look) {
  return h('span', { class: `mark ${look}` }, text)
}

/**
 * A button that acts.
 *
 * @param {string} text
 * @param {() => void} click
 * @param {{ look?: string, label?: string, disabled?: boolean }} [more] `label`: with what it acts on, for screen readers
 * @returns {Tree}
 */
export function button(text, click, { look = '', label, disabled = false } = {}) {
  return h('button', { type: 'button', class: look, 'aria-label': label, disabled, on: { click } }, text)
}

/**
 * Shows so many of a list, and a button for more.
 *
 * @param {string} list its name
 * @param {number} total
 * @param {{ first: number, most: number, redraw: () => void }} limits
 * @returns {{ shown: number, more: Child }}
 */
export function paged(list, total, { first, most, redraw }) {
  const shown = Math.min(total, wished.get(list) ?? (narrow.matches ? Math.ceil(first / 2) : first))
  const grow = () => {
    wished.set(list, Math.min(most, 4 * shown))
    redraw()
  }
  const more =
    shown >= total
      ? null
      : h(
          'p',
          { class: 'soft' },
          `${shown} of ${total} are shown. `,
          shown < Math.min(most, total) && button('Show more', grow, { label: `Show more: ${list}` }),
        )
  return { shown, more }
}

/** Where a row of a table is a card. */
const narrow = matchMedia('(max-width: 700px)')
/** How many rows of each list the reader has asked for. @type {Map<string, number>} */
const wished = new Map()
