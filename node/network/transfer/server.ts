/**
 * Takes in masked chunks as their owner, and serves what others pull. An upload is checked against its signed manifest
 * and can be taken up where it broke off; it ends in a signed receipt.
 *
 * @module
 */

import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import {
  CHUNK_PROTOCOL,
  FRAME_BYTES_MAX,
  PULL,
  PULL_PROTOCOL,
  parseFrame,
  UPLOAD,
} from '../../../protocols/exchange/frames.ts'
import {
  checkBytes,
  checkHeader,
  checkManifest,
  isFarAhead,
  receiptDue,
  SESSION_WAIT_MS,
} from '../../../protocols/exchange/upload.ts'
import { openMessage } from '../../../protocols/messages/messages.ts'
import { encodeReceipt } from '../../../protocols/messages/receipt.ts'
import type { Member } from '../../../protocols/roster/roster.ts'
import { contextAt, type StepContext } from '../../../protocols/round/context.ts'
import { findPhase } from '../../../protocols/round/data-phase.ts'
import type { RoundEvent } from '../../../protocols/round/events.ts'
import type { DataPhase, RoundState } from '../../../protocols/round/state.ts'
import type { WorkerClient } from '../../worker/worker-client.ts'
import type { Channel } from '../channel.ts'
import { patienceMs } from '../limits/limits.ts'
import type { Network } from '../network.ts'
import { PullSource } from './lending.ts'

const SESSION_POLL_MS = 500

export interface TransferServerParts {
  readonly context: StepContext
  readonly network: Network
  readonly worker: WorkerClient
  readonly state: () => RoundState
  readonly event: (event: RoundEvent) => void
  /** resolves after the next step of the state machine */
  readonly nextStep: () => Promise<void>
}

interface PartialUpload {
  readonly key: string
  readonly bytes: Uint8Array
  filled: number
}

export class TransferServer {
  readonly #parts: TransferServerParts
  /** one upload at a time and peer: a broken one can be taken up again, another one replaces it */
  readonly #partial = new Map<string, PartialUpload>()
  /** the stream that each protocol serves a peer on: a peer that opens another has given up the one before */
  readonly #serving = new Map<string, Channel>()
  readonly #library: PullSource

  constructor(parts: TransferServerParts) {
    this.#parts = parts
    this.#library = new PullSource(parts)
  }

  async start(): Promise<void> {
    const { network } = this.#parts
    for (const [protocol, exchange] of [
      [CHUNK_PROTOCOL, this.#takeChunk],
      [PULL_PROTOCOL, this.#givePulled],
    ] as const) {
      await network.handle(protocol, (stream, peer) =>
        this.#serve(network.channel(stream, peer), peer, { protocol, exchange }),
      )
    }
  }

  /** Serves one inbound stream, exchange after exchange, until it ends. */
  async #serve(channel: Channel, peer: string, { protocol, exchange }: { protocol: string; exchange: Exchange }) {
    const { network } = this.#parts
    const { timing } = this.#parts.context
    const key = `${peer}${protocol}`
    this.#serving.get(key)?.abort(new Error('replaced by a newer stream'))
    this.#serving.set(key, channel)
    try {
      while (channel.open) {
        const frame = await channel.readFrame(FRAME_BYTES_MAX, patienceMs(FRAME_BYTES_MAX, timing.bandwidthMin))
        if (!network.guard.requests(peer)) throw new ProtocolError('too-many', 'asks too often', { action: 'ignore' })
        await exchange(channel, peer, frame)
      }
    } catch (error) {
      network.guard.blame(peer, error)
      channel.abort(error instanceof Error ? error : new Error(String(error)))
    } finally {
      if (this.#serving.get(key) === channel) this.#serving.delete(key)
    }
  }

  /** The roster follows the study's rounds. */
  get #context(): StepContext {
    return contextAt(this.#parts.context, this.#parts.state().roster)
  }

  /** A receipt is a promise: given once the state machine counts on the part, and never to whom we reported missing. */
  async #awaitHeld(sid: string, index: number, from: Member): Promise<void> {
    const deadline = performance.now() + SESSION_WAIT_MS
    for (;;) {
      const due = receiptDue(this.#parts.state(), { sid, index, self: this.#context.self, from })
      if (due === 'over' || performance.now() > deadline) throw notNow('a chunk of a round that is over')
      if (due === 'late') throw notNow('a chunk that came too late')
      if (due === 'due') return
      await Promise.race([this.#parts.nextStep(), new Promise(resolve => setTimeout(resolve, SESSION_POLL_MS).unref())])
    }
  }

  /** The session that a chunk belongs to, waiting for an OPEN that is slower than the chunk. */
  async #awaitPhase(sid: string): Promise<DataPhase> {
    const deadline = performance.now() + SESSION_WAIT_MS
    for (;;) {
      const phase = findPhase(this.#parts.state(), sid)
      if (phase !== undefined) return phase
      if (performance.now() > deadline) throw notNow('a chunk of a session unknown here')
      await Promise.race([this.#parts.nextStep(), new Promise(resolve => setTimeout(resolve, SESSION_POLL_MS).unref())])
    }
  }

  readonly #takeChunk: Exchange = async (channel, peer, frame) => {
    const { event, worker, state } = this.#parts
    const context = this.#context
    // a stream outlives rosters, and a peer's rank does not
    const from = context.roster.ranks.get(peer)
    if (from === undefined) throw notNow('a chunk of a hospital outside the roster')
    const header = parseFrame(UPLOAD, frame)
    const { sid } = header
    const manifest = checkManifest(openMessage(header.manifest, context), { from, sid })
    event({ type: 'received', message: manifest })
    const { opening } = await this.#awaitPhase(sid)
    if (isFarAhead(opening, state())) throw notNow('a chunk of a view far ahead')
    const { length, path } = header
    const { index } = checkHeader(opening, { self: context.self, from, index: header.chunk, length })
    const { timing, dimension } = context
    // the line that a contributor has for all of its chunks
    const withinMs = timing.dataBaseMs + patienceMs(4 * dimension, timing.bandwidthMin)
    const bytes = await channel.within(withinMs, () => this.#receive(channel, peer, { key: `${sid}/${index}`, length }))
    const hash = checkBytes(opening, { manifest, index, bytes, path })
    await worker.putPart({ sid, chunk: index, member: from, bytes, path })
    event({ type: 'chunk', round: manifest.body.round, sid, chunk: index, from })
    await this.#awaitHeld(sid, index, from)
    const contributor = context.roster.hospitals[from]?.id as Uint8Array
    const receipt = { study: context.study, sid: opening.sid, chunk: index, contributor, hash }
    await channel.writeFrame(context.seal(encodeReceipt(receipt)))
  }

  async #receive(channel: Channel, peer: string, { key, length }: { key: string; length: number }) {
    const before = this.#partial.get(peer)
    const part: PartialUpload = before?.key === key ? before : { key, bytes: new Uint8Array(length), filled: 0 }
    this.#partial.set(peer, part)
    await channel.writeFrame(encode({ offset: part.filled }))
    while (part.filled < part.bytes.length) {
      const end = Math.min(part.bytes.length, part.filled + FRAME_BYTES_MAX)
      await channel.readInto(part.bytes.subarray(part.filled, end))
      part.filled = end
    }
    this.#partial.delete(peer)
    return part.bytes
  }

  readonly #givePulled: Exchange = async (channel, peer, frame) => {
    const { timing, dimension } = this.#parts.context
    await this.#library.lend(peer, parseFrame(PULL, frame), async found => {
      await channel.writeFrame(encode({ length: found?.bytes.length ?? 0, path: [...(found?.path ?? [])] }))
      if (found === undefined) return
      const withinMs = patienceMs(found.bytes.length + 4 * dimension, timing.bandwidthMin)
      await channel.within(withinMs, () => channel.write(found.bytes))
    })
  }
}

type Exchange = (channel: Channel, peer: string, frame: Uint8Array) => Promise<void>

/** Nobody's fault: the other side tries again. */
function notNow(reason: string): ProtocolError {
  return new ProtocolError('unknown-session', reason, { action: 'ignore' })
}
