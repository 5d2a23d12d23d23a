/**
 * The context that verification of evidence needs (the study document, and the roster in force), and the interface of a
 * kind of evidence.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import type { Evidence } from '../messages/evidence.ts'
import { rememberingVerifier } from '../messages/verifier.ts'
import { createRoster, type Member, type Roster } from '../roster/roster.ts'
import type { OpeningContext } from '../session/opening.ts'
import { studyIdOf } from '../study/document.ts'
import { dimensionsOf, planStudy } from '../study/plan.ts'
import { quorumOf } from '../study/quorum.ts'
import type { StudyDocument } from '../study/types.ts'

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

/** One kind of evidence: what it proves, and its sentence for an operator. */
export interface EvidenceKind<E extends Evidence = Evidence> {
  /**
   * The hospital that the evidence proves guilty, and the fault.
   *
   * @throws ProtocolError `bad-evidence` when it proves nothing, or whatever a message in it is refused for
   */
  judge(evidence: E, context: EvidenceContext): Verdict
  /**
   * What the accused did and why an honest node does not, for an operator; the sentence starts with its verb.
   *
   * @param evidence  that `judge` has accepted
   * @param code      of that verdict
   */
  deed(evidence: E, context: EvidenceContext, code: string): string
}

/**
 * Creates the context for evidence under one version of the roster.
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
    document,
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
