/**
 * What follows from a study document: quorum, smallest round, dimension, fixed point, and the three epsilons.
 *
 * @module
 */

import { CryptoError, ProtocolError } from '../../crypto/errors.ts'
import { chooseFixedPoint, clampLimit, type FixedPoint, hospitalSigma } from '../../crypto/fixed-point.ts'
import { RDP_ORDERS, rdpSubsampledGaussian, rdpToEpsilon } from '../../crypto/rdp.ts'
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

const OBSERVERS = ['model', 'colluding', 'alone'] as const

/** RDP adds up over rounds, order by order, also when they had different contributors: this is the running sum. */
export interface EpsilonAccount {
  readonly rounds: number
  /** Adds `times` charged rounds (1 unless given) with so many contributors. */
  charge(contributors: number, times?: number): void
  /** The epsilons so far, at the study's delta: 0 before the first round, Infinity without noise. */
  epsilons(): Epsilons
}

/**
 * Opens a study's account of the three epsilons, by Rényi accounting.
 *
 * @throws ProtocolError as `planStudy`; `charge` throws CryptoError `out-of-range` for fewer contributors than t + 1
 */
export function createEpsilonAccount(document: StudyDocument): EpsilonAccount {
  const { fixedPoint } = planStudy(document)
  const { delta } = document.privacy
  const totals = OBSERVERS.map(() => new Float64Array(RDP_ORDERS.length))
  const steps = new Map<number, Float64Array[]>()
  let rounds = 0
  return {
    get rounds() {
      return rounds
    },
    charge(contributors, times = 1) {
      const step = steps.get(contributors) ?? stepOf(document, fixedPoint, contributors)
      steps.set(contributors, step)
      totals.forEach((total, observer) => {
        for (let order = 0; order < total.length; order++) total[order]! += step[observer]![order]! * times
      })
      rounds += times
    },
    epsilons() {
      // without a round the conversion alone would state more than 0
      const [model, colluding, alone] = totals.map(total => (rounds === 0 ? 0 : rdpToEpsilon(total, delta)))
      return { model: model!, colluding: colluding!, alone: alone! }
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

/** One round's RDP against each observer. */
function stepOf({ privacy }: StudyDocument, { sensitivity }: FixedPoint, contributors: number): Float64Array[] {
  const { noiseMultiplier, colluders } = privacy
  if (privacy.noise === 'off') return OBSERVERS.map(() => new Float64Array(RDP_ORDERS.length).fill(Infinity))
  const sigma = hospitalSigma({ noiseMultiplier, sensitivity, contributors, colluders })
  const multipliers = {
    model: (sigma * Math.sqrt(contributors)) / sensitivity,
    colluding: noiseMultiplier,
    alone: sigma / sensitivity,
  }
  const sampleRate = privacy.sampleRate / SAMPLE_RATE_ONE
  return OBSERVERS.map(observer => rdpSubsampledGaussian({ sampleRate, noiseMultiplier: multipliers[observer] }))
}
