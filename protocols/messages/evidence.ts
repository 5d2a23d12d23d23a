/**
 * Proof of misbehaviour: a message that a hospital signed, and what shows that an honest hospital would not have signed
 * it. Anyone with the study document can verify it, years later and without a network.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../encoding/codec.ts'
import { bytesUpTo, record } from '../encoding/fields.ts'
import { printable } from '../encoding/printable.ts'
import { ProtocolError } from '../errors.ts'
import type { Immutable } from '../immutable.ts'
import type { Roster } from '../roster/roster.ts'
import { smallEnvelope, smallEnvelopes, valueBytes } from './fields.ts'
import {
  CONTRIBUTORS_MIN,
  EVIDENCE_BYTES_MAX,
  EVIDENCE_MESSAGES_BYTES_MAX,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  PATH_LENGTH_MAX,
} from './limits.ts'

const wire = bytesUpTo(MESSAGE_BYTES_MAX)
const words = bytesUpTo(EVIDENCE_BYTES_MAX)
const path = z.array(bytesUpTo(32)).max(PATH_LENGTH_MAX)

/**
 * Shows which manifests an owner's sum is of, because a faulty contributor may sign two: the owner's own LOADED message.
 * An owner whose own chunk is empty signs none; in its place stand a quorum's precommits for the COMMIT value.
 */
const BINDING = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('loaded'), wire: smallEnvelope }),
  z.strictObject({ kind: z.literal('certificate'), value: valueBytes, precommits: smallEnvelopes }),
])

/** All messages are envelopes, as received. */
const EVIDENCE = z.discriminatedUnion('kind', [
  /** two different messages of one signer for one slot of a round */
  z.strictObject({ kind: z.literal('equivocation'), first: wire, second: wire }),
  /** one message that no honest peer signs, whatever messages it received */
  z.strictObject({ kind: z.literal('invalid'), wire }),
  /** a RELEASE whose key does not open the commitment of its signer's MANIFEST */
  z.strictObject({ kind: z.literal('false-release'), manifest: smallEnvelope, release: smallEnvelope }),
  /**
   * a CHUNK-SUM that differs from the sum of the chunks that its owner held; manifests, releases and parts in the order
   * of the contributors
   */
  z.strictObject({
    kind: z.literal('false-sum'),
    open: wire,
    manifests: smallEnvelopes,
    releases: smallEnvelopes,
    bound: BINDING,
    sum: smallEnvelope,
    /** masked chunks, little-endian words, with their paths in the Merkle trees that the manifests commit to */
    parts: z.array(record({ words, path })).max(MEMBERS_MAX),
  }),
  /** a FINGERPRINT that differs from that of its signer's own vector; all its masked chunks, in order */
  z.strictObject({
    kind: z.literal('false-fingerprint'),
    open: wire,
    manifest: smallEnvelope,
    release: smallEnvelope,
    fingerprint: smallEnvelope,
    chunks: z.array(words).max(MEMBERS_MAX),
  }),
  /** a MISSING that names a contributor to whom its signer has given a receipt (receipt.ts) for that very chunk */
  z.strictObject({ kind: z.literal('false-missing'), missing: wire, receipt: smallEnvelope }),
])

export type Evidence = Immutable<z.infer<typeof EVIDENCE>>
export type EvidenceOf<K extends Evidence['kind']> = Extract<Evidence, { kind: K }>
export type Binding = Immutable<z.infer<typeof BINDING>>
export type MaskedPart = EvidenceOf<'false-sum'>['parts'][number]

/**
 * The largest evidence of a study: one chunk of every hospital, which is up to the whole vector of each where few
 * hospitals own chunks.
 *
 * @param dimension   d, words
 * @returns bytes
 */
export function evidenceBytesMax({
  dimension,
  roster,
}: {
  readonly dimension: number
  readonly roster: Roster
}): number {
  const hospitals = Math.max(roster.hospitals.length, CONTRIBUTORS_MIN)
  return Math.min(EVIDENCE_BYTES_MAX, EVIDENCE_MESSAGES_BYTES_MAX + 4 * dimension * hospitals)
}

/** The wire form: canonical CBOR. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  return encode(evidence)
}

/**
 * Decodes evidence from another peer. Only its form is checked; `verifyEvidence` checks whether it proves anything.
 *
 * @param bytesMax   `evidenceBytesMax` of the study
 * @throws ProtocolError `bad-evidence`
 */
export function decodeEvidence(bytes: Uint8Array, bytesMax: number = EVIDENCE_BYTES_MAX): Evidence {
  let value: unknown
  try {
    value = decode(bytes, bytesMax)
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new ProtocolError('bad-evidence', `not evidence: ${cause.message}`, { cause })
  }
  const parsed = EVIDENCE.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ProtocolError('bad-evidence', printable(`not evidence: ${issue?.path.join('.')}: ${issue?.message}`))
}
