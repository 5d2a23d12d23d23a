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
  TOPIC_CHARACTERS_MAX,
  TOPICS_PER_PEER_MAX,
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

interface Subscription {
  readonly topic?: string
  readonly subscribe?: boolean
}

interface Rpc {
  readonly subscriptions: readonly Subscription[]
  readonly messages: readonly RpcMessage[]
  readonly control?: {
    readonly ihave: readonly unknown[]
    readonly iwant: readonly unknown[]
    readonly graft: readonly { readonly topicID?: string }[]
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

/** One topic: who may be in it, and what is passed on. */
export interface GossipTopic {
  admits(peer: string): boolean
  validate(bytes: Uint8Array, from: string): GossipVerdict
}

export interface GossipReaderParts {
  readonly guard: PeerGuard
  readonly channel: (stream: Stream, peer: string) => Channel
  readonly frameMs: number
}

/** The topics of a node, each with members of its own. */
export interface GossipTopics {
  /** Begins or ends a topic. Peers that have subscribed to it already are in it at once. */
  set(topic: string, members: GossipTopic | null): void
  /** Looks again at who is admitted to a topic: after its members have changed. */
  refresh(topic: string): void
  /** Forgets a peer that is gone. */
  forget(peer: string): void
}

/** Replaces gossipsub's reader with ours. */
export function readGossip(gossipsub: GossipSub, parts: GossipReaderParts): GossipTopics {
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
  return reader
}

class GossipReader implements GossipTopics {
  readonly #gossip: Internals
  readonly #parts: GossipReaderParts
  readonly #seen = new Set<string>()
  readonly #topics = new Map<string, GossipTopic>()
  /** what each peer has subscribed to, also where it is in no topic of ours: it says so once */
  readonly #subscribed = new Map<string, Set<string>>()

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

  set(topic: string, members: GossipTopic | null): void {
    if (members === null) this.#topics.delete(topic)
    else this.#topics.set(topic, members)
    this.refresh(topic)
  }

  refresh(topic: string): void {
    for (const [id, topics] of this.#subscribed) {
      const peer = this.#gossip.peers.get(id)
      if (peer === undefined || !topics.has(topic)) continue
      const subscribe = this.#isIn(id, topic)
      // gossipsub takes a repeated subscription for nothing
      this.#gossip.handleReceivedRpc(peer, { subscriptions: [{ topic, subscribe }], messages: [] }).catch(() => {})
    }
  }

  forget(peer: string): void {
    this.#subscribed.delete(peer)
  }

  #isIn(peer: string, topic: string | undefined): topic is string {
    return topic !== undefined && this.#topics.get(topic)?.admits(peer) === true
  }

  #noteSubscriptions(peer: string, subscriptions: readonly Subscription[]): void {
    const topics = this.#subscribed.get(peer) ?? new Set<string>()
    this.#subscribed.set(peer, topics)
    for (const { topic = '', subscribe } of subscriptions) {
      if (!subscribe) topics.delete(topic)
      else if (topic.length <= TOPIC_CHARACTERS_MAX && topics.size < TOPICS_PER_PEER_MAX) topics.add(topic)
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
    const { guard } = this.#parts
    const id = peer.toString()
    this.#noteSubscriptions(id, subscriptions)
    // with a gossip factor of 0 no honest peer announces messages or asks for announced ones
    if ((control?.ihave.length ?? 0) + (control?.iwant.length ?? 0) > 0) guard.strikes.add(id, 'gossip-stray')
    const controls = control ? control.graft.length + control.prune.length + control.idontwant.length : 0
    if (!guard.says(id, { messages: Math.max(1, messages.length + controls), bytes: 0 })) return
    const accepted = messages.filter(message => this.#accepts(id, message))
    const graft = control?.graft.filter(({ topicID }) => this.#isIn(id, topicID)) ?? []
    const prune = control?.prune.map(one => ({ ...one, peers: [] })) ?? []
    await this.#gossip.handleReceivedRpc(peer, {
      subscriptions: subscriptions.filter(({ topic }) => this.#isIn(id, topic)),
      messages: accepted,
      ...(control && { control: { ...control, ihave: [], iwant: [], graft, prune } }),
    })
  }

  /** Whether a message is new, valid and may be forwarded. */
  #accepts(peer: string, { topic, data }: RpcMessage): boolean {
    const { guard } = this.#parts
    const members = this.#topics.get(topic)
    if (data === undefined || data.length > MESSAGE_BYTES_MAX) {
      guard.strikes.add(peer, 'gossip-rejected')
      return false
    }
    // a study that has ended here, or whose member the peer is no more: it may not know yet
    if (members === undefined || !members.admits(peer)) return false
    const key = createHash('sha256').update(data).digest('base64')
    if (this.#seen.has(key)) return false
    const verdict = members.validate(data, peer)
    if (verdict === 'reject') guard.strikes.add(peer, 'gossip-rejected')
    if (verdict !== 'accept') return false
    if (this.#seen.size >= GOSSIP_SEEN_MAX) this.#seen.delete(this.#seen.values().next().value as string)
    this.#seen.add(key)
    return true
  }
}
