/**
 * Contacts of the running node: lets in who was invited, uses invitations that the operator took, tells others what the
 * operator has decided, and introduces contacts to each other. The rules are those of `book.ts`.
 *
 * @module
 */

import type { Stream } from '@libp2p/interface'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Channel } from '../network/channel.ts'
import { dialErrorText } from '../network/reach/dial-error.ts'
import * as book from './book.ts'
import {
  type Book,
  type Contact,
  contactOf,
  decideContact,
  type GivenInvitation,
  isContact,
  openInvitations,
  type TakenInvitation,
} from './book.ts'
import { bookWritten, changeBook, readBook } from './book-file.ts'
import { type ContactView, contactViews } from './contact-view.ts'
import type { ContactHost } from './host.ts'
import { acceptJoin, type JoinParts, requestJoin } from './join.ts'
import { JoinLimits } from './join-limits.ts'
import { LookLoop } from './look-loop.ts'
import {
  CONTACT_BYTES_MAX,
  cardOf,
  decodeFirst,
  encodeContact,
  introducedOf,
  type MeetMessage,
  refusalIn,
} from './message.ts'
import { Schedule } from './schedule.ts'

export const CONTACT_PROTOCOL = '/confrere/contact/1.0.0'
/** For one exchange; both sides answer at once. */
const EXCHANGE_MS = 20_000
const LINGER_MS = 2000
/** Contacts hear of each other's contacts and addresses this often. */
const MEET_MS = 60_000
const RETRY_MS = { min: 2000, max: 10 * 60_000 }

export interface ContactParts {
  readonly folder: string
  /** base58btc PeerId of this node */
  readonly peer: string
  readonly site: string
  /** of the program */
  readonly version: string
  /** ms since 1970 */
  readonly now: () => number
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export class ContactService {
  readonly #parts: ContactParts
  readonly #limits: JoinLimits
  readonly #due: Schedule
  readonly #stopped = new AbortController()
  #book: Book = book.EMPTY_BOOK
  #written = 0
  #host: ContactHost | undefined
  readonly #loop: LookLoop

  constructor(parts: ContactParts) {
    this.#parts = parts
    this.#limits = new JoinLimits(parts.clock)
    this.#due = new Schedule(parts.clock, RETRY_MS)
    this.#loop = new LookLoop(parts.clock, () =>
      this.#look().catch(error => parts.log.warn({ err: error }, 'contacts')),
    )
  }

  /** Reads the book, before the network asks whom to admit. @throws OperatorError as `readBook` */
  async open(): Promise<void> {
    const written = await bookWritten(this.#parts.folder)
    if (written === this.#written) return
    this.#book = await readBook(this.#parts.folder)
    this.#written = written
    this.#due.clear()
  }

  /** Whether a peer may connect: known hospitals; whom we dial; and strangers while an invitation is open. */
  admits(peer: string): boolean {
    const known = contactOf(this.#book, peer)
    const isOurs = known !== undefined && (known.ours === 'approved' || known.ours === 'pending' || !known.told)
    return isOurs || this.#book.taken.some(one => one.peer === peer && one.state === 'waiting') || this.#letsStrangers()
  }

  /** Whether a peer may open the contact protocol. Nothing else is open to anybody but contacts. */
  meets(peer: string): boolean {
    const known = contactOf(this.#book, peer)
    return known?.ours === 'approved' || known?.ours === 'pending' || this.#letsStrangers()
  }

  isContact(peer: string): boolean {
    const known = contactOf(this.#book, peer)
    return known !== undefined && isContact(known)
  }

  /** Hospitals that both operators have approved. */
  contacts(): Contact[] {
    return this.#book.contacts.filter(isContact)
  }

  /** All hospitals that this one knows, as an operator sees them. */
  list(): ContactView[] {
    return contactViews(this.#book, this.#parts.site)
  }

  /** Those that wait for this hospital's operator. */
  pending(): ContactView[] {
    return this.list().filter(({ state }) => state === 'pending')
  }

  /** Invitations of this hospital that can still be used; no secret is known of them. */
  invitations(): readonly Pick<GivenInvitation, 'id' | 'created' | 'expires' | 'note'>[] {
    return openInvitations(this.#book, this.#parts.now())
  }

  async approve(peer: string): Promise<void> {
    await this.#change(known => decideContact(known, peer, 'approve'))
  }

  async refuse(peer: string): Promise<void> {
    await this.#change(known => decideContact(known, peer, 'refuse'))
  }

  async start(host: ContactHost): Promise<void> {
    this.#host = host
    await this.open()
    await host.handle(CONTACT_PROTOCOL, (stream, peer) => this.#serve(stream, peer))
    this.#loop.start()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#loop.stop()
  }

  /** Does what is due: reads what the commands wrote, and dials. */
  async look(): Promise<void> {
    await this.#loop.look()
  }

  async #look(): Promise<void> {
    try {
      await this.open()
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'contacts cannot be read')
      return
    }
    const joins = this.#book.taken.filter(({ state }) => state === 'waiting')
    const meetings = this.#book.contacts.filter(one => one.ours === 'approved' || (one.ours !== 'pending' && !one.told))
    await Promise.all([
      ...joins.map(one => this.#due.run(`join ${one.peer}`, () => this.#join(one))),
      ...meetings.map(one => this.#due.run(`meet ${one.peer}`, () => this.#meet(one))),
    ])
  }

  #letsStrangers(): boolean {
    return !this.#limits.closed && openInvitations(this.#book, this.#parts.now()).length > 0
  }

  async #change(change: (known: Book) => Book): Promise<Book> {
    const before = this.#book
    const changed = await changeBook(this.#parts.folder, change)
    this.#book = changed.book
    this.#written = changed.written
    if (decisionsOf(before) !== decisionsOf(this.#book)) this.#due.clear()
    return this.#book
  }

  #joinParts(): JoinParts {
    const { peer, random, now } = this.#parts
    return { self: peer, card: this.#card(), random, now, change: change => this.#change(change) }
  }

  #card() {
    const { site, version } = this.#parts
    const addresses = (this.#host?.addresses() ?? []).map(one => one.replace(/\/p2p\/[^/]+$/, ''))
    // others cannot use our loopback, unless there is nothing else
    const isLocal = (address: string) => /^\/ip[46]\/(127\.|::1\/)/.test(address)
    const sorted = [...addresses.filter(one => !isLocal(one)), ...addresses.filter(isLocal)]
    return cardOf({ name: site, version, addresses: sorted })
  }

  async #serve(stream: Stream, peer: string): Promise<void> {
    const channel = this.#host!.channel(stream, peer)
    try {
      await channel.within(EXCHANGE_MS, () => this.#answer(channel, peer))
      await channel.closeWrite()
      channel.abandon(LINGER_MS)
    } catch (error) {
      channel.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #answer(channel: Channel, peer: string): Promise<void> {
    // an invitation may have been given a moment ago
    await this.open()
    if (!this.meets(peer)) return await channel.writeFrame(encodeContact({ refused: 'unknown' }))
    const first = decodeFirst(await channel.readFrame(CONTACT_BYTES_MAX))
    if (first.kind === 'meet') return await this.#answerMeeting(channel, peer, first)
    const host = this.#host!.hostOf(peer) || peer
    if (!this.#limits.attempts(host)) return await channel.writeFrame(encodeContact({ refused: 'busy' }))
    const outcome = await acceptJoin(channel, { peer, first, book: this.#book }, this.#joinParts())
    if (outcome === 'wrong') this.#limits.wrong(host)
    if (outcome === 'joined') this.#parts.log.info({ peer }, 'a hospital used an invitation and waits for approval')
  }

  async #answerMeeting(channel: Channel, peer: string, message: MeetMessage): Promise<void> {
    const known = contactOf(this.#book, peer)
    if (known?.ours !== 'approved' && known?.ours !== 'pending') {
      return await channel.writeFrame(encodeContact({ refused: 'unknown' }))
    }
    await this.#hear(peer, message)
    await channel.writeFrame(encodeContact(this.#meeting(peer)))
    await this.#change(now => book.told(now, peer, known.ours))
  }

  async #hear(peer: string, { card, approves, introductions }: MeetMessage): Promise<void> {
    const { peer: self, now } = this.#parts
    const others = introductions.map(one => introducedOf(one.peer, one.card))
    await this.#change(known =>
      book.introduce(book.hear(known, introducedOf(peer, card), approves), peer, others, { self, now: now() }),
    )
  }

  #meeting(peer: string): MeetMessage {
    const ours = contactOf(this.#book, peer)?.ours
    const approves = ours === 'approved' ? true : ours === 'pending' ? null : false
    const introductions = book.introductionsFor(this.#book, peer).map(one => ({ peer: one.peer, card: cardOf(one) }))
    return { kind: 'meet', card: this.#card(), approves, introductions }
  }

  async #join(taken: TakenInvitation): Promise<number> {
    const { peer, expires, addresses } = taken
    const fails = (reason: string, final: boolean) =>
      this.#change(known => book.joinFailed(known, peer, { reason, final }))
    if (this.#parts.now() >= expires) {
      await fails('the invitation has expired', true)
      return MEET_MS
    }
    try {
      const refused = await this.#exchange(peer, addresses, channel => requestJoin(channel, taken, this.#joinParts()))
      if (refused !== undefined) await fails(refused.reason, refused.final)
      if (refused?.final === false) throw new Error(refused.reason)
    } catch (error) {
      // an operator can act on "the proxy does not let out connections to ..."
      await fails(dialErrorText(error).slice(0, 200), false)
      throw error
    }
    return MEET_MS
  }

  async #meet({ peer, addresses, ours }: Contact): Promise<number> {
    await this.#exchange(peer, addresses, async channel => {
      await channel.writeFrame(encodeContact(this.#meeting(peer)))
      const answer = await channel.readFrame(CONTACT_BYTES_MAX)
      if (refusalIn(answer) !== undefined) throw new Error('the other hospital does not know this one')
      const message = decodeFirst(answer)
      if (message.kind === 'meet') await this.#hear(peer, message)
    })
    await this.#change(known => book.told(known, peer, ours))
    return this.isContact(peer) ? MEET_MS : MEET_MS / 4
  }

  async #exchange<T>(peer: string, addresses: readonly string[], work: (channel: Channel) => Promise<T>): Promise<T> {
    const host = this.#host!
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(EXCHANGE_MS)])
    if (!host.connected(peer))
      await host.dial(
        peer,
        addresses.filter(one => host.dialable(peer, one)),
        signal,
      )
    const channel = host.channel(await host.open(peer, CONTACT_PROTOCOL, signal), peer)
    const abort = () => channel.abort(new Error('stopped'))
    signal.addEventListener('abort', abort, { once: true })
    try {
      const result = await channel.within(EXCHANGE_MS, () => work(channel))
      await channel.closeWrite()
      channel.abandon(LINGER_MS)
      return result
    } catch (error) {
      channel.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}

/** What operators have decided so far, to see whether others have to be told. */
function decisionsOf({ contacts }: Book): string {
  return contacts.map(({ peer, ours, theirs }) => `${peer} ${ours} ${theirs}`).join('\n')
}
