/**
 * Keeps the accounts of every admitted peer: its use of each limit, and its strikes.
 *
 * @module
 */

import { ProtocolError } from '../../../protocols/errors.ts'
import {
  ANSWER_BYTES_PER_PEER,
  CONNECTIONS_PER_PEER,
  FRAME_OVERHEAD_BYTES,
  FRAMES_PER_PEER,
  FRAMES_PER_WRITE,
  MESSAGE_BYTES_PER_PEER,
  MESSAGES_PER_PEER,
  REQUESTS_PER_PEER,
  UNACCOUNTED_BYTES_PER_PEER,
} from './limits.ts'
import { type StrikeReason, Strikes, type StrikesParts } from './strikes.ts'
import { BucketMap } from './token-bucket.ts'

/** Error codes that have a strike reason of their own; every other one counts as a bad frame. */
const REASONS: Readonly<Record<string, StrikeReason>> = {
  'frame-too-long': 'long-frame',
  'too-slow': 'too-slow',
  'wrong-bytes': 'wrong-bytes',
}

export class PeerGuard {
  readonly strikes: Strikes
  readonly #connections: BucketMap<string>
  readonly #messages: BucketMap<string>
  readonly #messageBytes: BucketMap<string>
  readonly #requests: BucketMap<string>
  readonly #answers: BucketMap<string>
  readonly #unaccounted: BucketMap<string>
  readonly #frames: BucketMap<string>
  #received = 0

  constructor(parts: StrikesParts) {
    const { clock } = parts
    this.strikes = new Strikes(parts)
    this.#connections = new BucketMap(CONNECTIONS_PER_PEER, clock)
    this.#messages = new BucketMap(MESSAGES_PER_PEER, clock)
    this.#messageBytes = new BucketMap(MESSAGE_BYTES_PER_PEER, clock)
    this.#requests = new BucketMap(REQUESTS_PER_PEER, clock)
    this.#answers = new BucketMap(ANSWER_BYTES_PER_PEER, clock)
    this.#frames = new BucketMap(FRAMES_PER_PEER, clock)
    this.#unaccounted = new BucketMap(UNACCOUNTED_BYTES_PER_PEER, clock)
  }

  /** Forgets a stranger that is gone: there is no end to their ids. */
  forget(peer: string): void {
    for (const buckets of [
      this.#connections,
      this.#messages,
      this.#messageBytes,
      this.#requests,
      this.#answers,
      this.#frames,
      this.#unaccounted,
    ])
      buckets.delete(peer)
    this.strikes.forget(peer)
  }

  /** bytes received from sockets since the start, encryption and framing included */
  get bytesReceived(): number {
    return this.#received
  }

  /** Counts bytes as they arrive; the protocol that reads them accounts for them later. */
  received(peer: string, bytes: number): void {
    this.#received += bytes
    const bucket = this.#unaccounted.of(peer)
    if (bucket.take(bytes)) return
    bucket.take(bucket.level)
    this.strikes.add(peer, 'unaccounted-bytes')
  }

  /** Counts a small frame of the muxer. */
  frames(peer: string): void {
    this.#take(this.#frames, { peer, amount: 1, reason: 'too-many-frames' })
  }

  /** Records one write of ours, which the other side answers with frames of its own. */
  writes(peer: string): void {
    this.#frames.of(peer).give(FRAMES_PER_WRITE)
    this.account(peer, 0)
  }

  /** Records that a protocol has read one piece of that many bytes, so that it is not stray traffic. */
  account(peer: string, bytes: number): void {
    this.#unaccounted.of(peer).give(bytes + FRAME_OVERHEAD_BYTES)
  }

  /** Records bytes of a connection relayed by that peer, which `received` counted as its own: they are counted again. */
  carried(relay: string, bytes: number): void {
    this.#received -= bytes
    this.account(relay, bytes)
    this.#frames.of(relay).give(FRAMES_PER_WRITE)
  }

  /** One more connection. @returns false when the peer reconnects too often */
  connects(peer: string): boolean {
    return this.#take(this.#connections, { peer, amount: 1, reason: 'too-many-connections' })
  }

  /** One more request, or one that costs as much as `amount` of them. @returns false when it must not be answered */
  requests(peer: string, amount = 1): boolean {
    return this.#take(this.#requests, { peer, amount, reason: 'too-many-requests' })
  }

  /** Counts messages before they are verified. @returns false when they must not be verified */
  says(peer: string, { messages, bytes }: { messages: number; bytes: number }): boolean {
    const reason = 'too-many-messages'
    return (
      this.#take(this.#messageBytes, { peer, amount: bytes, reason }) &&
      this.#take(this.#messages, { peer, amount: messages, reason })
    )
  }

  /** Counts the bytes of an answer. Too many are no offence, since we chose them: false means to answer empty. */
  isAnswered(peer: string, bytes: number): boolean {
    return this.#answers.of(peer).take(bytes)
  }

  #take(
    buckets: BucketMap<string>,
    { peer, amount, reason }: { peer: string; amount: number; reason: StrikeReason },
  ): boolean {
    if (buckets.of(peer).take(amount)) return true
    this.strikes.add(peer, reason)
    return false
  }

  /** Adds a strike for an error, if it is one that only a faulty peer causes. */
  blame(peer: string, error: unknown): void {
    if (!(error instanceof ProtocolError) || error.action === 'ignore') return
    this.strikes.add(peer, REASONS[error.code] ?? 'bad-frame')
  }
}
