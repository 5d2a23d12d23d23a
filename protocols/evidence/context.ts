/**
 * What a judge needs besides the evidence: the study document, and the roster that was in force.
 *
 * @module
 */

import { ProtocolError } from '../../crypto/errors.ts'
import type { OpeningContext } from '../aggregation/opening.ts'
import { createRoster, type Member, type Roster } from '../roster/roster.ts'
import { rememberingVerifier } from '../round/context.ts'
import { type StudyDocument, studyIdOf } from '../study/document.ts'
import { dimensionsOf, planStudy, quorumOf } from '../study/plan.ts'

/** Any `StepContext` is one. */
export interface EvidenceContext extends OpeningContext {
  /** words of the longest update */
  readonly dimension: number
  readonly quorum: number
}

/** What evidence proves, against whom. */
export interface Verdict {
  readonly accused: Member
  readonly code: string
}

/**
 * A judge's context.
 *
 * @param roster   the version that the evidence names: of the study document, unless it has changed since
 * @throws ProtocolError as `planStudy` and `studyIdOf`
 */
export function createJudge(
  document: StudyDocument,
  roster: Roster = createRoster(document.hospitals),
): EvidenceContext {
  const plan = planStudy(document)
  const { quorum } = quorumOf({ hospitals: roster.hospitals.length, profile: document.profile })
  const { contributorsMin } = plan
  return {
    study: studyIdOf(document),
    roster,
    verify: rememberingVerifier(),
    contributorsMin,
    quorum,
    ...dimensionsOf(plan),
  }
}

/** Evidence proves nothing unless this holds. @throws ProtocolError `bad-evidence` */
export function demand(condition: boolean, why: string): asserts condition {
  if (!condition) throw new ProtocolError('bad-evidence', why)
}

/** Whether two byte strings are the same. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
