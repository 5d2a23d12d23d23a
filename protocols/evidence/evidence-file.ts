/**
 * Evidence as a file, with everything that its verification needs besides the study document.
 *
 * It shows masked vectors, released self keys and signed messages of the accused and of those it harmed, all of which
 * every member of the round has seen. Pair masks stay secret, so nobody's update can be worked out from it.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../encoding/codec.ts'
import { bytesUpTo, uint32 } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'
import { same } from '../immutable.ts'
import { decodeEvidence, type Evidence, encodeEvidence } from '../messages/evidence.ts'
import { EVIDENCE_BYTES_MAX } from '../messages/limits.ts'
import type { StudyDocument } from '../study/types.ts'
import { rosterAfter } from '../transcript/certificate.ts'
import { decodeLink, encodeLink, type Link } from '../transcript/link.ts'
import { describeEvidence } from './describe.ts'
import { createJudge, demand, type Verdict } from './judge.ts'
import { verifyEvidence } from './verify.ts'

const VERSION = 1
/** Most changes of a roster in a file. */
const LINKS_MAX = 256
const LINK_BYTES_MAX = 256 << 10
/** The evidence and the few links that changed the roster before it. */
export const CASE_BYTES_MAX: number = EVIDENCE_BYTES_MAX + (16 << 20)

const CASE = z.strictObject({
  version: z.literal(VERSION),
  study: bytesUpTo(32),
  /** the round in which it was found; what the evidence is about says so itself */
  round: uint32,
  evidence: bytesUpTo(EVIDENCE_BYTES_MAX),
  /** the certified rounds that changed the roster until then, in order */
  links: z.array(bytesUpTo(LINK_BYTES_MAX)).max(LINKS_MAX),
})

export interface EvidenceFile {
  /** id of the study, 32 bytes */
  readonly study: Uint8Array
  readonly round: number
  readonly evidence: Evidence
  readonly links: readonly Link[]
}

/** The result of verification, with the accused by name. */
export interface Judgement extends Verdict {
  /** base58btc PeerId */
  readonly peer: string
  readonly name: string
  /** one paragraph */
  readonly description: string
}

/** The bytes of a case file: canonical CBOR. */
export function encodeEvidenceFile({ study, round, evidence, links }: EvidenceFile): Uint8Array {
  return encode({
    version: VERSION,
    study,
    round,
    evidence: encodeEvidence(evidence),
    links: links.map(encodeLink),
  })
}

/** @throws ProtocolError `bad-evidence` */
export function decodeEvidenceFile(bytes: Uint8Array): EvidenceFile {
  try {
    const parsed = CASE.safeParse(decode(bytes, CASE_BYTES_MAX))
    demand(parsed.success, 'not a file of evidence, or of another version')
    const { study, round, evidence, links } = parsed.data
    return { study, round, evidence: decodeEvidence(evidence), links: links.map(decodeLink) }
  } catch (cause) {
    if (!(cause instanceof ProtocolError) || cause.code === 'bad-evidence') throw cause
    throw new ProtocolError('bad-evidence', `not a file of evidence: ${cause.message}`, { cause })
  }
}

/**
 * Verifies an evidence file offline.
 *
 * @throws ProtocolError `bad-evidence` when it proves nothing against a hospital of this study, with the reason
 */
export function judgeEvidenceFile(document: StudyDocument, { study, evidence, links }: EvidenceFile): Judgement {
  try {
    const judge = createJudge(document, rosterAfter(document, links))
    demand(same(study, judge.study), 'it is about another study')
    const { accused, code } = verifyEvidence(evidence, judge)
    const peer = judge.roster.peers[accused] as string
    const name = judge.roster.hospitals[accused]?.name ?? ''
    return { accused, code, peer, name, description: describeEvidence(evidence, judge) }
  } catch (cause) {
    if (!(cause instanceof ProtocolError) || cause.code === 'bad-evidence') throw cause
    throw new ProtocolError('bad-evidence', `proves nothing: ${cause.message}`, { cause })
  }
}
