/**
 * Sends our masked chunks to their owners, and pulls what others hold. What is pulled is checked against the hash, or
 * the manifest, that it was asked by.
 *
 * @module
 */

import { sha256 } from '../../../crypto/hash.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import {
  CHUNK_PROTOCOL,
  FRAME_BYTES_MAX,
  PULL_ANSWER,
  PULL_PROTOCOL,
  parseFrame,
  UPLOAD_ANSWER,
} from '../../../protocols/exchange/frames.ts'
import {
  checkLength,
  judgePulled,
  PULL_ANSWER_MS,
  PULL_SILENCE_MS,
  type Pulled,
  pullRequestOf,
} from '../../../protocols/exchange/pull.ts'
import { checkReceipt } from '../../../protocols/exchange/upload.ts'
import type { Member } from '../../../protocols/roster/roster.ts'
import { contextAt, type StepContext } from '../../../protocols/round/context.ts'
import { findPhase } from '../../../protocols/round/data-phase.ts'
import type { Wanted } from '../../../protocols/round/effects.ts'
import type { RoundEvent } from '../../../protocols/round/events.ts'
import { saidBy } from '../../../protocols/round/facts.ts'
import type { RoundState } from '../../../protocols/round/state.ts'
import type { WorkerClient } from '../../worker/worker-client.ts'
import type { Channel } from '../channel.ts'
import { patienceMs } from '../limits/limits.ts'
import type { Network } from '../network.ts'

export interface TransferClientParts {
  readonly context: StepContext
  readonly network: Network
  readonly worker: WorkerClient
  readonly state: () => RoundState
  readonly event: (event: RoundEvent) => void
}

function isSlow(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'too-slow'
}

export class TransferClient {
  readonly #parts: TransferClientParts
  readonly #channels = new Map<string, Promise<Channel>>()
  /** by PeerId */
  readonly #silentUntil = new Map<string, number>()

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
    await this.#exchange({ peer: this.#peerOf(to), protocol: CHUNK_PROTOCOL, signal }, async channel => {
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
    const contributor = context.roster.hospitals[context.self]?.id as Uint8Array
    checkReceipt(receipt, context, { owner: to, sid: opening.sid, chunk, contributor, hash: sha256(bytes) })
    return receipt
  }

  /** Pulls something from one peer; true when it had it and it matched. */
  async pull(
    from: Member,
    { round, wanted }: { round: number; wanted: Wanted },
    signal: AbortSignal,
  ): Promise<boolean> {
    const request = this.#parts.state().round === round ? pullRequestOf(this.#parts.state(), wanted) : undefined
    // a rank may be another's by the time that the answer is here
    const peer = this.#peerOf(from)
    if (request === undefined || performance.now() < (this.#silentUntil.get(peer) ?? 0)) return false
    const found = await this.#exchange({ peer, protocol: PULL_PROTOCOL, signal }, channel =>
      this.#fetch(channel, peer, { request: encode(request), wanted }),
    )
    const verdict = judgePulled(this.#parts.state(), wanted, found, from)
    if (verdict === 'wrong') this.#parts.network.guard.strikes.add(peer, 'wrong-bytes')
    if (verdict !== 'right') return false
    await this.#keep(found, { round, wanted })
    return true
  }

  async #fetch(
    channel: Channel,
    peer: string,
    { request, wanted }: { request: Uint8Array; wanted: Wanted },
  ): Promise<Pulled> {
    const { timing, dimension } = this.#parts.context
    const first = async () => {
      await channel.writeFrame(request)
      return parseFrame(PULL_ANSWER, await channel.readFrame(FRAME_BYTES_MAX))
    }
    const answer = await channel.within(PULL_ANSWER_MS, first).catch(error => {
      if (isSlow(error)) this.#silentUntil.set(peer, performance.now() + PULL_SILENCE_MS)
      throw error
    })
    checkLength(answer.length, wanted, dimension)
    const bytes = new Uint8Array(answer.length)
    // other pulls share the line
    const withinMs = patienceMs(bytes.length + 4 * dimension, timing.bandwidthMin)
    const read = channel.within(withinMs, () => channel.readInto(bytes))
    await read.catch(error => {
      if (isSlow(error)) this.#parts.network.guard.strikes.add(peer, 'too-slow')
      throw error
    })
    return { bytes, path: answer.path }
  }

  #peerOf(member: Member): string {
    return this.#context.roster.peers[member] as string
  }

  async #keep({ bytes, path }: Pulled, { round, wanted }: { round: number; wanted: Wanted }): Promise<void> {
    const { worker, event } = this.#parts
    if (wanted.kind === 'chunk') {
      const { sid, chunk, member } = wanted
      await worker.putPart({ sid, chunk, member, bytes, path })
      return event({ type: 'chunk', round, sid, chunk, from: member })
    }
    const { hash } = wanted
    if (wanted.kind === 'sum') await worker.putSum(round, hash, bytes)
    else await worker.putCheckpoint(hash, bytes)
    event({ type: 'pulled', round, hash })
  }

  /** The one long-lived stream to a peer: over a long line, opening another costs two round trips. */
  async #channelTo(peer: string, protocol: string, signal: AbortSignal): Promise<Channel> {
    const { network } = this.#parts
    const key = `${peer}${protocol}`
    const before = await this.#channels.get(key)?.catch(() => undefined)
    if (before?.open) return before
    const opened = network.open(peer, protocol, signal).then(stream => network.channel(stream, peer))
    this.#channels.set(key, opened)
    return await opened
  }

  async #exchange<T>(
    { peer, protocol, signal }: { peer: string; protocol: string; signal: AbortSignal },
    talk: (channel: Channel) => Promise<T>,
  ): Promise<T> {
    const channel = await this.#channelTo(peer, protocol, signal)
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
        if (!isSlow(error)) this.#parts.network.guard.blame(peer, error)
        throw error
      } finally {
        signal.removeEventListener('abort', abort)
      }
    })
  }
}
