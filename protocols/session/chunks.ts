/** Chunks of an opening: who owns which words, and the digest that LOADED names. @module */

import { TAG_LOADED } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { Chunk } from '../../crypto/layout.ts'
import type { Member } from '../roster/roster.ts'
import type { Opening } from './opening.ts'

/** What an owner claims to hold: one chunk of exactly these manifests. */
export function loadedDigest(sid: Uint8Array, manifests: readonly Uint8Array[]): Uint8Array {
  return sha256(TAG_LOADED, sid, ...manifests)
}

/** The chunks that a member owns in this opening, leaving out empty ones (a short vector and many owners). */
export function chunksOf(opening: Opening, member: Member): Chunk[] {
  return opening.chunks.filter(chunk => chunk.words > 0 && opening.owners[chunk.index] === member)
}

/** The chunks that hold words. */
export function filledChunks(opening: Opening): Chunk[] {
  return opening.chunks.filter(chunk => chunk.words > 0)
}

/** The chunk that the owner in a place stands in for at an attempt: its own first, then its predecessors'. */
export function chunkAt(owners: number, place: number, attempt: number): number {
  return (((place - attempt) % owners) + owners) % owners
}
