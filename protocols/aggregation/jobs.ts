/**
 * The heavy arithmetic of a round as jobs: what goes in, what comes out. Vectors stay where the jobs run (the vault of
 * the daemon or of the simulator); the state machine handles only their hashes.
 *
 * @module
 */

import { addDiscreteGaussian } from '../../crypto/discrete-gaussian.ts'
import { clamp, clampLimit, hospitalSigma } from '../../crypto/fixed-point.ts'
import { sha256 } from '../../crypto/hash.ts'
import { agree } from '../../crypto/key-agreement.ts'
import { type Chunk, chunkLayout } from '../../crypto/layout.ts'
import { merkleRoot } from '../../crypto/merkle.ts'
import { addInto, toBytes } from '../../crypto/ring.ts'
import type { Rng } from '../../crypto/rng.ts'
import { derivePairKey, deriveSelfKey, maskInto, pairSign, unmaskSelfInto } from '../../crypto/zero-sum-masks.ts'
import type { Member } from '../roster/roster.ts'

export type RoundJob =
  /** draw (or load, after a restart) the round's ephemeral key and root, durably */
  | { readonly kind: 'prepare'; readonly round: number }
  | { readonly kind: 'mask'; readonly round: number; readonly session: Session }
  /** our self key, once the session is certified */
  | { readonly kind: 'reveal'; readonly round: number; readonly session: Session }
  | {
      readonly kind: 'sum'
      readonly round: number
      readonly session: Session
      readonly attempt: number
      readonly chunk: number
      readonly selfKeys: ReadonlyMap<Member, Uint8Array>
    }
  | {
      readonly kind: 'apply'
      readonly round: number
      readonly session: Session
      /** hex hash of each filled chunk's sum, in order */
      readonly sums: readonly string[]
    }

export type RoundOutput =
  | { readonly kind: 'prepare'; readonly key: Uint8Array }
  | { readonly kind: 'mask'; readonly sid: string; readonly root: Uint8Array; readonly commitment: Uint8Array }
  | { readonly kind: 'reveal'; readonly sid: string; readonly key: Uint8Array }
  | { readonly kind: 'sum'; readonly sid: string; readonly attempt: number; readonly hash: Uint8Array }
  | { readonly kind: 'apply'; readonly sid: string; readonly sum: Uint8Array; readonly checkpoint: Uint8Array }
  | { readonly kind: 'failed'; readonly job: RoundJob['kind']; readonly code: string; readonly reason: string }

/** What a job must know of an opening, as plain data that crosses to a worker. */
export interface Session {
  readonly sid: Uint8Array
  readonly members: readonly Member[]
  readonly owners: number
  readonly keys: ReadonlyMap<Member, Uint8Array>
}

export interface MaskInput {
  /** this round's clipped, quantised sum; clamped and noised on a copy */
  readonly update: Int32Array
  readonly session: Session
  readonly self: Member
  /** raw PeerIds by member */
  readonly ids: readonly Uint8Array[]
  readonly secret: Uint8Array
  readonly root: Uint8Array
  readonly noise: { readonly noiseMultiplier: number; readonly sensitivity: number; readonly colluders: number }
}

/**
 * y_i: clamp, then noise, then masks, in that order; clamping after the noise would void the privacy.
 *
 * @throws CryptoError `low-order-key` when a contributor's key is unusable
 */
export function maskUpdate({ update, session, self, ids, secret, root, noise }: MaskInput, rng: Rng): Uint32Array {
  const contributors = session.members.length
  const sigma = hospitalSigma({ ...noise, contributors })
  const noised = Int32Array.from(update)
  clamp(noised, clampLimit({ contributors, sigma }))
  if (sigma > 0) addDiscreteGaussian(noised, sigma, rng)
  const words = new Uint32Array(noised.buffer)
  const own = ids[self] as Uint8Array
  const pairs = session.members
    .filter(member => member !== self)
    .map(member => ({
      key: derivePairKey({
        shared: agree(secret, session.keys.get(member) as Uint8Array),
        sid: session.sid,
        a: own,
        b: ids[member] as Uint8Array,
      }),
      sign: pairSign(own, ids[member] as Uint8Array),
    }))
  maskInto(words, { selfKey: deriveSelfKey({ root, sid: session.sid, id: own }), pairs })
  return words
}

/** SHA-256 of each filled chunk of a masked vector: the leaves of its manifest. */
export function chunkHashes(masked: Uint32Array, owners: number): Uint8Array[] {
  return filled(masked.length, owners).map(({ start, words }) => sha256(toBytes(masked.subarray(start, start + words))))
}

/** The Merkle root that a manifest commits to. */
export function manifestRoot(masked: Uint32Array, owners: number): Uint8Array {
  return merkleRoot(chunkHashes(masked, owners))
}

function filled(dimension: number, owners: number): Chunk[] {
  return chunkLayout(dimension, owners).filter(chunk => chunk.words > 0)
}

/**
 * S[c] = Σ y_i[c] − G(κ_i)[c] mod 2^32 over all contributors.
 *
 * @param parts each contributor's masked chunk and released self key
 * @param start the chunk's first word in the vector
 */
export function sumChunk(
  parts: readonly { readonly masked: Uint32Array; readonly selfKey: Uint8Array }[],
  start: number,
): Uint32Array {
  const sum = new Uint32Array(parts[0]?.masked.length ?? 0)
  for (const { masked, selfKey } of parts) {
    addInto(sum, masked)
    unmaskSelfInto(sum, selfKey, start)
  }
  return sum
}
