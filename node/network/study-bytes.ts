/**
 * Counts what is sent for each study of a node: streams carry the study in the name of their protocol, gossip in its topic.
 * What is sent for no study in particular (hellos, contacts, upkeep of the gossip mesh, what is relayed) is the node's alone.
 *
 * Gossipsub expects that its methods may be overridden; its version is pinned, and a test fails if this override no longer
 * sees what is sent.
 *
 * @module
 */

import type { GossipSub } from '@libp2p/gossipsub'

/** A yamux header. */
const FRAME_HEADER_BYTES = 12
/** Of one Noise message: its length and its tag. */
const NOISE_OVERHEAD_BYTES = 18
const NOISE_PAYLOAD_BYTES_MAX = 65_519

interface SentMessage {
  readonly topic: string
  readonly data?: Uint8Array
}

/** The part of gossipsub that sends. */
interface Internals {
  sendRpc(peer: string, rpc: { readonly messages: readonly SentMessage[] }): boolean
}

export class StudyBytes {
  /** by the end of the topic's name, which is that of the study's protocols as well */
  readonly #sent = new Map<string, number>()

  /** Begins to count for a study, from 0. */
  begin(topic: string): void {
    this.#sent.set(endOf(topic), 0)
  }

  end(topic: string): void {
    this.#sent.delete(endOf(topic))
  }

  /** bytes on the wire for a study since `begin` */
  of(topic: string): number {
    return this.#sent.get(endOf(topic)) ?? 0
  }

  /** Counts a frame of a stream. @param payload its bytes without the header */
  frame(protocol: string, payload: number): void {
    this.#add(protocol, wireBytes(payload))
  }

  /** Counts messages of gossip as they are handed to each peer. */
  watch(gossipsub: GossipSub): void {
    const gossip = gossipsub as unknown as Internals
    const sendRpc = gossip.sendRpc.bind(gossip)
    gossip.sendRpc = (peer, rpc) => {
      const isSent = sendRpc(peer, rpc)
      // nearly always one message, with a frame of its own
      if (isSent) for (const message of rpc.messages) this.#add(message.topic, wireBytes(rpcBytes(message)))
      return isSent
    }
  }

  #add(name: string, bytes: number): void {
    const end = endOf(name)
    const sent = this.#sent.get(end)
    if (sent !== undefined) this.#sent.set(end, sent + bytes)
  }
}

function endOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** A frame with its header, encrypted. */
function wireBytes(payload: number): number {
  const frame = FRAME_HEADER_BYTES + payload
  return frame + NOISE_OVERHEAD_BYTES * Math.ceil(frame / NOISE_PAYLOAD_BYTES_MAX)
}

/** A message as protobuf in an RPC with its length in front. */
function rpcBytes({ topic, data }: SentMessage): number {
  const message = field(data?.length ?? 0) + field(topic.length)
  const rpc = field(message)
  return rpc + varintBytes(rpc)
}

/** Tag, length and content. */
function field(bytes: number): number {
  return 1 + varintBytes(bytes) + bytes
}

function varintBytes(value: number): number {
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4
}
