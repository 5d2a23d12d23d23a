/**
 * Recomputes the sums and fingerprints of a session from all contributors' masked parts, and makes evidence against the
 * members that signed other values.
 *
 * @module
 */

import { fingerprint } from '../../crypto/fingerprint.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { Chunk } from '../../crypto/layout.ts'
import { merklePath } from '../../crypto/merkle.ts'
import { addInto, toBytes } from '../../crypto/ring.ts'
import { addUnmasked, unmaskSelfInto } from '../../crypto/zero-sum-masks.ts'
import { same } from '../immutable.ts'
import type { Evidence } from '../messages/evidence.ts'
import type { Member } from '../roster/roster.ts'
import type { Claims, RoundJob, RoundOutput } from './jobs.ts'

type Audit = Extract<RoundOutput, { kind: 'recompute' }>
type Accusation = Audit['evidence'][number]

/** All masked chunks of one contributor, in order. */
export interface Contribution {
  readonly member: Member
  readonly selfKey: Uint8Array
  readonly parts: readonly Uint32Array[]
}

/**
 * The fingerprint of one contributor's vector without its self mask.
 *
 * @param chunks the filled chunks that `parts` are
 * @returns 256 bytes
 */
export function fingerprintParts(
  { parts, selfKey }: Pick<Contribution, 'parts' | 'selfKey'>,
  { chunks, challenge }: { chunks: readonly Chunk[]; challenge: Uint8Array },
): Uint8Array {
  const sums = new Uint32Array(64)
  for (const [at, { start }] of chunks.entries()) {
    const words = (parts[at] as Uint32Array).slice()
    unmaskSelfInto(words, selfKey, start)
    addInto(sums, fingerprint(words, challenge, start))
  }
  return toBytes(sums)
}

/**
 * Recomputes a session and compares it with the signed claims.
 *
 * @param contributions in P's order
 * @param putSum        keeps the true sum of a chunk: hash and bytes
 */
export function auditSession(
  { session, claims }: Extract<RoundJob, { kind: 'recompute' }>,
  { contributions, chunks }: { contributions: readonly Contribution[]; chunks: readonly Chunk[] },
  putSum: (hash: Uint8Array, bytes: Uint8Array) => void,
): Audit {
  const sums = chunks.map(({ start }, at) => {
    const parts = contributions.map(({ parts, selfKey }) => ({ masked: parts[at] as Uint32Array, selfKey }))
    const bytes = toBytes(addUnmasked(parts, start))
    const hash = sha256(bytes)
    putSum(hash, bytes)
    return hash
  })
  const evidence = [
    ...falseSums(claims, { sums, contributions, chunks }),
    ...falseFingerprints(claims, { contributions, chunks }),
  ]
  return { kind: 'recompute', sid: Buffer.from(session.sid).toString('hex'), sums, evidence }
}

function leavesOf({ parts }: Contribution): Uint8Array[] {
  return parts.map(part => sha256(toBytes(part)))
}

function falseSums(
  { open, manifests, releases, sums: claimed }: Claims,
  {
    sums,
    contributions,
    chunks,
  }: { sums: readonly Uint8Array[]; contributions: readonly Contribution[]; chunks: readonly Chunk[] },
): Accusation[] {
  const accusations: Accusation[] = []
  for (const { chunk, hash, member, wire, bound } of claimed) {
    const at = chunks.findIndex(({ index }) => index === chunk)
    if (at < 0 || same(hash, sums[at] as Uint8Array)) continue
    const parts = contributions.map(contribution => ({
      words: toBytes(contribution.parts[at] as Uint32Array),
      path: merklePath(leavesOf(contribution), at),
    }))
    const proof: Evidence = { kind: 'false-sum', open, manifests, releases, bound, sum: wire, parts }
    accusations.push({ accused: member, code: 'false-sum', proof })
  }
  return accusations
}

function falseFingerprints(
  { open, manifests, releases, fingerprints }: Claims,
  { contributions, chunks }: { contributions: readonly Contribution[]; chunks: readonly Chunk[] },
): Accusation[] {
  const accusations: Accusation[] = []
  for (const { member, challenge, sums, wire } of fingerprints) {
    const place = contributions.findIndex(contribution => contribution.member === member)
    const contribution = contributions[place]
    if (contribution === undefined || same(sums, fingerprintParts(contribution, { chunks, challenge }))) continue
    const proof: Evidence = {
      kind: 'false-fingerprint',
      open,
      manifest: manifests[place] as Uint8Array,
      release: releases[place] as Uint8Array,
      fingerprint: wire,
      chunks: contribution.parts.map(part => toBytes(part)),
    }
    accusations.push({ accused: member, code: 'false-fingerprint', proof })
  }
  return accusations
}
