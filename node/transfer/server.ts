/**
 * Takes in masked chunks as their owner, and serves what others pull. An upload is checked against its signed manifest
 * and can be taken up where it broke off; it ends in a signed receipt.
 *
 * @module
 */

import type { Stream } from '@libp2p/interface'
import { ProtocolError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { verifyPath } from '../../crypto/merkle.ts'
import type { Signer } from '../../crypto/signature.ts'
import { FRAME_BYTES_MAX } from '../../protocols/aggregation/constants.ts'
import { findPhase } from '../../protocols/aggregation/machine.ts'
import { filledChunks } from '../../protocols/aggregation/opening.ts'
import { encode } from '../../protocols/codec.ts'
import type { RoundEvent, StepContext } from '../../protocols/ports.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import { is, openMessage } from '../../protocols/round/messages.ts'
import { type DataPhase, hex, type RoundState } from '../../protocols/round/state.ts'
import { Channel } from '../framing.ts'
import type { Network } from '../network.ts'
import type { Workshop } from '../workshop.ts'
import { CHUNK_PROTOCOL, PULL, PULL_PROTOCOL, parseFrame, receiptOf, UPLOAD } from './wire.ts'

/** How long an owner waits for the OPEN that a chunk belongs to, which may still be on its way. */
const SESSION_WAIT_MS = 10_000
const SESSION_POLL_MS = 500

export interface TransferServerParts {
  readonly context: StepContext
  readonly signer: Signer
  readonly network: Network
  readonly workshop: Workshop
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
  readonly #partial = new Map<Member, PartialUpload>()

  constructor(parts: TransferServerParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { network } = this.#parts
    await network.handle(CHUNK_PROTOCOL, (stream, peer) => this.#serve(stream, peer, this.#takeChunk))
    await network.handle(PULL_PROTOCOL, (stream, peer) => this.#serve(stream, peer, this.#givePulled))
  }

  /** Serves one inbound stream, exchange after exchange, until it ends. */
  async #serve(stream: Stream, peer: string, exchange: (channel: Channel, from: Member) => Promise<void>) {
    const from = this.#parts.context.roster.ranks.get(peer)
    const channel = new Channel(stream)
    if (from === undefined) return channel.abort(new Error('not in the roster'))
    try {
      while (channel.open) await exchange(channel, from)
    } catch (error) {
      channel.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** The session that a chunk belongs to, waiting for an OPEN that is slower than the chunk. */
  async #awaitPhase(sid: string): Promise<DataPhase> {
    const deadline = performance.now() + SESSION_WAIT_MS
    for (;;) {
      const phase = findPhase(this.#parts.state(), sid)
      if (phase !== undefined) return phase
      if (performance.now() > deadline) throw new ProtocolError('unknown-session', 'a chunk of a session unknown here')
      await Promise.race([this.#parts.nextStep(), new Promise(resolve => setTimeout(resolve, SESSION_POLL_MS).unref())])
    }
  }

  readonly #takeChunk = async (channel: Channel, from: Member): Promise<void> => {
    const { context, event, workshop, signer } = this.#parts
    const header = parseFrame(UPLOAD, await channel.readFrame(FRAME_BYTES_MAX))
    const { sid } = header
    const manifest = openMessage(header.manifest, context)
    if (!is(manifest, 'manifest') || manifest.from !== from || hex(manifest.body.sid) !== sid) {
      throw new ProtocolError('bad-manifest', 'a chunk without its contributor’s manifest')
    }
    event({ type: 'received', message: manifest })
    const { opening } = await this.#awaitPhase(sid)
    const chunk = filledChunks(opening).find(({ index }) => index === header.chunk)
    const mine = chunk !== undefined && opening.owners[chunk.index] === context.self
    if (!mine || !opening.members.includes(from) || header.length !== chunk.words * 4) {
      throw new ProtocolError('bad-chunk', 'a chunk that is not ours, or of another length')
    }
    const bytes = await this.#receive(channel, from, { key: `${sid}/${chunk.index}`, length: header.length })
    const hash = sha256(bytes)
    const count = filledChunks(opening).length
    if (!verifyPath({ root: manifest.body.root, leaf: hash, index: chunk.index, count, path: header.path })) {
      throw new ProtocolError('chunk-mismatch', 'a chunk that is not what its manifest commits to')
    }
    await workshop.putPart({ sid, chunk: chunk.index, member: from, bytes })
    event({ type: 'chunk', round: manifest.body.round, sid, chunk: chunk.index, from })
    await channel.writeFrame(signer.sign(receiptOf(context.study, { sid, chunk: chunk.index, hash })))
  }

  async #receive(channel: Channel, from: Member, { key, length }: { key: string; length: number }) {
    const before = this.#partial.get(from)
    const part: PartialUpload = before?.key === key ? before : { key, bytes: new Uint8Array(length), filled: 0 }
    this.#partial.set(from, part)
    await channel.writeFrame(encode({ offset: part.filled }))
    while (part.filled < part.bytes.length) {
      const end = Math.min(part.bytes.length, part.filled + FRAME_BYTES_MAX)
      await channel.readInto(part.bytes.subarray(part.filled, end))
      part.filled = end
    }
    this.#partial.delete(from)
    return part.bytes
  }

  readonly #givePulled = async (channel: Channel): Promise<void> => {
    const { workshop } = this.#parts
    const wanted = parseFrame(PULL, await channel.readFrame(FRAME_BYTES_MAX))
    let found: { bytes: Uint8Array; path: readonly Uint8Array[] } | undefined
    if (wanted.kind === 'chunk') found = await workshop.chunk(wanted)
    else {
      const blob = await (wanted.kind === 'sum' ? workshop.sum(wanted.hash) : workshop.checkpoint(wanted.hash))
      found = blob && { bytes: blob, path: [] }
    }
    await channel.writeFrame(encode({ length: found?.bytes.length ?? 0, path: [...(found?.path ?? [])] }))
    if (found !== undefined) await channel.write(found.bytes)
  }
}
