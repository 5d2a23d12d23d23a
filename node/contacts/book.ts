/**
 * What a hospital knows of others before any study: invitations that it gave and took, and contacts. The functions here
 * are pure; `book-file.ts` keeps the book on the disk.
 *
 * @module
 */

import { z } from 'zod'
import { HOSPITALS_MAX } from '../../protocols/study/limits.ts'
import { PEER_SCHEMA } from '../config/config.ts'
import { ADDRESSES_PER_PEER_MAX } from '../network/hello.ts'

/** Characters of an operator's note on an invitation. */
export const INVITATION_NOTE_MAX = 80
export const INVITATIONS_MAX = 64
const JOINS_MAX = 32
/** A study has at most so many hospitals; the rest is room for those that were refused. */
const CONTACTS_MAX = 4 * HOSPITALS_MAX
/** Hospitals that wait for an operator and that one contact has introduced. */
const INTRODUCED_BY_ONE_MAX = 32
/** Ended invitations and joins are listed for so long. */
const ENDED_MS_MAX = 30 * 24 * 3600 * 1000

const time = z.number().int().nonnegative()
const ADDRESSES = z.array(z.string().max(256)).max(ADDRESSES_PER_PEER_MAX)
const NAME = z.string().min(1).max(80)

const GIVEN = z.object({
  /** see `invitationId` */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** hex, see `invitationKey` */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  created: time,
  expires: time,
  state: z.enum(['open', 'used', 'revoked']),
  by: PEER_SCHEMA.optional(),
  /** whom it is for, as the operator notes */
  note: z.string().max(INVITATION_NOTE_MAX).optional(),
})

const TAKEN = z.object({
  peer: PEER_SCHEMA,
  /** of the invitation, hex; forgotten once it has been used */
  key: z.string().optional(),
  addresses: ADDRESSES,
  taken: time,
  expires: time,
  state: z.enum(['waiting', 'joined', 'failed']),
  /** why it failed, or the last attempt did */
  reason: z.string().optional(),
})

const CONTACT = z.object({
  peer: PEER_SCHEMA,
  name: NAME,
  addresses: ADDRESSES,
  version: z.string().max(40),
  since: time,
  /** what this hospital's operator has decided */
  ours: z.enum(['pending', 'approved', 'refused', 'removed']),
  /** what the other hospital says that its operator has decided */
  theirs: z.enum(['unknown', 'approved', 'refused']),
  /** PeerId of the contact that has introduced it; absent: an invitation did */
  introducedBy: PEER_SCHEMA.optional(),
  /** whether the other hospital knows `ours` */
  told: z.boolean(),
})

export const BOOK_SCHEMA = z.object({
  version: z.literal(1),
  given: z.array(GIVEN).max(2 * INVITATIONS_MAX),
  taken: z.array(TAKEN).max(2 * JOINS_MAX),
  contacts: z.array(CONTACT).max(2 * CONTACTS_MAX),
})

export type Book = z.infer<typeof BOOK_SCHEMA>
export type GivenInvitation = Book['given'][number]
export type TakenInvitation = Book['taken'][number]
export type Contact = Book['contacts'][number]

/** What a hospital says of itself, cleaned. */
export interface Introduced {
  readonly peer: string
  readonly name: string
  readonly addresses: readonly string[]
  readonly version: string
}

export const EMPTY_BOOK: Book = { version: 1, given: [], taken: [], contacts: [] }

/** Both operators have approved. */
export function isContact({ ours, theirs }: Contact): boolean {
  return ours === 'approved' && theirs === 'approved'
}

export function contactOf(book: Book, peer: string): Contact | undefined {
  return book.contacts.find(contact => contact.peer === peer)
}

/** Invitations that can still be used. */
export function openInvitations(book: Book, now: number): GivenInvitation[] {
  return book.given.filter(({ state, expires }) => state === 'open' && now < expires)
}

/** Adds an invitation; those that ended long ago are forgotten. @returns undefined when too many are open */
export function give(
  book: Book,
  invitation: Pick<GivenInvitation, 'id' | 'key' | 'created' | 'expires' | 'note'>,
): Book | undefined {
  const now = invitation.created
  if (openInvitations(book, now).length >= INVITATIONS_MAX) return undefined
  const recent = book.given.filter(
    ({ state, expires }) => now < expires + ENDED_MS_MAX && (state !== 'revoked' || now < expires),
  )
  const open = recent.filter(({ state, expires }) => state === 'open' && now < expires)
  const ended = recent.filter(one => !open.includes(one)).slice(-INVITATIONS_MAX)
  return { ...book, given: [...ended, ...open, { ...invitation, state: 'open' }] }
}

/** Takes an invitation back. @returns undefined when no open one has that id */
export function revoke(book: Book, id: string): Book | undefined {
  if (!book.given.some(one => one.id === id && one.state === 'open')) return undefined
  return { ...book, given: book.given.map(one => (one.id === id ? { ...one, state: 'revoked' } : one)) }
}

/** Why an invitation cannot be used by a peer; undefined: it can. */
export type Refusal = 'unknown' | 'expired' | 'used' | 'revoked'

export function whyRefused(invitation: GivenInvitation | undefined, peer: string, now: number): Refusal | undefined {
  if (invitation === undefined) return 'unknown'
  if (invitation.state === 'revoked') return 'revoked'
  // the same peer again: the last answer did not reach it
  if (invitation.state === 'used') return invitation.by === peer ? undefined : 'used'
  return now < invitation.expires ? undefined : 'expired'
}

/** An invitation was used by a peer that proved it; the peer waits for the operator. */
export function useInvitation(book: Book, id: string, from: Introduced, now: number): Book {
  const given = book.given.map(one => (one.id === id ? { ...one, state: 'used' as const, by: from.peer } : one))
  return meetByInvitation({ ...book, given }, from, now)
}

/** Remembers an invitation of another hospital, which the node uses as soon as it can. */
export function take(
  book: Book,
  invitation: Pick<TakenInvitation, 'peer' | 'key' | 'addresses' | 'taken' | 'expires'>,
): Book {
  const others = book.taken.filter(({ peer }) => peer !== invitation.peer).slice(1 - JOINS_MAX)
  return { ...book, taken: [...others, { ...invitation, state: 'waiting' }] }
}

/** The other side has accepted our proof. */
export function joined(book: Book, from: Introduced, now: number): Book {
  const taken = book.taken.map(one => {
    if (one.peer !== from.peer) return one
    const { key: _, reason: __, ...rest } = one
    return { ...rest, state: 'joined' as const }
  })
  return meetByInvitation({ ...book, taken }, from, now)
}

/** An attempt to use an invitation has failed. @param final no later attempt can succeed */
export function joinFailed(book: Book, peer: string, { reason, final }: { reason: string; final: boolean }): Book {
  const taken = book.taken.map(one =>
    one.peer === peer && one.state === 'waiting' ? { ...one, reason, ...(final && { state: 'failed' as const }) } : one,
  )
  return { ...book, taken }
}

/** Somebody's invitation brings two hospitals together, also after a refusal: a person wanted it anew. */
function meetByInvitation(book: Book, from: Introduced, now: number): Book {
  const known = contactOf(book, from.peer)
  const keeps = known !== undefined && (known.ours === 'approved' || known.ours === 'pending')
  const contact: Contact = {
    ...ownWords(from),
    since: keeps ? known.since : now,
    ours: keeps ? known.ours : 'pending',
    theirs: keeps ? known.theirs : 'unknown',
    told: keeps ? known.told : true,
  }
  return withContact(book, contact)
}

/** What a peer says of itself and of its operator's decision. @returns the same book when nothing is new */
export function hear(book: Book, from: Introduced, approves: boolean | null): Book {
  const known = contactOf(book, from.peer)
  if (known === undefined || known.ours === 'refused' || known.ours === 'removed') return book
  const theirs = approves === null ? known.theirs : approves ? 'approved' : 'refused'
  // a contact keeps the name under which the operator has approved it
  const name = known.ours === 'approved' ? known.name : from.name
  const heard: Contact = { ...known, ...ownWords(from), name, theirs }
  return JSON.stringify(heard) === JSON.stringify(known) ? book : withContact(book, heard)
}

/** The other hospital knows what our operator has decided. */
export function told(book: Book, peer: string, ours: Contact['ours']): Book {
  const known = contactOf(book, peer)
  return known === undefined || known.told || known.ours !== ours ? book : withContact(book, { ...known, told: true })
}

/** The operator decides. A contact that is taken back is removed, one that waited is refused. */
export function decideContact(book: Book, peer: string, decision: 'approve' | 'refuse'): Book {
  const known = contactOf(book, peer)
  if (known === undefined) return book
  const ended = known.ours === 'approved' || known.ours === 'removed' ? 'removed' : 'refused'
  const ours = decision === 'approve' ? 'approved' : ended
  return withContact(book, { ...known, ours, told: false })
}

/**
 * A contact introduces hospitals. Only new ones wait for the operator: who is known, was refused or removed stays what
 * it is.
 */
export function introduce(
  book: Book,
  by: string,
  introduced: readonly Introduced[],
  { self, now }: { self: string; now: number },
): Book {
  const from = contactOf(book, by)
  if (from === undefined || !isContact(from)) return book
  let next = book
  for (const one of introduced) {
    const waiting = next.contacts.filter(({ introducedBy, ours }) => introducedBy === by && ours === 'pending').length
    if (one.peer === self || contactOf(next, one.peer) !== undefined) continue
    if (waiting >= INTRODUCED_BY_ONE_MAX || next.contacts.length >= CONTACTS_MAX) break
    next = withContact(next, {
      ...ownWords(one),
      since: now,
      ours: 'pending',
      theirs: 'unknown',
      introducedBy: by,
      told: true,
    })
  }
  return next
}

/** Whom we introduce to a contact: all other contacts. Nothing to anybody else. */
export function introductionsFor(book: Book, peer: string): Introduced[] {
  const to = contactOf(book, peer)
  if (to === undefined || !isContact(to)) return []
  return book.contacts
    .filter(contact => contact.peer !== peer && isContact(contact))
    .slice(0, INTRODUCED_BY_ONE_MAX)
    .map(({ name, addresses, version, ...contact }) => ({ peer: contact.peer, name, addresses, version }))
}

function ownWords({ peer, name, addresses, version }: Introduced) {
  return { peer, name, addresses: addresses.slice(0, ADDRESSES_PER_PEER_MAX), version }
}

/** Sets one contact; where there is no room the oldest refused one is forgotten, or none is added. */
function withContact(book: Book, contact: Contact): Book {
  const known = book.contacts.findIndex(({ peer }) => peer === contact.peer)
  if (known >= 0) return { ...book, contacts: book.contacts.with(known, contact) }
  if (book.contacts.length < CONTACTS_MAX) return { ...book, contacts: [...book.contacts, contact] }
  const gone = book.contacts.findIndex(({ ours }) => ours === 'refused' || ours === 'removed')
  return gone < 0 ? book : { ...book, contacts: [...book.contacts.toSpliced(gone, 1), contact] }
}
