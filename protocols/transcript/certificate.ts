/**
 * What proves a checkpoint to anybody who has the study document: the certified rounds that changed the roster, and the
 * certified RESULT that names the checkpoint's hash.
 *
 * @module
 */

import { z } from 'zod'
import { verifyEnvelope } from '../../crypto/envelope.ts'
import { decode, encode } from '../encoding/codec.ts'
import { bytesUpTo, record } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'
import type { MessageContext } from '../messages/messages.ts'
import { decodeResultValue, type ResultValue } from '../messages/result-value.ts'
import { applyChange, decodeChange } from '../roster/change.ts'
import { createRoster, type Roster } from '../roster/roster.ts'
import { studyIdOf } from '../study/document.ts'
import { quorumOf } from '../study/quorum.ts'
import { firstRound } from '../study/rounds.ts'
import type { StudyDocument } from '../study/types.ts'
import { decodeLink, encodeLink, type Link, verifyLink } from './link.ts'

const VERSION = 1
/** Most changes of a roster. */
const CHANGES_MAX = 256
const LINK_BYTES_MAX = 256 << 10
export const CERTIFICATE_BYTES_MAX: number = 16 << 20

const CERTIFICATE = record({
  version: z.literal(VERSION),
  changes: z.array(bytesUpTo(LINK_BYTES_MAX)).max(CHANGES_MAX),
  result: bytesUpTo(LINK_BYTES_MAX),
})

export interface CheckpointCertificate {
  /** the certified rounds that changed the roster before the result, in order */
  readonly changes: readonly Link[]
  readonly result: Link
}

/** What a certificate proves. */
export interface CertifiedResult {
  readonly round: number
  readonly value: Extract<ResultValue, { outcome: 'result' }>
  /** that the votes are of */
  readonly roster: Roster
  /** votes that certify it, at least */
  readonly quorum: number
}

/** Canonical CBOR. */
export function encodeCertificate({ changes, result }: CheckpointCertificate): Uint8Array {
  return encode({ version: VERSION, changes: changes.map(encodeLink), result: encodeLink(result) })
}

/** @throws ProtocolError `bad-certificate`, `bad-link` */
function decodeCertificate(bytes: Uint8Array): CheckpointCertificate {
  const parsed = CERTIFICATE.safeParse(decode(bytes, { bytesMax: CERTIFICATE_BYTES_MAX, stringMax: LINK_BYTES_MAX }))
  if (!parsed.success) throw bad('not a certificate of a checkpoint, or of another version')
  return { changes: parsed.data.changes.map(decodeLink), result: decodeLink(parsed.data.result) }
}

/**
 * Chooses from certified rounds, oldest first, those that prove the newest checkpoint; null where none has a result.
 */
export function certificateFrom(links: readonly Link[]): CheckpointCertificate | null {
  const results = links.flatMap(link => {
    const value = decodeResultValue(link.value)
    return value.outcome === 'result' ? [{ link, value }] : []
  })
  const last = results.pop()
  if (last === undefined) return null
  const changes = results.filter(({ value }) => value.change !== null).map(({ link }) => link)
  return { changes, result: last.link }
}

/**
 * The roster that certified changes lead to, each certified by a quorum of the roster before it.
 *
 * @throws ProtocolError as `verifyLink`; `bad-certificate` for a round that changed no roster
 */
export function rosterAfter(document: StudyDocument, changes: readonly Link[]): Roster {
  let roster = createRoster(document.hospitals)
  for (const link of changes) {
    const value = verifyLink(link, votersOf(document, roster))
    if (value.outcome !== 'result' || value.change === null) throw bad(`round ${link.round} has changed no roster`)
    roster = applyChange(document, roster, decodeChange(value.change))
  }
  return roster
}

/**
 * Verifies a certificate offline.
 *
 * @param bytes as `encodeCertificate` writes them
 * @throws ProtocolError with the reason
 */
export function verifyCertificate(document: StudyDocument, bytes: Uint8Array): CertifiedResult {
  const { changes, result } = decodeCertificate(bytes)
  const roster = rosterAfter(document, changes)
  const context = votersOf(document, roster)
  const value = verifyLink(result, context)
  if (value.outcome !== 'result') throw bad(`round ${result.round} has no result`)
  return { round: result.round, value, roster, quorum: context.quorum }
}

/** A certified round of a transcript, and the roster that has certified it. */
export interface VerifiedLink {
  readonly link: Link
  readonly value: ResultValue
  readonly roster: Roster
}

/**
 * Verifies all certified rounds of a study one after the other, each by a quorum of the roster that it had then.
 *
 * @param links oldest first, from the study's first round on without a gap
 * @throws ProtocolError as `verifyLink`; `bad-certificate` for a round that is not the one after the one before
 */
export function* verifyTranscript(document: StudyDocument, links: readonly Link[]): Generator<VerifiedLink> {
  let roster = createRoster(document.hospitals)
  let round = firstRound(document)
  for (const link of links) {
    if (link.round !== round) throw bad(`round ${link.round} stands where round ${round} belongs`)
    const value = verifyLink(link, votersOf(document, roster))
    yield { link, value, roster }
    if (value.outcome === 'result' && value.change !== null) {
      roster = applyChange(document, roster, decodeChange(value.change))
    }
    round++
  }
}

function votersOf(document: StudyDocument, roster: Roster): MessageContext & { readonly quorum: number } {
  const { quorum } = quorumOf({ hospitals: roster.hospitals.length, profile: document.profile })
  return { study: studyIdOf(document), roster, verify: verifyEnvelope, quorum }
}

function bad(reason: string): ProtocolError {
  return new ProtocolError('bad-certificate', reason)
}
