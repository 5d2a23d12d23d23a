/**
 * What travels between simulated hospitals. Everything that leaves one is one of these, and passes `Network.send`.
 *
 * @module
 */

import type { Wanted } from '../../protocols/round/effects.ts'

export type Packet =
  /** asks whether the other end is there, or says so; epoch tells one life of a process from the next */
  | { readonly kind: 'hello'; readonly answer: boolean; readonly epoch: number }
  /** one signed envelope, pushed */
  | { readonly kind: 'gossip'; readonly bytes: Uint8Array }
  /** the mesh's own talk: "I have this message, do not send it to me" */
  | { readonly kind: 'dont-want'; readonly bytes: Uint8Array }
  /** a masked chunk on its way to its owner, behind the manifest that commits to it */
  | {
      readonly kind: 'chunk'
      readonly round: number
      readonly sid: string
      readonly chunk: number
      readonly manifest: Uint8Array
      readonly path: readonly Uint8Array[]
      readonly words: Uint32Array
    }
  /** its owner's signed "I hold it" */
  | {
      readonly kind: 'receipt'
      readonly round: number
      readonly sid: string
      readonly chunk: number
      readonly receipt: Uint8Array
    }
  /** anti-entropy: what the asker holds; what it lacks; what the answerer lacks */
  | { readonly kind: 'summary' | 'fill' | 'push'; readonly bytes: Uint8Array; readonly ticket: number }
  /** a question by hash, or for a masked chunk */
  | {
      readonly kind: 'pull'
      readonly round: number
      readonly wanted: Wanted
      /** of the session that a chunk belongs to: its layout follows from it */
      readonly owners: number
      readonly ticket: number
    }
  /** what was asked for, little-endian where it is words; null when it is not here */
  | {
      readonly kind: 'pulled'
      readonly round: number
      readonly wanted: Wanted
      readonly bytes: Uint8Array | null
      readonly path: readonly Uint8Array[]
      readonly ticket: number
    }

export const PACKET_KINDS = [
  'hello',
  'gossip',
  'dont-want',
  'chunk',
  'receipt',
  'summary',
  'fill',
  'push',
  'pull',
  'pulled',
] as const satisfies readonly Packet['kind'][]
export type PacketKind = Packet['kind']

/** Headers of a stream's frames: length prefixes, a hash, a few small fields. */
const FRAME_BYTES = 48
/** A hello names the study and some addresses. */
const HELLO_BYTES = 200
/** protobuf around gossiped data: tags, lengths and the topic of 28 bytes */
const GOSSIP_BYTES = 38
/** protobuf around the one 32-byte id of an IDONTWANT */
const DONT_WANT_BYTES = 8

/** Bytes on the wire, before encryption. */
export function sizeOf(packet: Packet): number {
  switch (packet.kind) {
    case 'hello':
      return HELLO_BYTES
    case 'gossip':
      return packet.bytes.length + GOSSIP_BYTES
    case 'dont-want':
      return packet.bytes.length + DONT_WANT_BYTES
    case 'chunk':
      return packet.words.byteLength + packet.manifest.length + 34 * packet.path.length + FRAME_BYTES
    case 'receipt':
      return packet.receipt.length + 4
    case 'summary':
    case 'fill':
    case 'push':
      return packet.bytes.length + 4
    case 'pull':
      return 2 * FRAME_BYTES
    case 'pulled':
      return (packet.bytes?.length ?? 0) + 34 * packet.path.length + FRAME_BYTES
  }
}
