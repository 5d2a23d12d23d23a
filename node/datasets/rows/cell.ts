/** What the cell of a row says: text, a number, or nothing. @module */

import type { Cell } from './rows.ts'

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const NUMBER_CHARACTERS_MAX = 64

/** The finite number that a text writes in decimal, with a point; null: none. */
export function numberOf(text: string): number | null {
  if (text.length > NUMBER_CHARACTERS_MAX || !NUMBER.test(text)) return null
  const number = Number(text)
  return Number.isFinite(number) ? number : null
}

/** The text of a cell, trimmed and in normal form C; '' for nothing. */
export function cellText(cell: Cell): string {
  if (cell === null) return ''
  return typeof cell === 'string' ? cell.trim().normalize() : String(cell)
}

/** One text for all ways to write a number: `1` for 1.0, +1 and 01; other texts stay. */
export function plainText(text: string): string {
  const number = numberOf(text)
  // adding 0 makes -0 the same as 0
  return number === null ? text : String(number + 0)
}

/**
 * The text of a patient's id. Tables that once had a missing id hold 12.0 for 12, and both must be the same patient;
 * 007 and 7 stay two.
 */
export function idOf(cell: Cell): string {
  return cellText(cell).replace(/^(-?\d+)\.0+$/, '$1')
}

/** Says which cells hold nothing: empty ones, and those with one of some texts or numbers. */
export function absence(absent: readonly string[]): (cell: Cell) => boolean {
  const texts = new Set(absent.map(cellText).flatMap(text => [text, plainText(text)]))
  const numbers = [...texts].some(text => numberOf(text) !== null)
  return cell => {
    if (cell === null || cell === '') return true
    if (texts.size === 0 && typeof cell !== 'string') return false
    const text = cellText(cell)
    return text === '' || texts.has(text) || (numbers && texts.has(plainText(text)))
  }
}

/**
 * Finds the index of a text by a function that compares texts as they are; a number may be written in any way.
 *
 * @param names all texts that `indexOf` knows
 */
export function lookup(
  names: readonly string[],
  indexOf: (text: string) => number | null,
): (cell: Cell) => number | null {
  const plain = new Map<string, number | null>()
  for (const name of names) {
    const key = plainText(cellText(name))
    const index = indexOf(name)
    // two meanings for one number: only the text as it is tells them apart
    plain.set(key, plain.has(key) && plain.get(key) !== index ? null : index)
  }
  const known = new Map<string, number | null>()
  return cell => {
    const text = cellText(cell)
    const before = known.get(text)
    if (before !== undefined) return before
    const index = indexOf(text) ?? plain.get(plainText(text)) ?? null
    if (known.size < KNOWN_MAX) known.set(text, index)
    return index
  }
}

/** Texts that a lookup remembers. */
const KNOWN_MAX = 4096
