/**
 * Derives a study's plan from its document: quorum, fewest contributors, dimension, fixed point, and warnings.
 *
 * @module
 */

import { CryptoError } from '../../crypto/errors.ts'
import { ProtocolError } from '../errors.ts'
import { isDeltaLarge } from './delta.ts'
import { evaluationNorm, layoutOf } from './evaluation.ts'
import { EPSILON_WEAK, SAMPLE_RATE_ONE } from './limits.ts'
import { noiseModeOf } from './noise/list.ts'
import type { SumPlan } from './noise/mode.ts'
import { noiseOfSum, type SumNeeds, withFixedPoint } from './noise/noised-sums.ts'
import { statisticsShape } from './normalisation-kinds.ts'
import { dimensionOf, parameterSpecs } from './parameters.ts'
import { contributorsMinOf, quorumOf } from './quorum.ts'
import type { RoundKind } from './round-kind.ts'
import { mainKind, roundKind } from './rounds.ts'
import { tableLayout } from './table.ts'
import type { StudyDocument } from './types.ts'

/** The public divisor of a sum: the expected number of sampled records, never a private count. */
export function denominatorOf(document: StudyDocument): number {
  return (document.privacy.sampleRate / SAMPLE_RATE_ONE) * document.units
}

/** Words of an update, by the kind of round; 0 for a kind that the study does not have. */
export type Dimensions = Readonly<Record<RoundKind, number>>

/** The values that every peer derives identically from a study. It is itself the plan of its sums of training, or of a table. */
export interface StudyPlan extends SumPlan {
  /** plan of the statistics, in studies with a normalisation */
  statistics: SumPlan | null
  /** plan of an evaluation, in studies that have some */
  evaluation: SumPlan | null
  /** n */
  hospitals: number
  /** f: hospitals that may fail (crash profile: fall silent; byzantine profile: lie) without stopping the study */
  faulty: number
  /** q: number of votes that decide */
  quorum: number
  /** min|P|: fewest contributors of a round */
  contributorsMin: number
  /** the kinds of the rounds: see `roundKind` */
  schedule: StudyDocument['schedule']
  /** the public divisor of the opened sum */
  denominator: number
  /** sentences for the people who plan, inspect or approve the study */
  warnings: string[]
}

/**
 * Derives a study's plan.
 *
 * @param document one that `validateStudy` accepts
 * @throws ProtocolError `unsupported-privacy` when the noise does not fit into 32-bit words for every number of
 *   contributors; `unsupported-model`
 */
export function planStudy(document: StudyDocument): StudyPlan {
  const { privacy, profile } = document
  const hospitals = document.hospitals.length
  const contributorsMin = contributorsMinOf(privacy.colluders)
  const plan = {
    hospitals,
    ...quorumOf({ hospitals, profile }),
    contributorsMin,
    ...mainSum(document, contributorsMin),
    statistics: statisticsSum(document, contributorsMin),
    evaluation: evaluationSum(document, contributorsMin),
    schedule: document.schedule,
    denominator: denominatorOf(document),
  }
  return { ...plan, warnings: warningsOf(document, plan) }
}

/** The plan of the sums of a kind of round. Of kinds that the study does not have it is that of its main kind. */
export function sumOfKind(plan: StudyPlan, kind: RoundKind): SumPlan {
  return (kind === 'training' || kind === 'table' ? null : plan[kind]) ?? plan
}

/** The plan of the sums of one round. */
export function sumIn(plan: StudyPlan, round: number): SumPlan {
  return sumOfKind(plan, roundKind(plan, round))
}

/** Words of the updates of a study, by kind of round, and of the longest update. */
export function dimensionsOf(plan: StudyPlan): { dimensions: Dimensions; dimension: number } {
  const main = mainKind(plan)
  const dimensions = {
    training: main === 'training' ? plan.dimension : 0,
    statistics: plan.statistics?.dimension ?? 0,
    evaluation: plan.evaluation?.dimension ?? 0,
    table: main === 'table' ? plan.dimension : 0,
  }
  return { dimensions, dimension: Math.max(...Object.values(dimensions)) }
}

function mainSum(document: StudyDocument, contributorsMin: number): SumPlan {
  const { clippingNorm, noiseMultiplier, sampleRate, localSteps = 1 } = document.privacy
  const table = tableLayout(document)
  const dimension = table?.dimension ?? dimensionOf(parameterSpecs(document.model, document.contract))
  const sum = { dimension, noiseMultiplier, sampleRate, steps: localSteps }
  // one hospital may hold all units
  const valueMax = table === null ? 0 : document.units
  return fitted(document, sum, { clippingNorm, contributorsMin, valueMax })
}

function statisticsSum(document: StudyDocument, contributorsMin: number): SumPlan | null {
  const { normalisation, privacy } = document
  const shape = statisticsShape(document)
  if (normalisation === undefined || shape === null) return null
  const noiseMultiplier = noiseModeOf(privacy).isPrivate ? normalisation.noiseMultiplier : 0
  const { dimension, norm, valueMax } = shape
  const sum = { dimension, noiseMultiplier, sampleRate: SAMPLE_RATE_ONE, steps: 1 }
  // one hospital may hold all units
  return fitted(document, sum, { clippingNorm: norm, contributorsMin, valueMax })
}

function evaluationSum(document: StudyDocument, contributorsMin: number): SumPlan | null {
  const { contract, evaluation, privacy } = document
  const layout = layoutOf(document)
  if (evaluation === null || layout === null) return null
  const noiseMultiplier = noiseModeOf(privacy).isPrivate ? evaluation.noiseMultiplier : 0
  const sum = { dimension: layout.words, noiseMultiplier, sampleRate: SAMPLE_RATE_ONE, steps: 1 }
  // one hospital may hold all units, in one bin
  const needs = { clippingNorm: evaluationNorm(contract.classes.length), valueMax: evaluation.units }
  return fitted(document, sum, { ...needs, contributorsMin })
}

/** Chooses the fixed point, for every possible number of contributors. */
function fitted(
  { privacy, hospitals }: StudyDocument,
  sum: Omit<SumPlan, 'fixedPoint'>,
  needs: Omit<SumNeeds, 'contributorsMax'>,
): SumPlan {
  try {
    return withFixedPoint(privacy, sum, {
      ...needs,
      contributorsMax: Math.max(hospitals.length, needs.contributorsMin),
    })
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw noRoom(sum, hospitals.length, cause)
  }
}

/**
 * Checks that a running study has room for a number of hospitals; its scales are those that it was founded with.
 *
 * @throws ProtocolError `unsupported-privacy`
 */
export function requireRoom(document: StudyDocument, hospitals: number): void {
  const plan = planStudy(document)
  for (let contributors = plan.contributorsMin; contributors <= hospitals; contributors++) {
    if (noiseOfSum(document.privacy, plan, contributors).limit < 1) throw noRoom(plan, hospitals)
  }
}

function noRoom(sum: Omit<SumPlan, 'fixedPoint'>, hospitals: number, cause?: unknown): ProtocolError {
  const { noiseMultiplier, dimension, steps } = sum
  const local = steps > 1 ? ` at each of ${steps} local steps` : ''
  return new ProtocolError(
    'unsupported-privacy',
    `A noise multiplier of ${noiseMultiplier}${local} on ${dimension} numbers of ${hospitals} hospitals does not fit ` +
      'into 32-bit sums',
    { cause },
  )
}

function warningsOf(
  { copies, privacy, profile, units }: StudyDocument,
  plan: Pick<StudyPlan, 'hospitals' | 'faulty' | 'quorum' | 'contributorsMin' | 'denominator'>,
): string[] {
  const { hospitals, faulty, contributorsMin, quorum } = plan
  const warnings = [...noiseModeOf(privacy).warnings]
  if (profile === 'crash') {
    warnings.push(
      `Crash profile: up to ${faulty} of ${hospitals} hospitals may fall silent for the votes, but none may lie to ` +
        'the others; a round opens nothing about a hospital without its own release even so.',
    )
  }
  if (profile === 'crash' || contributorsMin > hospitals - faulty) {
    const count = contributorsMin === hospitals ? `all ${hospitals}` : `${contributorsMin} of the ${hospitals}`
    warnings.push(
      `A round needs ${count} hospitals alive and contributing (${privacy.colluders} tolerated colluders + 2, at ` +
        `least 3) and the votes of ${quorum}: below that, the study waits.`,
    )
  }
  if (copies > hospitals) {
    warnings.push(
      `The epsilon is promised for a patient known to ${copies} hospitals, and there are ${hospitals}: fewer copies need less noise.`,
    )
  }
  if (isDeltaLarge({ privacy, units })) {
    warnings.push(`delta ${privacy.delta} is above 1/(2 × ${units}), one over twice the units: choose a smaller one.`)
  }
  if (privacy.epsilon > EPSILON_WEAK) {
    warnings.push(`epsilon ${privacy.epsilon} is above ${EPSILON_WEAK}: a weak promise.`)
  }
  if (plan.denominator < 1) warnings.push('Fewer than one unit is expected in a round: raise sampleRate.')
  return warnings
}
