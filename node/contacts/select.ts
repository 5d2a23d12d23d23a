/** Which hospital an operator means: by name, by the beginning of its peer id, or by its check words. @module */

import { EXIT, OperatorError } from '../errors.ts'
import type { ContactView } from './contact-view.ts'

/** All peer ids begin alike: as many characters more name one of a few hundred. */
const PREFIX_CHARACTERS_MIN = 12

/** @throws OperatorError `unknown-contact`, `which-contact`; exit code 2 */
export function selectContact(views: readonly ContactView[], text: string): ContactView {
  const wanted = text.trim()
  const words = wanted.toLowerCase().split(/[\s-]+/)
  const found = views.filter(
    ({ name, peer, words: own }) =>
      name.toLowerCase() === wanted.toLowerCase() ||
      (wanted.length >= PREFIX_CHARACTERS_MIN && peer.startsWith(wanted)) ||
      (words.length === own.length && own.every((word, at) => word === words[at])),
  )
  if (found.length === 1) return found[0] as ContactView
  const names = (found.length === 0 ? views : found).map(({ name, peer }) => `${name} (${peer.slice(0, 20)})`)
  const known =
    names.length === 0 ? 'nobody is known yet: "confrere invite" begins that' : names.slice(0, 20).join(', ')
  throw new OperatorError(
    found.length === 0 ? 'unknown-contact' : 'which-contact',
    found.length === 0
      ? `No hospital is known as ${JSON.stringify(wanted.slice(0, 80))}`
      : `${found.length} hospitals are called ${JSON.stringify(wanted)}`,
    {
      hint: found.length === 0 ? `Known: ${known}.` : `Name one by its peer id or check words: ${known}.`,
      exitCode: EXIT.usage,
    },
  )
}
