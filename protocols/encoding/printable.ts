/** Text from a peer inside messages of this program. @module */

const CHARACTERS_MAX = 300

/**
 * A text from outside, safe for a log or a terminal: one line, without control characters or characters that change the
 * writing direction, and cut to a readable length.
 */
export function printable(text: string): string {
  const short = text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX - 1)}…` : text
  return short.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
