/**
 * What follows from a study document: quorum, smallest round, dimension, fixed point, and the three epsilons.
 *
 * @module
 */

import { CryptoError, ProtocolError } from '../../crypto/errors.ts'
import { pldEpsilon, type Steps } from '../../crypto/pld.ts'
import { denominatorOf } from '../round/checkpoint.ts'
import { EPSILON_WEAK, SAMPLE_RATE_ONE } from './constants.ts'
import type { StudyDocument } from './document.ts'
import { type Multipliers, multipliersOf, noiseOfSum, type SumNeeds, type SumPlan, withFixedPoint } from './noise.ts'
import { columnsOf, STATISTICS_ROUND, statisticsDimension, statisticsNorm } from './normalisation.ts'
import { dimensionOf, parameterSpecs } from './parameters.ts'

/** What a round is for: in studies with a normalisation the first adds up statistics of the records, all others train. */
export type RoundKind = 'statistics' | 'training'

/** What the round of this number is for. */
export function roundKind(round: number): RoundKind {
  return round === STATISTICS_ROUND ? 'statistics' : 'training'
}

/** The round that a study begins with. The last one has the number `document.rounds`. */
export function firstRound({ normalisation }: Pick<StudyDocument, 'normalisation'>): number {
  return normalisation === undefined ? STATISTICS_ROUND + 1 : STATISTICS_ROUND
}

/** Words of an update, by what its round is for; 0 where no round is. */
export type Dimensions = Readonly<Record<RoundKind, number>>

/** Everything that a peer derives from a study, and derives alike; itself the plan of the sums that train. */
export interface StudyPlan extends SumPlan {
  /** of the statistics, in studies with a normalisation */
  statistics: SumPlan | null
  /** n */
  hospitals: number
  /** f: hospitals that may fail (crash profile: fall silent; byzantine profile: lie) without stopping the study */
  faulty: number
  /** q: votes that decide */
  quorum: number
  /** min|P|: no round has fewer contributors */
  contributorsMin: number
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
  const plan = {
    hospitals,
    ...quorumOf({ hospitals, profile }),
    contributorsMin,
    ...trainingSum(document, contributorsMin),
    statistics: statisticsSum(document, contributorsMin),
    denominator: denominatorOf(document),
  }
  return { ...plan, warnings: warningsOf(document, plan) }
}

/** The plan of the sums of one round. */
export function sumIn(plan: StudyPlan, round: number): SumPlan {
  return roundKind(round) === 'statistics' && plan.statistics !== null ? plan.statistics : plan
}

/** Words of the updates of a study, and of the longest. */
export function dimensionsOf(plan: StudyPlan): { dimensions: Dimensions; dimension: number } {
  const dimensions = { training: plan.dimension, statistics: plan.statistics?.dimension ?? 0 }
  return { dimensions, dimension: Math.max(dimensions.training, dimensions.statistics) }
}

function trainingSum(document: StudyDocument, contributorsMin: number): SumPlan {
  const { clippingNorm, noiseMultiplier, sampleRate, localSteps = 1 } = document.privacy
  const dimension = dimensionOf(parameterSpecs(document.model, document.data))
  const sum = { dimension, noiseMultiplier, sampleRate, steps: localSteps }
  return fitted(document, sum, { clippingNorm, contributorsMin, valueMax: 0 })
}

function statisticsSum(document: StudyDocument, contributorsMin: number): SumPlan | null {
  const { data, normalisation, privacy } = document
  if (normalisation === undefined) return null
  const columns = columnsOf(data)
  const noiseMultiplier = privacy.noise === 'off' ? 0 : normalisation.noiseMultiplier
  const sum = { dimension: statisticsDimension(columns), noiseMultiplier, sampleRate: SAMPLE_RATE_ONE, steps: 1 }
  // all records may be one hospital's, and all have the count 1
  return fitted(document, sum, { clippingNorm: statisticsNorm(columns), contributorsMin, valueMax: data.records })
}

/** Chooses the fixed point, for as many contributors as there may be. */
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
 * Makes sure that a study under way has room for so many hospitals: its scales are those that it was founded with.
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

/** A charged round, or some alike. */
export interface ChargedRound {
  readonly contributors: number
  /** training, unless given */
  readonly kind?: RoundKind
  /** 1 unless given */
  readonly times?: number
}

/** What was charged, by the number of contributors, and what it comes to. */
export interface EpsilonAccount {
  /** charged rounds */
  readonly rounds: number
  charge(round: ChargedRound): void
  /** The epsilons so far, at the study's delta: 0 before the first round, Infinity without noise. */
  epsilons(): Epsilons
}

/**
 * Opens a study's account of the three epsilons, by its privacy loss distribution.
 *
 * @throws ProtocolError as `planStudy`; `charge` throws CryptoError `out-of-range` for fewer contributors than t + 1
 */
export function createEpsilonAccount(document: StudyDocument): EpsilonAccount {
  const plan = planStudy(document)
  const { delta, noise } = document.privacy
  const charged = new Map<string, { sum: SumPlan; multipliers: Multipliers; times: number }>()
  let known: Epsilons | undefined
  let rounds = 0
  const epsilonAgainst = (observer: keyof Epsilons): number => {
    if (rounds > 0 && noise === 'off') return Infinity
    // the study's constants are the same in every round: few kinds of steps, however many were there
    const kinds = new Map<string, Steps>()
    for (const { sum, multipliers, times } of charged.values()) {
      const mechanism = { sampleRate: sum.sampleRate / SAMPLE_RATE_ONE, noiseMultiplier: multipliers[observer] }
      const key = JSON.stringify(mechanism)
      kinds.set(key, { ...mechanism, steps: (kinds.get(key)?.steps ?? 0) + times * sum.steps })
    }
    return pldEpsilon([...kinds.values()], { delta })
  }
  return {
    get rounds() {
      return rounds
    },
    charge({ contributors, kind = 'training', times = 1 }) {
      const key = `${kind}/${contributors}`
      const before = charged.get(key)
      const sum = kind === 'statistics' && plan.statistics !== null ? plan.statistics : plan
      const multipliers = before?.multipliers ?? multipliersOf(document.privacy, sum, contributors)
      charged.set(key, { sum, multipliers, times: (before?.times ?? 0) + times })
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

/** The three epsilons after all rounds of a study, statistics among them, each with so many contributors: by default all. */
export function plannedEpsilons(document: StudyDocument, contributors = document.hospitals.length): Epsilons {
  const account = createEpsilonAccount(document)
  if (document.normalisation !== undefined) account.charge({ contributors, kind: 'statistics' })
  account.charge({ contributors, times: document.rounds })
  return account.epsilons()
}

/** What all rounds of a study cost, statistics and training, against its tolerated colluders: what is charged. */
export function chargedSteps(document: StudyDocument, rounds = document.rounds): Steps[] {
  const { privacy, normalisation } = document
  const { sampleRate, noiseMultiplier, localSteps = 1 } = privacy
  const training = { sampleRate: sampleRate / SAMPLE_RATE_ONE, noiseMultiplier, steps: rounds * localSteps }
  if (normalisation === undefined) return [training]
  return [{ sampleRate: 1, noiseMultiplier: normalisation.noiseMultiplier, steps: 1 }, training]
}
