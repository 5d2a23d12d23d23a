/**
 * The heavy arithmetic of a round as jobs: what goes in, what comes out. Vectors stay where the jobs run (the vault of
 * the daemon or of the simulator); the state machine handles only their hashes.
 *
 * @module
 */

import { addDiscreteGaussian } from '../../crypto/discrete-gaussian.ts'
import { clamp } from '../../crypto/fixed-point.ts'
import { sha256 } from '../../crypto/hash.ts'
import { agree } from '../../crypto/key-agreement.ts'
import { type Chunk, chunkLayout } from '../../crypto/layout.ts'
import { merkleRoot } from '../../crypto/merkle.ts'
import { addInto, toBytes } from '../../crypto/ring.ts'
import type { Rng } from '../../crypto/rng.ts'
import { derivePairKey, deriveSelfKey, maskInto, pairSign, unmaskSelfInto } from '../../crypto/zero-sum-masks.ts'
import type { Binding, Evidence } from '../evidence/evidence.ts'
import type { Member } from '../roster/roster.ts'
import type { Noising } from '../study/noise.ts'

export type RoundJob =
  /** draw (or load, after a restart) the round's ephemeral key and root, durably */
  | { readonly kind: 'prepare'; readonly round: number }
  /** `again`: our MANIFEST is out, so that only the very vector which it commits to will do */
  | { readonly kind: 'mask'; readonly round: number; readonly session: Session; readonly again: boolean }
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
  /** the fingerprint of one contributor's opened vector; of another's, once all its parts are here */
  | {
      readonly kind: 'fingerprint'
      readonly round: number
      readonly session: Session
      readonly challenge: Uint8Array
      readonly member: Member
      readonly selfKey: Uint8Array
    }
  /** every sum and fingerprint again, from everybody's parts: somebody lies, and this shows who */
  | {
      readonly kind: 'audit'
      readonly round: number
      readonly session: Session
      readonly selfKeys: ReadonlyMap<Member, Uint8Array>
      readonly claims: Claims
    }
  | {
      readonly kind: 'apply'
      readonly round: number
      readonly session: Session
      /** hex hash of each filled chunk's sum, in order */
      readonly sums: readonly string[]
      /** what the sums must agree with; null when we worked them out ourselves */
      readonly fingerprints: Fingerprints | null
    }

/** Everybody's fingerprints under one challenge. */
export interface Fingerprints {
  readonly challenge: Uint8Array
  /** 256 bytes each */
  readonly sums: readonly Uint8Array[]
}

/** The signed envelopes that an audit holds people to. */
export interface Claims {
  readonly open: Uint8Array
  /** in P's order, like the releases */
  readonly manifests: readonly Uint8Array[]
  readonly releases: readonly Uint8Array[]
  readonly sums: readonly {
    readonly chunk: number
    readonly member: Member
    readonly hash: Uint8Array
    readonly wire: Uint8Array
    /** what the owner was bound to add up */
    readonly bound: Binding
  }[]
  readonly fingerprints: readonly {
    readonly member: Member
    readonly challenge: Uint8Array
    readonly sums: Uint8Array
    readonly wire: Uint8Array
  }[]
}

export type RoundOutput =
  | { readonly kind: 'prepare'; readonly key: Uint8Array }
  | { readonly kind: 'mask'; readonly sid: string; readonly root: Uint8Array; readonly commitment: Uint8Array }
  | { readonly kind: 'reveal'; readonly sid: string; readonly key: Uint8Array }
  | { readonly kind: 'sum'; readonly sid: string; readonly attempt: number; readonly hash: Uint8Array }
  | {
      readonly kind: 'fingerprint'
      readonly sid: string
      readonly challenge: Uint8Array
      readonly member: Member
      readonly sums: Uint8Array
    }
  /** the true hash of every filled chunk's sum, and who claimed otherwise */
  | {
      readonly kind: 'audit'
      readonly sid: string
      readonly sums: readonly Uint8Array[]
      readonly evidence: readonly { readonly accused: Member; readonly code: string; readonly proof: Evidence }[]
    }
  /** the sums are not those of what the contributors put in */
  | { readonly kind: 'mismatch'; readonly sid: string; readonly challenge: Uint8Array }
  | { readonly kind: 'apply'; readonly sid: string; readonly sum: Uint8Array; readonly checkpoint: Uint8Array }
  | { readonly kind: 'failed'; readonly job: RoundJob['kind']; readonly code: string; readonly reason: string }

/** What a job must know of an opening, as plain data that crosses to a worker. */
export interface Session {
  readonly sid: Uint8Array
  readonly self: Member
  readonly members: readonly Member[]
  /** raw PeerId of each contributor */
  readonly ids: ReadonlyMap<Member, Uint8Array>
  readonly owners: number
  readonly keys: ReadonlyMap<Member, Uint8Array>
}

export interface MaskInput {
  /** this round's clipped, quantised sum; clamped and noised on a copy */
  readonly update: Int32Array
  readonly session: Session
  readonly secret: Uint8Array
  readonly root: Uint8Array
  readonly noise: Noising
  /** X25519, unless a simulator brings something faster */
  readonly agree?: typeof agree
}

/** A copy of an update, clamped, then noised, in that order: clamping after the noise would void the privacy. */
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
