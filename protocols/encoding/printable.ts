/** Words of a peer inside of our own sentences. @module */

const CHARACTERS_MAX = 300

/**
 * A text as it may stand in a log or on a terminal, whoever chose its words: on one line, without control characters or
 * any that change the writing direction, and not longer than anybody reads.
 */
export function printable(text: string): string {
  const short = text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX - 1)}…` : text
  return short.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
