// @ts-check
/** Numbers, times and names as the page shows them. @module */

import { h } from './elements.js'

/** @import { Tree } from './elements.js' */

const NAME_LENGTH = 80
const SENTENCE_LENGTH = 600
const TITLE_LENGTH = 10_000
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'long' })
const DAY_MS = 86_400_000

/** At most so many characters, whole ones. @param {string} text @param {number} length @returns {string} */
export function cut(text, length) {
  if (text.length <= length) return text
  return `${Array.from(text.slice(0, 2 * length))
    .slice(0, length - 1)
    .join('')}…`
}

/**
 * A name or text that somebody else chose: its direction stays inside it, and what is too long is in the title.
 *
 * @param {string} text
 * @param {number} [length]
 * @returns {Tree}
 */
export function outside(text, length = NAME_LENGTH) {
  const short = cut(text, length)
  return h('bdi', { dir: 'auto', class: 'outside', title: short === text ? null : cut(text, TITLE_LENGTH) }, short)
}

/** A sentence of the node, which may have names in it. @param {string} text @returns {Tree} */
export function sentence(text) {
  const short = cut(text, SENTENCE_LENGTH)
  return h('bdi', { class: 'outside', title: short === text ? null : cut(text, TITLE_LENGTH) }, short)
}

/** With a capital letter at its beginning. @param {string} text @returns {string} */
export function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** A long id: its beginning, and the whole in the title. @param {string} id @returns {Tree} */
export function shortId(id) {
  return h('code', { title: id }, id.length > 14 ? `${id.slice(0, 12)}…` : id)
}

/** A command to type. @param {string} text @returns {Tree} */
export function command(text) {
  return h('code', { class: 'command' }, text)
}

/** @param {number} seconds @returns {string} such as "2 h 5 min" */
export function duration(seconds) {
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.round(hours / 24)
  return days < 1000 ? `${days} days` : 'years'
}

/** A point in time: the clock today, with the day otherwise. @param {string} iso @returns {Tree} */
export function instant(iso) {
  const date = new Date(iso)
  const near = Math.abs(Date.now() - date.getTime()) < DAY_MS && date.getDate() === new Date().getDate()
  return h('time', { datetime: iso, title: FULL.format(date) }, (near ? CLOCK : DAY).format(date))
}

/** How long ago. @param {string} iso @returns {string} such as "12 min", or "less than a minute" */
export function ago(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000
  return seconds < 60 ? 'less than a minute' : duration(seconds)
}

/** "since 23:40 (12 min)". @param {string} iso @returns {Tree} */
export function since(iso) {
  return h('span', { class: 'soft' }, 'since ', instant(iso), ` (${ago(iso)})`)
}

/** @param {number} count @param {string} one @param {string} [many] @returns {string} */
export function countText(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** @param {number} bytes @returns {string} */
export function bytesText(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3))
  return `${Number((bytes / 1000 ** at).toPrecision(3))} ${units[at]}`
}

/** Rounded up, so that a promise does not look better than it is. @param {number | null} epsilon @returns {string} */
export function spentText(epsilon) {
  if (epsilon === null || !Number.isFinite(epsilon)) return 'unbounded'
  const unit = 10 ** (3 - Math.floor(Math.log10(Math.max(epsilon, 1))))
  return String(Number((Math.ceil(epsilon * unit - 1e-9) / unit).toPrecision(12)))
}
