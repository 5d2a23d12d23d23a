/**
 * Sends our masked chunks to their owners, and pulls what others hold. What is pulled is checked against the hash, or
 * the manifest, that it was asked by.
 *
 * @module
 */

import { sha256 } from '../../../crypto/hash.ts'
import { verifyPath } from '../../../crypto/merkle.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { hex, same } from '../../../protocols/immutable.ts'
import { openReceipt } from '../../../protocols/messages/receipt.ts'
import { checkpointHash } from '../../../protocols/model/checkpoint.ts'
import type { Member } from '../../../protocols/roster/roster.ts'
import { contextAt, type StepContext } from '../../../protocols/round/context.ts'
import { findPhase } from '../../../protocols/round/data-phase.ts'
import type { Wanted } from '../../../protocols/round/effects.ts'
import type { RoundEvent } from '../../../protocols/round/events.ts'
import { saidBy } from '../../../protocols/round/facts.ts'
import type { RoundState } from '../../../protocols/round/state.ts'
import { filledChunks } from '../../../protocols/session/chunks.ts'
import type { WorkerClient } from '../../worker/worker-client.ts'
import type { Channel } from '../channel.ts'
import type { Network } from '../libp2p-host.ts'
import { patienceMs } from '../limits/limits.ts'
import { CHUNK_PROTOCOL, FRAME_BYTES_MAX, PULL_ANSWER, PULL_PROTOCOL, parseFrame, UPLOAD_ANSWER } from './frames.ts'

/** Parameters, momentum and moving average in float32, and what else a checkpoint holds. */
const CHECKPOINT_BYTES_PER_WORD = 12
/** The normalisation of as many columns as a study may bound is most of it. */
const CHECKPOINT_HEADER_BYTES_MAX = 1 << 16
/** For the first word of an answer. Its worker may be training, so silence is no offence: others are asked meanwhile. */
const ANSWER_MS = 5000
/** Whoever was silent is not asked again for a while. */
const SILENCE_MS = 20_000

export interface TransferClientParts {
  readonly context: StepContext
  readonly network: Network
  readonly worker: WorkerClient
  readonly state: () => RoundState
  readonly event: (event: RoundEvent) => void
}

/** What became of pulled bytes; `useless` when the round went on meanwhile. */
type Kept = 'kept' | 'wrong' | 'useless'

function isSlow(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'too-slow'
}

interface Found {
  readonly bytes: Uint8Array
  readonly path: readonly Uint8Array[]
}

export class TransferClient {
  readonly #parts: TransferClientParts
  readonly #channels = new Map<string, Promise<Channel>>()
  readonly #silentUntil = new Map<Member, number>()

  constructor(parts: TransferClientParts) {
    this.#parts = parts
  }

  /** The roster follows the study's rounds. */
  get #context(): StepContext {
    return contextAt(this.#parts.context, this.#parts.state().roster)
  }

  /** Sends one of our masked chunks to its owner, and waits for the receipt. */
  async upload(
    to: Member,
    { round, sid, chunk }: { round: number; sid: string; chunk: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { state, event } = this.#parts
    const { timing, dimension } = this.#parts.context
    const withinMs = timing.dataBaseMs + patienceMs(4 * dimension, timing.bandwidthMin)
    let receipt: Uint8Array | undefined
    await this.#exchange({ to, protocol: CHUNK_PROTOCOL, signal }, async channel => {
      // the turn may come when the round is over
      if (state().round === round)
        receipt = await channel.within(withinMs, () => this.#offer(channel, to, { round, sid, chunk }))
    })
    if (receipt !== undefined) event({ type: 'receipt', round, sid, chunk, from: to, receipt })
  }

  /** @returns the receipt, or undefined when there is nothing to offer any more */
  async #offer(
    channel: Channel,
    to: Member,
    { round, sid, chunk }: { round: number; sid: string; chunk: number },
  ): Promise<Uint8Array | undefined> {
    const { state, worker } = this.#parts
    const context = this.#context
    const opening = findPhase(state(), sid)?.opening
    if (opening === undefined) return undefined
    const manifest = saidBy(state(), { type: 'manifest', view: opening.view, from: context.self })
    const masked = await worker.chunk({ round, sid, owners: opening.owners.length, chunk })
    if (masked === undefined || manifest === undefined) return undefined
    const { bytes, path } = masked
    const header = { manifest: manifest.bytes, sid, chunk, length: bytes.length, path: [...path] }
    await channel.writeFrame(encode(header))
    const { offset } = parseFrame(UPLOAD_ANSWER, await channel.readFrame(FRAME_BYTES_MAX))
    await channel.write(bytes.subarray(offset))
    const receipt = await channel.readFrame(FRAME_BYTES_MAX)
    const { from, body } = openReceipt(receipt, context)
    const own = context.roster.hospitals[context.self]?.id as Uint8Array
    const right = same(body.sid, opening.sid) && body.chunk === chunk && same(body.hash, sha256(bytes))
    if (from !== to || !right || !same(body.contributor, own)) {
      throw new ProtocolError('bad-receipt', 'a receipt for something else')
    }
    return receipt
  }

  /** Pulls something from one peer; true when it had it and it matched. */
  async pull(
    from: Member,
    { round, wanted }: { round: number; wanted: Wanted },
    signal: AbortSignal,
  ): Promise<boolean> {
    const request = this.#requestOf(round, wanted)
    if (request === undefined || performance.now() < (this.#silentUntil.get(from) ?? 0)) return false
    const { dimension } = this.#parts.context
    const checkpointMax = CHECKPOINT_BYTES_PER_WORD * dimension + CHECKPOINT_HEADER_BYTES_MAX
    const bytesMax = wanted.kind === 'checkpoint' ? checkpointMax : 4 * dimension
    const found = await this.#exchange({ to: from, protocol: PULL_PROTOCOL, signal }, channel =>
      this.#fetch(channel, from, { request, bytesMax }),
    )
    if (found === undefined || found.bytes.length === 0) return false
    const kept =
      wanted.kind === 'chunk'
        ? await this.#keepChunk(found, { round, wanted })
        : await this.#keepBlob(found.bytes, { round, wanted })
    if (kept === 'wrong') this.#parts.network.guard.strikes.add(this.#peerOf(from), 'wrong-bytes')
    return kept === 'kept'
  }

  async #fetch(
    channel: Channel,
    from: Member,
    { request, bytesMax }: { request: Uint8Array; bytesMax: number },
  ): Promise<Found | undefined> {
    const { timing, dimension } = this.#parts.context
    const first = async () => {
      await channel.writeFrame(request)
      return parseFrame(PULL_ANSWER, await channel.readFrame(FRAME_BYTES_MAX))
    }
    const answer = await channel.within(ANSWER_MS, first).catch(error => {
      if (isSlow(error)) this.#silentUntil.set(from, performance.now() + SILENCE_MS)
      throw error
    })
    if (answer.length > bytesMax) throw new ProtocolError('too-long', `${answer.length} bytes where ${bytesMax} fit`)
    const bytes = new Uint8Array(answer.length)
    // other pulls share the line
    const withinMs = patienceMs(bytes.length + 4 * dimension, timing.bandwidthMin)
    const read = channel.within(withinMs, () => channel.readInto(bytes))
    await read.catch(error => {
      if (isSlow(error)) this.#parts.network.guard.strikes.add(this.#peerOf(from), 'too-slow')
      throw error
    })
    return { bytes, path: answer.path }
  }

  #peerOf(member: Member): string {
    return this.#context.roster.peers[member] as string
  }

  #requestOf(round: number, wanted: Wanted): Uint8Array | undefined {
    if (wanted.kind !== 'chunk') return encode({ kind: wanted.kind, hash: wanted.hash })
    const opening = findPhase(this.#parts.state(), wanted.sid)?.opening
    if (opening === undefined) return undefined
    const { sid, chunk, member } = wanted
    return encode({ kind: 'chunk', round, sid, chunk, owners: opening.owners.length, member })
  }

  async #keepBlob(
    bytes: Uint8Array,
    { round, wanted }: { round: number; wanted: Extract<Wanted, { hash: string }> },
  ): Promise<Kept> {
    const { worker, event } = this.#parts
    const hash = hex(wanted.kind === 'sum' ? sha256(bytes) : checkpointHash(bytes))
    if (hash !== wanted.hash) return 'wrong'
    if (wanted.kind === 'sum') await worker.putSum(round, hash, bytes)
    else await worker.putCheckpoint(hash, bytes)
    event({ type: 'pulled', round, hash })
    return 'kept'
  }

  async #keepChunk(
    { bytes, path }: Found,
    { round, wanted }: { round: number; wanted: Extract<Wanted, { kind: 'chunk' }> },
  ): Promise<Kept> {
    const { state, worker, event } = this.#parts
    const { sid, chunk: index, member } = wanted
    const opening = findPhase(state(), sid)?.opening
    const manifest = opening && saidBy(state(), { type: 'manifest', view: opening.view, from: member })
    if (opening === undefined || manifest === undefined) return 'useless'
    const count = filledChunks(opening).length
    if (!verifyPath({ root: manifest.body.root, leaf: sha256(bytes), index, count, path })) return 'wrong'
    await worker.putPart({ sid, chunk: index, member, bytes, path })
    event({ type: 'chunk', round, sid, chunk: index, from: member })
    return 'kept'
  }

  /** The one long-lived stream to a peer: over a long line, opening another costs two round trips. */
  async #channelTo(to: Member, protocol: string, signal: AbortSignal): Promise<Channel> {
    const { network } = this.#parts
    const peer = this.#peerOf(to)
    const key = `${peer}${protocol}`
    const before = await this.#channels.get(key)?.catch(() => undefined)
    if (before?.open) return before
    const opened = network.open(peer, protocol, signal).then(stream => network.channel(stream, peer))
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
        // nobody is blamed for silence
        if (!isSlow(error)) this.#parts.network.guard.blame(this.#peerOf(to), error)
        throw error
      } finally {
        signal.removeEventListener('abort', abort)
      }
    })
  }
}
