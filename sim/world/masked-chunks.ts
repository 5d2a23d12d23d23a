/** A hospital's masked vector as it is served: chunk by chunk, each with the proof that the manifest commits to it. @module */

import { chunkLayout } from '../../crypto/layout.ts'
import { merklePath } from '../../crypto/merkle.ts'
import { chunkHashes } from '../../protocols/secure-sum/masking.ts'
import type { SimulatedHospital } from './hospital.ts'

export interface ProvenChunk {
  readonly words: Uint32Array
  readonly hash: Uint8Array
  readonly path: readonly Uint8Array[]
}

export class MaskedChunks {
  /** the proven chunks of a masked vector; a vector belongs to one session, and so to one layout */
  readonly #known = new WeakMap<Uint32Array, { readonly owners: number; readonly chunks: readonly ProvenChunk[] }>()

  /** One of the hospital's masked chunks, or undefined when it has no such vector, or it no such chunk. */
  of(
    { vault }: SimulatedHospital,
    { round, sid, owners, chunk }: { round: number; sid: string; owners: number; chunk: number },
  ): ProvenChunk | undefined {
    const masked = vault.masked(round, sid)
    if (masked === undefined || owners < 1) return undefined
    let known = this.#known.get(masked)
    if (known?.owners !== owners) {
      known = { owners, chunks: prove(masked, owners) }
      this.#known.set(masked, known)
    }
    return known.chunks[chunk]
  }
}

function prove(masked: Uint32Array, owners: number): ProvenChunk[] {
  const hashes = chunkHashes(masked, owners)
  return chunkLayout(masked.length, owners)
    .filter(({ words }) => words > 0)
    .map(({ start, words }, index) => ({
      words: masked.slice(start, start + words),
      hash: hashes[index] as Uint8Array,
      path: merklePath(hashes, index),
    }))
}
