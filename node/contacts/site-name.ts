/**
 * Names that other hospitals give themselves. They are outside text: made safe to print, and two that a reader may take
 * for each other are found.
 *
 * @module
 */

import { printable } from '../../protocols/encoding/printable.ts'
import { NAME_CHARACTERS_MAX } from '../../protocols/study/limits.ts'

/** Accents and the like on one letter; more only cover the lines above and below. */
const MARKS_IN_A_ROW_MAX = 2
const NAMELESS = '(no name)'

/**
 * Latin letters, and what looks like one in lower case: letters of Cyrillic and Greek from the confusables of Unicode
 * TR 39, and digits.
 */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  a: '\u0430\u03b1',
  b: '\u0432\u03b2\u00df',
  c: '\u0441\u03f2',
  d: '\u0501',
  e: '\u0435\u03b5',
  h: '\u04bb\u043d',
  i: '\u0456\u04cf\u03b9\u01311l',
  j: '\u0458',
  k: '\u043a\u03ba',
  m: '\u043c\u03bc',
  n: '\u043f\u03b7',
  o: '\u043e\u03bf0',
  p: '\u0440\u03c1',
  q: '\u051b',
  r: '\u0433',
  s: '\u04555',
  t: '\u0442\u03c4',
  u: '\u03c5',
  v: '\u0475\u03bd',
  w: '\u051d\u03c9',
  x: '\u0445\u03c7',
  y: '\u0443\u03b3',
}
const LATIN_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(LOOK_ALIKES).flatMap(([latin, others]) => [...others].map(other => [other, latin] as const)),
)

/**
 * A name from outside as a study may hold it: one line of printable characters, at most as long as a study's names, no
 * marks of writing direction, no towers of accents.
 */
export function cleanSiteName(text: string): string {
  const marks = new RegExp(`(\\p{M}{${MARKS_IN_A_ROW_MAX}})\\p{M}+`, 'gu')
  const line = printable(text.normalize('NFC')).replace(marks, '$1').replace(/\s+/gu, ' ').trim()
  let name = ''
  for (const letter of line) if (name.length + letter.length <= NAME_CHARACTERS_MAX) name += letter
  return name.trim() || NAMELESS
}

/** What a reader sees of a name: two names with one skeleton may be taken for each other. */
export function nameSkeleton(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
  return [...plain]
    .map(letter => LATIN_OF.get(letter) ?? letter)
    .join('')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
}

/** Whether a word of a name has letters of Latin and of another script that has look-alikes. */
export function mixesScripts(name: string): boolean {
  return name
    .split(/[^\p{L}]+/u)
    .some(word => /\p{Script=Latin}/u.test(word) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(word))
}
