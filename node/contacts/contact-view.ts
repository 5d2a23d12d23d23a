/** Contacts as an operator sees them: by name and check words, with what to be careful about. @module */

import { type Book, type Contact, isContact } from './book.ts'
import { checkWords } from './check-words.ts'
import { mixesScripts, nameSkeleton } from './site-name.ts'

export interface ContactView {
  readonly peer: string
  readonly name: string
  /** six words to compare by telephone */
  readonly words: readonly string[]
  /** `waiting`: approved here, not there yet */
  readonly state: 'pending' | 'waiting' | 'contact' | 'refused' | 'removed' | 'refused-by-them'
  /** name of the contact that has introduced it; null: an invitation did */
  readonly introducedBy: string | null
  /** who moved first: it came with an invitation of ours, we went with one of its, or a contact introduced it */
  readonly direction: 'came' | 'went' | 'introduced'
  /** PeerId of who introduced it */
  readonly introducer: string | null
  readonly addresses: readonly string[]
  /** ms since 1970 */
  readonly since: number
  readonly warnings: readonly string[]
}

/** @param site this hospital's own name, which another one may imitate */
export function contactViews({ contacts, taken }: Book, site: string): ContactView[] {
  const shown = contacts.filter(({ ours }) => ours === 'pending' || ours === 'approved')
  const others = (peer: string) => [site, ...shown.filter(one => one.peer !== peer).map(({ name }) => name)]
  const nameOf = (peer: string) => contacts.find(one => one.peer === peer)?.name ?? peer
  return contacts.map(contact => ({
    peer: contact.peer,
    name: contact.name,
    words: checkWords(contact.peer),
    state: stateOf(contact),
    introducedBy: contact.introducedBy === undefined ? null : nameOf(contact.introducedBy),
    direction: directionOf(contact, taken),
    introducer: contact.introducedBy ?? null,
    addresses: contact.addresses,
    since: contact.since,
    warnings: warningsOf(contact, others(contact.peer)),
  }))
}

function directionOf({ peer, introducedBy }: Contact, taken: Book['taken']): ContactView['direction'] {
  if (introducedBy !== undefined) return 'introduced'
  return taken.some(one => one.peer === peer) ? 'went' : 'came'
}

function stateOf(contact: Contact): ContactView['state'] {
  if (contact.ours !== 'approved') return contact.ours
  if (isContact(contact)) return 'contact'
  return contact.theirs === 'refused' ? 'refused-by-them' : 'waiting'
}

function warningsOf({ name }: Contact, others: readonly string[]): string[] {
  const skeleton = nameSkeleton(name)
  const alike = others.filter(other => nameSkeleton(other) === skeleton)
  return [
    ...alike.map(other =>
      other === name ? `another hospital is called ${name} too` : `its name looks like that of ${other}`,
    ),
    ...(mixesScripts(name) ? ['its name mixes letters of several scripts'] : []),
  ]
}
