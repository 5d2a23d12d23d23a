/**
 * Answers clients of private predictions: multiplies shares of their records by the head of a certified checkpoint.
 * Nothing of a share is kept, logged or counted but that there was one.
 *
 * @module
 */

import type { Stream } from '@libp2p/interface'
import { equals } from 'uint8arrays/equals'
import { fromBytes } from '../../../crypto/ring.ts'
import { multiplyShare, WORD64_BYTES } from '../../../crypto/ring64.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { hex } from '../../../protocols/immutable.ts'
import { type ClientPass, openPass } from '../../../protocols/prediction/client-pass.ts'
import {
  decodePredictionMessage,
  encodePrediction,
  GREETING_BYTES_MAX,
  PREDICTION_PROTOCOL,
  type PredictionMessage,
  type PredictionReply,
  sharesPerRequest,
  signProducts,
} from '../../../protocols/prediction/messages.ts'
import { type PredictionRefusal, predictionRefusalText } from '../../../protocols/prediction/refusal.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import type { Clock } from '../../clock.ts'
import type { Logger } from '../../log.ts'
import { TokenBucket } from '../../network/limits/token-bucket.ts'
import type { Streams } from '../../network/network.ts'
import { reply } from '../../network/request-reply.ts'
import { type Identity, peerIdString } from '../../storage/identity.ts'
import { readCheckpointOf } from '../../storage/newest-checkpoint.ts'
import { Guests } from './guests.ts'
import { isLinearModel, type LinearHead, linearHead } from './linear-head.ts'
import { readPassBook } from './pass-book.ts'

const EXCHANGE_MS = 60_000
/** Requests with shares that are read or computed at once, of all clients: 8 MiB each. */
const REQUESTS_MAX = 8
/** Clients whose use is remembered; beyond, those that may ask for everything again are forgotten. */
const CLIENTS_MAX = 1024
const HEADS_MAX = 8
/** A checkpoint is read for each; an honest client shows its pass once a run. */
const GREETINGS = { capacity: 20, perSecond: 1 / 6 }
const SHARE_HEAD_BYTES = 16
const MESSAGE_BYTES = 256

/** A study as the service needs it. */
export interface ServedStudy {
  readonly document: StudyDocument
  /** PeerIds of the roster as it is */
  readonly peers: readonly string[]
}

export interface PredictionParts {
  readonly folder: string
  readonly identity: Identity
  /** shares that one client may ask for in an hour */
  readonly perHour: number
  /** @param study hex id; undefined: this hospital takes no part in it */
  readonly study: (study: string) => ServedStudy | undefined
  /** ms since 1970 */
  readonly now: () => number
  readonly clock: Clock
  readonly log: Pick<Logger, 'info'>
}

type PredictionHost = Pick<Streams, 'handle' | 'channel' | 'hangUp'>

export class PredictionService {
  readonly #parts: PredictionParts
  readonly #guests: Guests<{ readonly pass: ClientPass; readonly head: LinearHead }>
  readonly #use = new Map<string, { readonly shares: TokenBucket; readonly greetings: TokenBucket }>()
  /** by hash of the checkpoint */
  readonly #heads = new Map<string, LinearHead>()
  #requests = 0
  #host: PredictionHost | undefined

  constructor(parts: PredictionParts) {
    this.#parts = parts
    this.#guests = new Guests(parts.clock, peer => void this.#host?.hangUp(peer).catch(() => {}))
  }

  /** Whether a stranger may connect, to show a pass. */
  admits(peer: string): boolean {
    return this.#guests.admits(peer)
  }

  async start(host: PredictionHost): Promise<void> {
    this.#host = host
    await host.handle(PREDICTION_PROTOCOL, (stream, peer) => this.#serve(host, stream, peer))
  }

  async #serve(host: PredictionHost, stream: Stream, peer: string): Promise<void> {
    const guest = this.#guests.of(peer)
    const mayAsk = guest !== undefined && this.#requests < REQUESTS_MAX
    // a frame that nobody admits is not even read
    const bytesMax = mayAsk ? requestBytes(guest.head.words) : GREETING_BYTES_MAX
    if (mayAsk) this.#requests += 1
    try {
      const answer = async (bytes: Uint8Array) => encodePrediction(await this.#answer(peer, bytes))
      await reply(host.channel(stream, peer), answer, { bytesMax, withinMs: EXCHANGE_MS })
    } catch {
      // what a client does wrong here ends its own stream
    } finally {
      if (mayAsk) this.#requests -= 1
    }
  }

  async #answer(peer: string, bytes: Uint8Array): Promise<PredictionReply> {
    const message = decodePredictionMessage(bytes)
    const answered = 'pass' in message ? await this.#greet(peer, message.pass) : await this.#multiply(peer, message)
    if (typeof answered !== 'string') return answered
    const reason = predictionRefusalText(answered)
    this.#parts.log.info({ peer, code: answered }, `a client of predictions was refused: ${reason}`)
    return { refused: answered }
  }

  /** Looks at a pass. */
  async #greet(peer: string, bytes: Uint8Array): Promise<PredictionReply | PredictionRefusal> {
    const { study: find, now, folder } = this.#parts
    let pass: ClientPass
    try {
      pass = openPass(bytes)
    } catch (error) {
      if (error instanceof ProtocolError) return 'bad-pass'
      throw error
    }
    if (peerIdString(pass.client) !== peer) return 'pass-of-another'
    const study = find(hex(pass.study))
    if (study === undefined) return 'unknown-study'
    if (!study.peers.includes(peerIdString(pass.issuer))) return 'unknown-issuer'
    if (now() >= pass.expires) return 'pass-expired'
    if ((await readPassBook(folder)).revoked.includes(peer)) return 'pass-revoked'
    if (!isLinearModel(study.document)) return 'not-linear'
    if (this.#useOf(peer)?.greetings.take(1) !== true) return 'busy'
    const head = await this.#headOf(pass, study.document)
    if (head === undefined) return 'other-checkpoint'
    const isSame = head.weightNorm === pass.weightNorm && equals(head.normalisation, pass.normalisation)
    if (!isSame) return 'other-terms'
    this.#guests.keep(peer, { pass, head })
    return { welcome: true }
  }

  /** The head of the newest certified checkpoint, if that is the pass's. */
  async #headOf({ checkpoint, study }: ClientPass, document: StudyDocument): Promise<LinearHead | undefined> {
    const wanted = hex(checkpoint)
    const found = await readCheckpointOf(this.#parts.folder, { study: hex(study), document }).catch(() => undefined)
    if (found?.hash !== wanted) return undefined
    const known = this.#heads.get(wanted) ?? linearHead(document, found.checkpoint)
    this.#heads.delete(wanted)
    this.#heads.set(wanted, known)
    if (this.#heads.size > HEADS_MAX) this.#heads.delete(this.#heads.keys().next().value!)
    return known
  }

  async #multiply(
    peer: string,
    { checkpoint, shares }: Extract<PredictionMessage, { shares: unknown }>,
  ): Promise<PredictionReply | PredictionRefusal> {
    const guest = this.#guests.of(peer)
    if (guest === undefined) return 'no-pass'
    const { pass, head } = guest
    if (this.#parts.now() >= pass.expires) return 'pass-expired'
    if ((await readPassBook(this.#parts.folder)).revoked.includes(peer)) return 'pass-revoked'
    if (!equals(checkpoint, pass.checkpoint)) return 'other-checkpoint'
    if (shares.some(({ length }) => length !== head.words * WORD64_BYTES)) return 'wrong-length'
    const use = this.#useOf(peer)
    if (use === undefined) return 'busy'
    if (!use.shares.take(shares.length)) return 'rate-limit'
    this.#guests.keep(peer, guest)
    const { signer } = this.#parts.identity
    const answers = []
    for (const share of shares) {
      const products = multiplyShare(head.rows, fromBytes(share))
      answers.push(signProducts(signer, { study: pass.study, checkpoint, share }, products))
      // rounds of training go on between two shares
      await new Promise(resolve => setImmediate(resolve))
    }
    return { answers }
  }

  /** What a client with a pass has used; undefined where too many clients are remembered. */
  #useOf(peer: string): { readonly shares: TokenBucket; readonly greetings: TokenBucket } | undefined {
    const known = this.#use.get(peer)
    if (known !== undefined) return known
    const { perHour, clock } = this.#parts
    if (this.#use.size >= CLIENTS_MAX) {
      for (const [client, { shares }] of this.#use) if (shares.level >= perHour) this.#use.delete(client)
    }
    if (this.#use.size >= CLIENTS_MAX) return undefined
    const shares = new TokenBucket({ capacity: perHour, perSecond: perHour / 3600 }, clock)
    const use = { shares, greetings: new TokenBucket(GREETINGS, clock) }
    this.#use.set(peer, use)
    return use
  }
}

/** The largest request of shares of so many words. */
function requestBytes(words: number): number {
  const each = words * WORD64_BYTES + SHARE_HEAD_BYTES
  return MESSAGE_BYTES + GREETING_BYTES_MAX + Math.max(1, sharesPerRequest(words)) * each
}
