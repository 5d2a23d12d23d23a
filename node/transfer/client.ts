/**
 * Sends our masked chunks to their owners, and pulls what others hold. What is pulled is checked against the hash, or
 * the manifest, that it was asked by.
 *
 * @module
 */

import { ProtocolError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { verifyPath } from '../../crypto/merkle.ts'
import { verifySignature } from '../../crypto/signature.ts'
import { FRAME_BYTES_MAX } from '../../protocols/aggregation/constants.ts'
import { findPhase } from '../../protocols/aggregation/machine.ts'
import { filledChunks } from '../../protocols/aggregation/opening.ts'
import { encode } from '../../protocols/codec.ts'
import type { RoundEvent, StepContext, Wanted } from '../../protocols/ports.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import { checkpointHash } from '../../protocols/round/checkpoint.ts'
import { saidBy } from '../../protocols/round/receive.ts'
import { hex, type RoundState } from '../../protocols/round/state.ts'
import { Channel } from '../framing.ts'
import type { Network } from '../network.ts'
import type { Workshop } from '../workshop.ts'
import { CHUNK_PROTOCOL, PULL_ANSWER, PULL_PROTOCOL, parseFrame, receiptOf, UPLOAD_ANSWER } from './wire.ts'

/** Parameters, momentum and moving average in float32, and a header. */
const CHECKPOINT_BYTES_PER_WORD = 12
const CHECKPOINT_HEADER_BYTES_MAX = 4096

export interface TransferClientParts {
  readonly context: StepContext
  readonly network: Network
  readonly workshop: Workshop
  readonly state: () => RoundState
  readonly event: (event: RoundEvent) => void
}

interface Found {
  readonly bytes: Uint8Array
  readonly path: readonly Uint8Array[]
}

export class TransferClient {
  readonly #parts: TransferClientParts
  readonly #channels = new Map<string, Promise<Channel>>()

  constructor(parts: TransferClientParts) {
    this.#parts = parts
  }

  /** Sends one of our masked chunks to its owner, and waits for the receipt. */
  async upload(
    to: Member,
    { round, sid, chunk }: { round: number; sid: string; chunk: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { context, state, workshop, event } = this.#parts
    const opening = findPhase(state(), sid)?.opening
    if (opening === undefined) return
    const manifest = saidBy(state(), { type: 'manifest', view: opening.view, from: context.self })
    const masked = await workshop.chunk({ round, sid, owners: opening.owners.length, chunk })
    if (masked === undefined || manifest === undefined) return
    const { bytes, path } = masked
    await this.#exchange({ to, protocol: CHUNK_PROTOCOL, signal }, async channel => {
      const header = { manifest: manifest.bytes, sid, chunk, length: bytes.length, path: [...path] }
      await channel.writeFrame(encode(header))
      const { offset } = parseFrame(UPLOAD_ANSWER, await channel.readFrame(FRAME_BYTES_MAX))
      await channel.write(bytes.subarray(offset))
      const signature = await channel.readFrame(FRAME_BYTES_MAX)
      const receipt = receiptOf(context.study, { sid, chunk, hash: sha256(bytes) })
      const owner = context.roster.hospitals[to]?.id as Uint8Array
      if (!verifySignature(owner, receipt, signature)) throw new ProtocolError('bad-receipt', 'receipt does not verify')
    })
    event({ type: 'receipt', round, sid, chunk, from: to })
  }

  /** Pulls something from one peer; true when it had it and it matched. */
  async pull(
    from: Member,
    { round, wanted }: { round: number; wanted: Wanted },
    signal: AbortSignal,
  ): Promise<boolean> {
    const request = this.#requestOf(round, wanted)
    if (request === undefined) return false
    const { dimension } = this.#parts.context
    const checkpointMax = CHECKPOINT_BYTES_PER_WORD * dimension + CHECKPOINT_HEADER_BYTES_MAX
    const bytesMax = wanted.kind === 'checkpoint' ? checkpointMax : 4 * dimension
    const found = await this.#exchange({ to: from, protocol: PULL_PROTOCOL, signal }, async channel => {
      await channel.writeFrame(request)
      const answer = parseFrame(PULL_ANSWER, await channel.readFrame(FRAME_BYTES_MAX))
      if (answer.length > bytesMax) throw new ProtocolError('too-long', `${answer.length} bytes where ${bytesMax} fit`)
      const bytes = new Uint8Array(answer.length)
      await channel.readInto(bytes)
      return { bytes, path: answer.path }
    })
    if (found.bytes.length === 0) return false
    if (wanted.kind === 'chunk') return await this.#keepChunk(found, { round, wanted })
    return await this.#keepBlob(found.bytes, { round, wanted })
  }

  #requestOf(round: number, wanted: Wanted): Uint8Array | undefined {
    if (wanted.kind !== 'chunk') return encode({ kind: wanted.kind, hash: wanted.hash })
    const opening = findPhase(this.#parts.state(), wanted.sid)?.opening
    if (opening === undefined) return undefined
    const { sid, chunk } = wanted
    return encode({ kind: 'chunk', round, sid, chunk, owners: opening.owners.length })
  }

  async #keepBlob(
    bytes: Uint8Array,
    { round, wanted }: { round: number; wanted: Extract<Wanted, { hash: string }> },
  ): Promise<boolean> {
    const { workshop, event } = this.#parts
    const hash = hex(wanted.kind === 'sum' ? sha256(bytes) : checkpointHash(bytes))
    if (hash !== wanted.hash) return false
    if (wanted.kind === 'sum') await workshop.putSum(round, hash, bytes)
    else await workshop.putCheckpoint(hash, bytes)
    event({ type: 'pulled', round, hash })
    return true
  }

  async #keepChunk(
    { bytes, path }: Found,
    { round, wanted }: { round: number; wanted: Extract<Wanted, { kind: 'chunk' }> },
  ): Promise<boolean> {
    const { state, workshop, event } = this.#parts
    const { sid, chunk: index, member } = wanted
    const opening = findPhase(state(), sid)?.opening
    const manifest = opening && saidBy(state(), { type: 'manifest', view: opening.view, from: member })
    if (opening === undefined || manifest === undefined) return false
    const count = filledChunks(opening).length
    if (!verifyPath({ root: manifest.body.root, leaf: sha256(bytes), index, count, path })) return false
    await workshop.putPart({ sid, chunk: index, member, bytes })
    event({ type: 'chunk', round, sid, chunk: index, from: member })
    return true
  }

  /** The one long-lived stream to a peer: over a long line, opening another costs two round trips. */
  async #channelTo(to: Member, protocol: string, signal: AbortSignal): Promise<Channel> {
    const peer = this.#parts.context.roster.peers[to] as string
    const key = `${peer}${protocol}`
    const before = await this.#channels.get(key)?.catch(() => undefined)
    if (before?.open) return before
    const opened = this.#parts.network.open(peer, protocol, signal).then(stream => new Channel(stream))
    this.#channels.set(key, opened)
    return await opened
  }

  async #exchange<T>(
    { to, protocol, signal }: { to: Member; protocol: string; signal: AbortSignal },
    talk: (channel: Channel) => Promise<T>,
  ): Promise<T> {
    const channel = await this.#channelTo(to, protocol, signal)
    return await channel.exclusive(async () => {
      const abort = () => channel.abort(new Error('given up'))
      signal.addEventListener('abort', abort, { once: true })
      try {
        signal.throwIfAborted()
        return await talk(channel)
      } catch (error) {
        // what is left on the stream belongs to an exchange that nobody reads any more
        channel.abort(error instanceof Error ? error : new Error(String(error)))
        throw error
      } finally {
        signal.removeEventListener('abort', abort)
      }
    })
  }
}
