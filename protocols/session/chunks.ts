/** Chunks of an opening: their owners, and the digest that LOADED contains. @module */

import { TAG_LOADED } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { Chunk } from '../../crypto/layout.ts'
import type { Member } from '../roster/roster.ts'
import type { Opening } from './opening.ts'

/** Digest of the manifests whose parts of a chunk an owner claims to hold. */
export function loadedDigest(sid: Uint8Array, manifests: readonly Uint8Array[]): Uint8Array {
  return sha256(TAG_LOADED, sid, ...manifests)
}

/** The chunks that a member owns in this opening, without empty ones (a short vector with many owners has some). */
export function chunksOf(opening: Opening, member: Member): Chunk[] {
  return opening.chunks.filter(chunk => chunk.words > 0 && opening.owners[chunk.index] === member)
}

/** The chunks that hold words. */
export function filledChunks(opening: Opening): Chunk[] {
  return opening.chunks.filter(chunk => chunk.words > 0)
}

/** The chunk that the owner at an index sums at an attempt: first its own, then those of its predecessors. */
export function chunkAt(owners: number, place: number, attempt: number): number {
  return (((place - attempt) % owners) + owners) % owners
}
