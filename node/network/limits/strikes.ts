/**
 * Strikes against a peer. Each offence adds its weight, and weight decays over time; at the limit the peer is refused,
 * longer each time. Never permanently: a hospital whose line, disk or software was at fault comes back.
 *
 * An offence is only what an honest peer behind an acceptable line cannot do. Silence is no offence.
 *
 * @module
 */

import type { Clock } from '../../clock.ts'

/** Weight of one offence: at 20 the fifth or sixth in a row refuses the peer, at 1 only a flood does. */
export const STRIKE_WEIGHTS = {
  /** more messages or bytes than all members together may send */
  'too-many-messages': 1,
  'too-many-requests': 1,
  'too-many-frames': 1,
  'too-many-streams': 2,
  'too-many-connections': 5,
  /** traffic that belongs to none of our protocols */
  'unaccounted-bytes': 10,
  /** a gossip frame that cannot be decoded, or one that is too long */
  'gossip-garbage': 20,
  /** a message that no honest peer would have forwarded */
  'gossip-rejected': 20,
  /** gossip of a kind that our gossip never sends */
  'gossip-stray': 5,
  /** a request, an answer or a header that is malformed, or contradicts signed data */
  'bad-frame': 20,
  'long-frame': 20,
  /** a frame or transfer that has begun and is slower than the study's minimum bandwidth allows */
  'too-slow': 10,
  /** bytes that do not match the hash that they were requested by */
  'wrong-bytes': 20,
} as const

export type StrikeReason = keyof typeof STRIKE_WEIGHTS

export const STRIKES_MAX = 100
const STRIKES_FORGIVEN_PER_SECOND = 1
export const REFUSAL_MS_MIN = 10_000
export const REFUSAL_MS_MAX = 10 * 60_000
/** After this time without a refusal, the next refusal is a step shorter. */
export const REFUSAL_FORGIVEN_MS = 10 * 60_000

export interface Strike {
  readonly peer: string
  readonly reason: StrikeReason
  readonly count: number
}

interface Account {
  weight: number
  weighedAt: number
  /** how often it was refused, less the forgiven refusals */
  refusals: number
  refusedUntil: number
  readonly counts: Map<StrikeReason, number>
}

export interface StrikesParts {
  readonly clock: Pick<Clock, 'now'>
  /** called when a peer reaches the limit; it closes the peer's connections */
  readonly refused: (peer: string, ms: number, reason: StrikeReason) => void
}

export class Strikes {
  readonly #parts: StrikesParts
  readonly #accounts = new Map<string, Account>()

  constructor(parts: StrikesParts) {
    this.#parts = parts
  }

  /** Forgets a peer's account. */
  forget(peer: string): void {
    this.#accounts.delete(peer)
  }

  /** Adds an offence. Only admitted peers have accounts, and strangers' are forgotten when they leave. */
  add(peer: string, reason: StrikeReason): void {
    const account = this.#accountOf(peer)
    account.counts.set(reason, (account.counts.get(reason) ?? 0) + 1)
    const now = this.#parts.clock.now()
    // traffic that was in flight when the peer was refused does not extend the refusal
    if (now < account.refusedUntil) return
    account.weight = this.weight(peer) + STRIKE_WEIGHTS[reason]
    account.weighedAt = now
    if (account.weight >= STRIKES_MAX) this.#refuse(peer, account, reason)
  }

  #refuse(peer: string, account: Account, reason: StrikeReason): void {
    const now = this.#parts.clock.now()
    const clean = account.refusals === 0 ? 0 : now - account.refusedUntil
    const steps = Math.max(0, account.refusals - Math.floor(clean / REFUSAL_FORGIVEN_MS))
    const ms = Math.min(REFUSAL_MS_MAX, REFUSAL_MS_MIN * 2 ** steps)
    account.refusals = Math.min(steps + 1, 30)
    account.refusedUntil = now + ms
    account.weight = 0
    this.#parts.refused(peer, ms, reason)
  }

  #accountOf(peer: string): Account {
    const known = this.#accounts.get(peer)
    if (known !== undefined) return known
    const now = this.#parts.clock.now()
    const account: Account = { weight: 0, weighedAt: now, refusals: 0, refusedUntil: now, counts: new Map() }
    this.#accounts.set(peer, account)
    return account
  }

  /** A peer's weight now, from 0 to `STRIKES_MAX`. */
  weight(peer: string): number {
    const account = this.#accounts.get(peer)
    if (account === undefined) return 0
    const seconds = (this.#parts.clock.now() - account.weighedAt) / 1000
    return Math.max(0, account.weight - seconds * STRIKES_FORGIVEN_PER_SECOND)
  }

  /** True while the peer is refused. */
  refuses(peer: string): boolean {
    const account = this.#accounts.get(peer)
    return account !== undefined && this.#parts.clock.now() < account.refusedUntil
  }

  /** Counts of all offences so far, by peer and reason: no message contents and no addresses. */
  list(): Strike[] {
    return [...this.#accounts].flatMap(([peer, { counts }]) =>
      [...counts].map(([reason, count]) => ({ peer, reason, count })),
    )
  }
}
