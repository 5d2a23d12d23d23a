/**
 * What follows from a study document: quorum, smallest round, dimension, fixed point, and the three epsilons.
 *
 * @module
 */

import { CryptoError, ProtocolError } from '../../crypto/errors.ts'
import {
  chooseFixedPoint,
  clampLimit,
  effectiveMultiplier,
  type FixedPoint,
  hospitalSigma,
} from '../../crypto/fixed-point.ts'
import { pldEpsilon } from '../../crypto/pld.ts'
import { denominatorOf } from '../round/checkpoint.ts'
import { EPSILON_WEAK, SAMPLE_RATE_ONE } from './constants.ts'
import type { StudyDocument } from './document.ts'
import { dimensionOf, parameterSpecs } from './parameters.ts'

/** Everything that a peer derives from a study, and derives alike. */
export interface StudyPlan {
  /** n */
  hospitals: number
  /** f: hospitals that may fail (crash profile: fall silent; byzantine profile: lie) without stopping the study */
  faulty: number
  /** q: votes that decide */
  quorum: number
  /** min|P|: no round has fewer contributors */
  contributorsMin: number
  /** d */
  dimension: number
  fixedPoint: FixedPoint
  /** the public constant that the opened sum is divided by */
  denominator: number
  /** sentences that whoever plans, shows or approves the study should read */
  warnings: string[]
}

/** f and q of a roster (secure-aggregation.md, "A round"). */
export function quorumOf({ hospitals, profile }: { hospitals: number; profile: StudyDocument['profile'] }): {
  faulty: number
  quorum: number
} {
  if (profile === 'crash') {
    return { faulty: Math.floor((hospitals - 1) / 2), quorum: Math.floor(hospitals / 2) + 1 }
  }
  const faulty = Math.floor((hospitals - 1) / 3)
  return { faulty, quorum: Math.floor((hospitals + faulty) / 2) + 1 }
}

/** t when the study's author does not choose one: max(1, min(⌈n/2⌉, n−f−2)). */
export function colludersDefault(roster: { hospitals: number; profile: StudyDocument['profile'] }): number {
  const { hospitals } = roster
  return Math.max(1, Math.min(Math.ceil(hospitals / 2), hospitals - quorumOf(roster).faulty - 2))
}

/** max(3, t + 2): two honest contributors hide each other from t colluding ones. */
export function contributorsMinOf(colluders: number): number {
  return Math.max(3, colluders + 2)
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
  const dimension = dimensionOf(parameterSpecs(document.model, document.data))
  const plan = {
    hospitals,
    ...quorumOf({ hospitals, profile }),
    contributorsMin,
    dimension,
    fixedPoint: fixedPointOf(document, { dimension, contributorsMin }),
    denominator: denominatorOf(document),
  }
  return { ...plan, warnings: warningsOf(document, plan) }
}

function fixedPointOf(
  { privacy, hospitals }: StudyDocument,
  { dimension, contributorsMin }: { dimension: number; contributorsMin: number },
): FixedPoint {
  const { clippingNorm, noiseMultiplier, colluders } = privacy
  try {
    const fixedPoint = chooseFixedPoint({ clippingNorm, dimension, noiseMultiplier, contributorsMin, colluders })
    const { sensitivity } = fixedPoint
    for (let contributors = contributorsMin; contributors <= hospitals.length; contributors++) {
      const sigma = hospitalSigma({ noiseMultiplier, sensitivity, contributors, colluders })
      if (clampLimit({ contributors, sigma }) < 1) throw new CryptoError('noise-too-large', `σ_h is ${sigma}`)
    }
    return fixedPoint
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new ProtocolError(
      'unsupported-privacy',
      `A noise multiplier of ${noiseMultiplier} on ${dimension} parameters does not fit into 32-bit sums`,
      { cause },
    )
  }
}

function warningsOf(
  { privacy, profile, data }: StudyDocument,
  plan: Pick<StudyPlan, 'hospitals' | 'faulty' | 'quorum' | 'contributorsMin' | 'denominator'>,
): string[] {
  const { hospitals, faulty, contributorsMin, quorum } = plan
  const warnings: string[] = []
  if (privacy.noise === 'off') warnings.push('The noise is off: this study protects nobody and is for tests only.')
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
  if (privacy.delta * data.records > 1) {
    warnings.push(`delta ${privacy.delta} is above 1/${data.records}, one over the records: choose a smaller one.`)
  }
  if (privacy.epsilon > EPSILON_WEAK) {
    warnings.push(`epsilon ${privacy.epsilon} is above ${EPSILON_WEAK}: a weak promise.`)
  }
  if (plan.denominator < 1) warnings.push('Fewer than one record is expected in a round: raise sampleRate.')
  return warnings
}

/** What may be learnt about one record, by whom; see privacy.md. */
export interface Epsilons {
  /** everyone who sees the model, if all contributors added their noise */
  model: number
  /** t hospitals that pool what they know: the study's target, and what is charged */
  colluding: number
  /** all other hospitals colluding */
  alone: number
}

/** What was charged, by the number of contributors, and what it comes to. */
export interface EpsilonAccount {
  readonly rounds: number
  /** Adds `times` charged rounds (1 unless given) with so many contributors. */
  charge(contributors: number, times?: number): void
  /** The epsilons so far, at the study's delta: 0 before the first round, Infinity without noise. */
  epsilons(): Epsilons
}

/**
 * Opens a study's account of the three epsilons, by its privacy loss distribution.
 *
 * @throws ProtocolError as `planStudy`; `charge` throws CryptoError `out-of-range` for fewer contributors than t + 1
 */
export function createEpsilonAccount(document: StudyDocument): EpsilonAccount {
  const { fixedPoint } = planStudy(document)
  const { delta, noise } = document.privacy
  const sampleRate = document.privacy.sampleRate / SAMPLE_RATE_ONE
  const charged = new Map<number, { multipliers: Epsilons; steps: number }>()
  let known: Epsilons | undefined
  let rounds = 0
  const epsilonAgainst = (observer: keyof Epsilons): number => {
    if (rounds > 0 && noise === 'off') return Infinity
    // the study's constant is the same in every round: one kind of step, however many were there
    const steps = new Map<number, number>()
    for (const { multipliers, steps: more } of charged.values()) {
      steps.set(multipliers[observer], (steps.get(multipliers[observer]) ?? 0) + more)
    }
    const kinds = [...steps].map(([noiseMultiplier, steps]) => ({ sampleRate, noiseMultiplier, steps }))
    return pldEpsilon(kinds, { delta })
  }
  return {
    get rounds() {
      return rounds
    },
    charge(contributors, times = 1) {
      const before = charged.get(contributors)
      const multipliers = before?.multipliers ?? multipliersOf(document, fixedPoint, contributors)
      charged.set(contributors, { multipliers, steps: (before?.steps ?? 0) + times })
      rounds += times
      known = undefined
    },
    epsilons() {
      known ??= {
        model: epsilonAgainst('model'),
        colluding: epsilonAgainst('colluding'),
        alone: epsilonAgainst('alone'),
      }
      return known
    },
  }
}

/**
 * The three epsilons after some rounds.
 *
 * @param rounds the number of contributors of each charged round
 */
export function epsilonsOf(document: StudyDocument, { rounds }: { rounds: readonly number[] }): Epsilons {
  const account = createEpsilonAccount(document)
  for (const contributors of rounds) account.charge(contributors)
  return account.epsilons()
}

/** One round's noise multiplier against each observer: that of the noise which this one does not know. */
function multipliersOf({ privacy }: StudyDocument, { sensitivity }: FixedPoint, contributors: number): Epsilons {
  const { noiseMultiplier, colluders } = privacy
  if (privacy.noise === 'off') return { model: 0, colluding: 0, alone: 0 }
  const sigma = hospitalSigma({ noiseMultiplier, sensitivity, contributors, colluders })
  return {
    model: effectiveMultiplier({ sigma, sensitivity, honest: contributors }),
    colluding: noiseMultiplier,
    alone: effectiveMultiplier({ sigma, sensitivity, honest: 1 }),
  }
}
