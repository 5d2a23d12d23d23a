/**
 * Reads gossip in place of gossipsub's own reader, which buffers without bound, decodes before it counts, and remembers
 * every message id for two minutes, those of refused messages too. Gossipsub gets only valid messages.
 *
 * Gossipsub expects that its methods may be overridden; its version is pinned, and a test fails if these overrides no
 * longer catch inbound frames.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerId, Stream } from '@libp2p/interface'
import { MESSAGE_BYTES_MAX } from '../../protocols/messages/limits.ts'
import type { Channel } from './channel.ts'
import {
  GOSSIP_CONTROLS_PER_FRAME_MAX,
  GOSSIP_FRAME_BYTES_MAX,
  GOSSIP_MESSAGES_PER_FRAME_MAX,
  GOSSIP_SEEN_MAX,
} from './limits/limits.ts'
import type { PeerGuard } from './limits/peer-guard.ts'

export type GossipVerdict = 'accept' | 'ignore' | 'reject'

/** Limits for `decodeRpc`: a frame that exceeds one is not decoded. */
export const GOSSIP_DECODE_LIMITS = {
  maxSubscriptions: GOSSIP_CONTROLS_PER_FRAME_MAX,
  maxMessages: GOSSIP_MESSAGES_PER_FRAME_MAX,
  maxIhaveMessageIDs: GOSSIP_CONTROLS_PER_FRAME_MAX,
  maxIwantMessageIDs: GOSSIP_CONTROLS_PER_FRAME_MAX,
  maxControlMessages: GOSSIP_CONTROLS_PER_FRAME_MAX,
  maxIdontwantMessageIDs: GOSSIP_MESSAGES_PER_FRAME_MAX,
  maxPeerInfos: 1,
}

interface RpcMessage {
  readonly topic: string
  readonly data?: Uint8Array
}

interface Rpc {
  readonly subscriptions: readonly { readonly topic?: string }[]
  readonly messages: readonly RpcMessage[]
  readonly control?: {
    readonly ihave: readonly unknown[]
    readonly iwant: readonly unknown[]
    readonly graft: readonly unknown[]
    readonly prune: readonly object[]
    readonly idontwant: readonly unknown[]
  }
}

/** The parts of gossipsub that this module uses or replaces. */
interface Internals {
  readonly peers: ReadonlyMap<string, PeerId>
  readonly streamsInbound: Map<string, { close(): Promise<void> }>
  isStarted(): boolean
  createInboundStream(peer: PeerId, stream: Stream): void
  decodeRpc(bytes: Uint8Array): Rpc
  handleReceivedRpc(from: PeerId, rpc: Rpc): Promise<void>
  onPeerDisconnected(peer: PeerId): void
}

export interface GossipReaderParts {
  readonly topic: string
  readonly guard: PeerGuard
  readonly channel: (stream: Stream, peer: string) => Channel
  readonly frameMs: number
  validate(bytes: Uint8Array, from: string): GossipVerdict
}

/** Replaces gossipsub's reader with ours. */
export function readGossip(gossipsub: GossipSub, parts: GossipReaderParts): void {
  const gossip = gossipsub as unknown as Internals
  const reader = new GossipReader(gossip, parts)
  gossip.createInboundStream = (peer, stream) => {
    const id = peer.toString()
    if (!gossip.isStarted() || !gossip.peers.has(id)) return
    const channel = parts.channel(stream, id)
    const close = async () => channel.abort(new Error('gossip goes on elsewhere'))
    gossip.streamsInbound.get(id)?.close()
    gossip.streamsInbound.set(id, { close })
    reader.read(peer, channel).catch(error => {
      parts.guard.blame(id, error)
      channel.abort(error instanceof Error ? error : new Error(String(error)))
    })
  }
}

class GossipReader {
  readonly #gossip: Internals
  readonly #parts: GossipReaderParts
  readonly #seen = new Set<string>()

  constructor(gossip: Internals, parts: GossipReaderParts) {
    this.#gossip = gossip
    this.#parts = parts
  }

  /** Reads frames until the stream ends. @throws ProtocolError for a frame that cannot be skipped */
  async read(peer: PeerId, channel: Channel): Promise<void> {
    const id = peer.toString()
    const { guard, frameMs } = this.#parts
    for (;;) {
      const frame = await channel.readVarintFrame(GOSSIP_FRAME_BYTES_MAX, frameMs)
      if (!guard.says(id, { messages: 0, bytes: frame.length })) continue
      const rpc = this.#decode(id, frame)
      if (rpc !== undefined) await this.#handle(peer, rpc)
    }
  }

  #decode(peer: string, frame: Uint8Array): Rpc | undefined {
    try {
      return this.#gossip.decodeRpc(frame)
    } catch {
      this.#parts.guard.strikes.add(peer, 'gossip-garbage')
      return undefined
    }
  }

  async #handle(peer: PeerId, { subscriptions, messages, control }: Rpc): Promise<void> {
    const { guard, topic } = this.#parts
    const id = peer.toString()
    // with a gossip factor of 0 no honest peer announces messages or asks for announced ones
    if ((control?.ihave.length ?? 0) + (control?.iwant.length ?? 0) > 0) guard.strikes.add(id, 'gossip-stray')
    const controls = control ? control.graft.length + control.prune.length + control.idontwant.length : 0
    if (!guard.says(id, { messages: Math.max(1, messages.length + controls), bytes: 0 })) return
    const accepted = messages.filter(message => this.#accepts(id, message))
    const prune = control?.prune.map(one => ({ ...one, peers: [] })) ?? []
    await this.#gossip.handleReceivedRpc(peer, {
      subscriptions: subscriptions.filter(one => one.topic === topic),
      messages: accepted,
      ...(control && { control: { ...control, ihave: [], iwant: [], prune } }),
    })
  }

  /** Whether a message is new, valid and may be forwarded. */
  #accepts(peer: string, { topic, data }: RpcMessage): boolean {
    const { guard, validate } = this.#parts
    if (topic !== this.#parts.topic || data === undefined || data.length > MESSAGE_BYTES_MAX) {
      guard.strikes.add(peer, 'gossip-rejected')
      return false
    }
    const key = createHash('sha256').update(data).digest('base64')
    if (this.#seen.has(key)) return false
    const verdict = validate(data, peer)
    if (verdict === 'reject') guard.strikes.add(peer, 'gossip-rejected')
    if (verdict !== 'accept') return false
    if (this.#seen.size >= GOSSIP_SEEN_MAX) this.#seen.delete(this.#seen.values().next().value as string)
    this.#seen.add(key)
    return true
  }
}
