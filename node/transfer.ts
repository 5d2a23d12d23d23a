/**
 * Bulk between two nodes, on long-lived streams: masked chunks to their owners, and what is pulled by hash.
 *
 * An upload is checked against its signed manifest as it arrives, can be taken up where it broke off, and ends in a
 * signed receipt. What is pulled is checked against the hash that it was asked by.
 *
 * @module
 */

import type { Stream } from '@libp2p/interface'
import { z } from 'zod'
import { TAG_RECEIPT } from '../crypto/domain.ts'
import { ProtocolError } from '../crypto/errors.ts'
import { sha256 } from '../crypto/hash.ts'
import { verifyPath } from '../crypto/merkle.ts'
import { type Signer, verifySignature } from '../crypto/signature.ts'
import { FRAME_BYTES_MAX } from '../protocols/aggregation/constants.ts'
import { findPhase } from '../protocols/aggregation/machine.ts'
import { filledChunks } from '../protocols/aggregation/opening.ts'
import { decode, encode, type Plain } from '../protocols/codec.ts'
import type { RoundEvent, StepContext, Wanted } from '../protocols/ports.ts'
import type { Member } from '../protocols/roster/roster.ts'
import { checkpointHash } from '../protocols/round/checkpoint.ts'
import { is, openMessage } from '../protocols/round/messages.ts'
import { saidBy } from '../protocols/round/receive.ts'
import { hex, type RoundState } from '../protocols/round/state.ts'
import { Channel } from './framing.ts'
import type { Network } from './network.ts'
import type { Workshop } from './workshop.ts'

export const CHUNK_PROTOCOL = '/confrere/chunk/1.0.0'
export const PULL_PROTOCOL = '/confrere/pull/1.0.0'
/** How long an owner waits for the OPEN that a chunk belongs to, which may still be on its way. */
const SESSION_WAIT_MS = 10_000
const PATH_LENGTH_MAX = 20

const bytes = (max: number) => z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length <= max)
const count = z.number().int().min(0).max(0xffffffff)
const path = z.array(bytes(32)).max(PATH_LENGTH_MAX)
const sid = z.string().regex(/^[0-9a-f]{64}$/)
const UPLOAD = z.strictObject({ manifest: bytes(2048), sid, chunk: count, length: count, path })
const UPLOAD_ANSWER = z.strictObject({ offset: count })
const PULL = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['sum', 'checkpoint']), hash: sid }),
  z.strictObject({ kind: z.literal('chunk'), round: count, sid, chunk: count, owners: z.number().int().min(1).max(100) }),
])
const PULL_ANSWER = z.strictObject({ length: count, path })

function parse<T>(schema: z.ZodType<T>, wire: Uint8Array): T {
  const parsed = schema.safeParse(decode(wire))
  if (parsed.success) return parsed.data
  throw new ProtocolError('bad-transfer', parsed.error.issues[0]?.message ?? 'not a transfer frame')
}

/** What an owner signs for a chunk that it holds. */
function receiptOf(study: Uint8Array, { sid, chunk, hash }: { sid: string; chunk: number; hash: Uint8Array }): Uint8Array {
  return Buffer.concat([TAG_RECEIPT, study, Buffer.from(sid, 'hex'), Uint8Array.of(chunk), hash])
}

export interface TransferInit {
  readonly context: StepContext
  readonly signer: Signer
  /** masked words are never more; sums and checkpoints neither */
  readonly dimension: number
}

export interface TransferComponents {
  readonly network: Network
  readonly workshop: Workshop
  readonly state: () => RoundState
  readonly event: (event: RoundEvent) => void
  /** resolves after the next step of the state machine */
  readonly nextStep: () => Promise<void>
}

export interface Transfer {
  start(): Promise<void>
  /** sends one of our masked chunks to its owner */
  upload(to: Member, upload: { round: number; sid: string; chunk: number }, signal: AbortSignal): Promise<void>
  /** true when the peer had it and it matched */
  pull(from: Member, pull: { round: number; wanted: Wanted }, signal: AbortSignal): Promise<boolean>
}

export function createTransfer(init: TransferInit, components: TransferComponents): Transfer {
  const { context } = init
  const { network, workshop, state, event } = components
  const channels = new Map<string, Promise<Channel>>()
  const partial = new Map<string, { key: string; bytes: Uint8Array; filled: number }>()

  /** The one long-lived stream to a peer: over a long line, opening another costs two round trips. */
  async function channelTo(member: Member, protocol: string, signal: AbortSignal): Promise<Channel> {
    const peer = context.roster.peers[member] as string
    const key = `${peer}${protocol}`
    const before = await channels.get(key)?.catch(() => undefined)
    if (before?.open) return before
    const opened = network.open(peer, protocol, signal).then(stream => new Channel(stream))
    channels.set(key, opened)
    return await opened
  }

  async function exchange<T>(to: Member, protocol: string, signal: AbortSignal, talk: (channel: Channel) => Promise<T>) {
    const channel = await channelTo(to, protocol, signal)
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

  async function upload(to: Member, { round, sid, chunk }: { round: number; sid: string; chunk: number }, signal: AbortSignal) {
    const phase = findPhase(state(), sid)
    if (phase === undefined) return
    const manifest = saidBy(state(), { type: 'manifest', view: phase.opening.view, from: context.self })
    const masked = await workshop.chunk({ round, sid, owners: phase.opening.owners.length, chunk })
    if (masked === undefined || manifest === undefined) return
    await exchange(to, CHUNK_PROTOCOL, signal, async channel => {
      const length = masked.bytes.length
      await channel.writeFrame(encode({ manifest: manifest.bytes, sid, chunk, length, path: [...masked.path] }))
      const { offset } = parse(UPLOAD_ANSWER, await channel.readFrame(FRAME_BYTES_MAX))
      await channel.write(masked.bytes.subarray(offset))
      const signature = await channel.readFrame(FRAME_BYTES_MAX)
      const receipt = receiptOf(context.study, { sid, chunk, hash: sha256(masked.bytes) })
      const owner = context.roster.hospitals[to]?.id as Uint8Array
      if (!verifySignature(owner, receipt, signature)) throw new ProtocolError('bad-receipt', 'receipt does not verify')
    })
    event({ type: 'receipt', round, sid, chunk, from: to })
  }

  /** The session that a chunk belongs to, waiting for an OPEN that is slower than the chunk. */
  async function awaitPhase(sid: string) {
    const deadline = performance.now() + SESSION_WAIT_MS
    for (;;) {
      const phase = findPhase(state(), sid)
      if (phase !== undefined) return phase
      if (performance.now() > deadline) throw new ProtocolError('unknown-session', 'a chunk of a session unknown here')
      await Promise.race([components.nextStep(), new Promise(resolve => setTimeout(resolve, 500).unref())])
    }
  }

  async function takeChunk(channel: Channel, from: Member): Promise<void> {
    const header = parse(UPLOAD, await channel.readFrame(FRAME_BYTES_MAX))
    const manifest = openMessage(header.manifest, context)
    if (!is(manifest, 'manifest') || manifest.from !== from || hex(manifest.body.sid) !== header.sid) {
      throw new ProtocolError('bad-manifest', 'a chunk without its contributor’s manifest')
    }
    event({ type: 'received', message: manifest })
    const { opening } = await awaitPhase(header.sid)
    const chunk = filledChunks(opening).find(({ index }) => index === header.chunk)
    const mine = chunk !== undefined && opening.owners[chunk.index] === context.self
    if (!mine || !opening.members.includes(from) || header.length !== chunk.words * 4) {
      throw new ProtocolError('bad-chunk', 'a chunk that is not ours, or of another length')
    }
    // one upload at a time and peer: a broken one can be taken up again, a second one replaces it
    const key = `${header.sid}/${header.chunk}`
    const peer = context.roster.peers[from] as string
    const before = partial.get(peer)
    const part = before?.key === key ? before : { key, bytes: new Uint8Array(header.length), filled: 0 }
    partial.set(peer, part)
    await channel.writeFrame(encode({ offset: part.filled }))
    while (part.filled < part.bytes.length) {
      const end = Math.min(part.bytes.length, part.filled + FRAME_BYTES_MAX)
      await channel.readInto(part.bytes.subarray(part.filled, end))
      part.filled = end
    }
    partial.delete(peer)
    const hash = sha256(part.bytes)
    const proof = { root: manifest.body.root, leaf: hash, index: chunk.index, count: filledChunks(opening).length }
    if (!verifyPath({ ...proof, path: header.path })) {
      throw new ProtocolError('chunk-mismatch', 'a chunk that is not what its manifest commits to', { peer })
    }
    await workshop.putPart({ sid: header.sid, chunk: chunk.index, member: from, bytes: part.bytes })
    event({ type: 'chunk', round: manifest.body.round, sid: header.sid, chunk: chunk.index, from })
    await channel.writeFrame(init.signer.sign(receiptOf(context.study, { sid: header.sid, chunk: chunk.index, hash })))
  }

  async function givePulled(channel: Channel): Promise<void> {
    const wanted = parse(PULL, await channel.readFrame(FRAME_BYTES_MAX))
    let found: { bytes: Uint8Array; path: readonly Uint8Array[] } | undefined
    if (wanted.kind === 'chunk') found = await workshop.chunk(wanted)
    else {
      const blob = await (wanted.kind === 'sum' ? workshop.sum(wanted.hash) : workshop.checkpoint(wanted.hash))
      found = blob && { bytes: blob, path: [] }
    }
    await channel.writeFrame(encode({ length: found?.bytes.length ?? 0, path: [...(found?.path ?? [])] }))
    if (found !== undefined) await channel.write(found.bytes)
  }

  async function pull(from: Member, { round, wanted }: { round: number; wanted: Wanted }, signal: AbortSignal) {
    const phase = wanted.kind === 'chunk' ? findPhase(state(), wanted.sid) : undefined
    if (wanted.kind === 'chunk' && phase === undefined) return false
    const owners = phase?.opening.owners.length ?? 0
    const request: Plain =
      wanted.kind === 'chunk'
        ? { kind: 'chunk', round, sid: wanted.sid, chunk: wanted.chunk, owners }
        : { kind: wanted.kind, hash: wanted.hash }
    const found = await exchange(from, PULL_PROTOCOL, signal, async channel => {
      await channel.writeFrame(encode(request))
      const answer = parse(PULL_ANSWER, await channel.readFrame(FRAME_BYTES_MAX))
      const bytesMax = wanted.kind === 'checkpoint' ? 12 * init.dimension + 4096 : 4 * init.dimension
      if (answer.length > bytesMax) throw new ProtocolError('too-long', `${answer.length} bytes where ${bytesMax} fit`)
      const target = new Uint8Array(answer.length)
      await channel.readInto(target)
      return { bytes: target, path: answer.path }
    })
    return found.bytes.length > 0 && (await keep(found, { round, wanted }))
  }

  /** Checks what was pulled and puts it where it belongs. */
  async function keep(
    { bytes: found, path }: { bytes: Uint8Array; path: readonly Uint8Array[] },
    { round, wanted }: { round: number; wanted: Wanted },
  ): Promise<boolean> {
    if (wanted.kind === 'sum') {
      if (hex(sha256(found)) !== wanted.hash) return false
      await workshop.putSum(round, wanted.hash, found)
      event({ type: 'pulled', round, hash: wanted.hash })
    } else if (wanted.kind === 'checkpoint') {
      if (hex(checkpointHash(found)) !== wanted.hash) return false
      await workshop.putCheckpoint(wanted.hash, found)
      event({ type: 'pulled', round, hash: wanted.hash })
    } else {
      const { sid, chunk: index, member } = wanted
      const opening = findPhase(state(), sid)?.opening
      const manifest = opening && saidBy(state(), { type: 'manifest', view: opening.view, from: member })
      if (opening === undefined || manifest === undefined) return false
      const { root } = manifest.body
      const countFilled = filledChunks(opening).length
      if (!verifyPath({ root, leaf: sha256(found), index, count: countFilled, path })) return false
      await workshop.putPart({ sid, chunk: index, member, bytes: found })
      event({ type: 'chunk', round, sid, chunk: index, from: member })
    }
    return true
  }

  /** Serves one inbound stream, exchange after exchange, until it ends. */
  async function serve(stream: Stream, peer: string, one: (channel: Channel, from: Member) => Promise<void>) {
    const from = context.roster.ranks.get(peer)
    const channel = new Channel(stream)
    if (from === undefined) return channel.abort(new Error('not in the roster'))
    try {
      while (channel.open) await one(channel, from)
    } catch (error) {
      channel.abort(error instanceof Error ? error : new Error(String(error)))
      if (!(error instanceof ProtocolError)) throw error
    }
  }

  return {
    start: async () => {
      await network.handle(CHUNK_PROTOCOL, (stream, peer) => serve(stream, peer, takeChunk))
      await network.handle(PULL_PROTOCOL, (stream, peer) => serve(stream, peer, givePulled))
    },
    upload,
    pull,
  }
}
