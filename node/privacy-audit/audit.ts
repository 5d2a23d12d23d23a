/**
 * A privacy audit of a study by attacks: a lower bound on ε beside the claimed one, membership inference, and gradient
 * inversion.
 *
 * @module
 */

import type { Rng } from '../../crypto/rng.ts'
import { type Epsilons, plannedEpsilons } from '../../protocols/study/epsilons.ts'
import { trainingRounds, withRounds } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { Backend } from '../training/backend.ts'
import type { ModelState } from '../training/trainer.ts'
import { auditCanaries, type CanaryAudit } from './canary.ts'
import { auditInversion, type InversionAudit } from './inversion.ts'
import {
  auditFinalModel,
  auditMembership,
  type FinalModelAudit,
  type MembershipAudit,
  TARGETS_MIN,
} from './membership.ts'
import { deal, trainedPart } from './records.ts'

export interface AuditInit {
  readonly document: StudyDocument
  readonly dataset: Dataset
  readonly backend: Backend
  /** for coins, samples and noise; cryptographically secure */
  readonly rng: Rng
}

export interface AuditChoices {
  readonly canaries: number
  /** shadow models of each membership attack; an even number */
  readonly shadows: number
  /** rounds to rehearse, at most */
  readonly roundsMax: number
  /** a finished study's model, records that it was trained on, and other records */
  readonly final: { readonly model: ModelState; readonly members: Dataset; readonly others: Dataset } | null
  /** called before each step with its description */
  readonly progress: (step: string) => void
}

export interface StudyAudit {
  /** as rehearsed, perhaps with fewer rounds */
  readonly document: StudyDocument
  readonly records: number
  /** after the rehearsed rounds, every hospital contributing */
  readonly claimed: Epsilons
  readonly canary: CanaryAudit
  /** null where there are too few records */
  readonly membership: MembershipAudit | null
  readonly inversion: InversionAudit | null
  readonly final: FinalModelAudit | null
  /** whether the canary audit refutes the claim */
  readonly refuted: boolean
}

/**
 * Audits a study on records that fit it.
 *
 * @throws OperatorError `dataset-mismatch` (exit code 11); ProtocolError `diverged`
 */
export function auditStudy({ document, dataset, backend, rng }: AuditInit, choices: AuditChoices): StudyAudit {
  const { canaries, shadows, roundsMax, final, progress } = choices
  const rounds = Math.min(trainingRounds(document), roundsMax)
  const rehearsed = withRounds(document, rounds)
  const init = { document: rehearsed, dataset, backend, rng }
  const hospitals = document.hospitals.length
  progress(`rehearsing ${rounds} rounds of ${hospitals} hospitals with canaries`)
  const part = trainedPart(rehearsed, dataset)
  const parts = deal(part.document.unit, part.records, { hospitals, rng })
  const canary = auditCanaries({ document: part.document, parts, backend, rng }, { canaries })
  progress('inverting updates')
  const inversion = auditInversion(init)
  let model = 0
  const trained = () => progress(`membership: ${++model} of ${2 * (shadows + 2)} models trained`)
  const membership = dataset.count < TARGETS_MIN ? null : auditMembership(init, { shadows, trained })
  return {
    document: rehearsed,
    records: dataset.count,
    claimed: plannedEpsilons(rehearsed, { contributors: hospitals }),
    ...{ canary, membership, inversion },
    final: final === null ? null : auditFinalModel({ document, backend, ...final }),
    refuted: canary.findings.some(({ refuted }) => refuted),
  }
}
