/**
 * Noising and masking of an update, and the hashes that its manifest commits to. Vectors stay where the jobs run (the
 * vault of the daemon or of the simulator); the state machine handles only their hashes.
 *
 * @module
 */

import { clamp } from '../../crypto/fixed-point.ts'
import { sha256 } from '../../crypto/hash.ts'
import { agree } from '../../crypto/key-agreement.ts'
import { type Chunk, chunkLayout } from '../../crypto/layout.ts'
import { merkleRoot } from '../../crypto/merkle.ts'
import { addDiscreteGaussian } from '../../crypto/noise/discrete-gaussian.ts'
import { toBytes } from '../../crypto/ring.ts'
import type { Rng } from '../../crypto/rng.ts'
import { derivePairKey, deriveSelfKey, maskInto, pairSign } from '../../crypto/zero-sum-masks.ts'
import type { Noising } from '../study/noise/mode.ts'
import type { Session } from './jobs.ts'

export interface MaskInput {
  /** this round's clipped, quantised sum; clamped and noised on a copy */
  readonly update: Int32Array
  readonly session: Session
  readonly secret: Uint8Array
  readonly root: Uint8Array
  readonly noise: Noising
  /** X25519 by default; a simulator may pass a faster function */
  readonly agree?: typeof agree
}

/** A copy of an update, first clamped, then noised: clamping after the noise would void the privacy. */
export function noisedUpdate(update: Int32Array, { limit, sigma }: Noising, rng: Rng): Int32Array {
  const noised = Int32Array.from(update)
  clamp(noised, limit)
  if (sigma > 0) addDiscreteGaussian(noised, sigma, rng)
  return noised
}

/**
 * y_i: the noised update under its masks.
 *
 * @throws CryptoError `low-order-key` when a contributor's key is unusable
 */
export function maskUpdate(input: MaskInput, rng: Rng): Uint32Array {
  const { update, session, secret, root, noise } = input
  const { self, ids } = session
  const words = new Uint32Array(noisedUpdate(update, noise, rng).buffer)
  const own = ids.get(self) as Uint8Array
  const pairs = session.members
    .filter(member => member !== self)
    .map(member => ({
      key: derivePairKey({
        shared: (input.agree ?? agree)(secret, session.keys.get(member) as Uint8Array),
        sid: session.sid,
        a: own,
        b: ids.get(member) as Uint8Array,
      }),
      sign: pairSign(own, ids.get(member) as Uint8Array),
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
