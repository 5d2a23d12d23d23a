/**
 * Plans a study: the noise and the three epsilons that follow from its size, over rounds and sample rates.
 *
 * @module
 */

import { type AccountedSteps, epsilonOf, noiseMultiplierFor } from '../../crypto/accounting/accountant.ts'
import { CryptoError } from '../../crypto/errors.ts'
import type { Epsilons } from '../../protocols/study/epsilons.ts'
import { SAMPLE_RATE_ONE, STUDY_NOISE_MULTIPLIER_MIN } from '../../protocols/study/limits.ts'
import { noiseModeOf } from '../../protocols/study/noise/list.ts'
import {
  type Multipliers,
  multipliersOf,
  type NoiseSharing,
  withFixedPoint,
} from '../../protocols/study/noise/noised-sums.ts'
import type { StatisticsShape } from '../../protocols/study/normalisation-kinds.ts'
import { colludersDefault, contributorsMinOf, quorumOf } from '../../protocols/study/quorum.ts'
import { type EpsilonOfHospitals, hospitalsShown } from '../privacy/patient-epsilons.ts'

export interface PlanningInput {
  /** nominal, over all hospitals */
  readonly records: number
  readonly hospitals: number
  /** t; by default the most that a study would tolerate */
  readonly colluders?: number
  readonly epsilon: number
  readonly delta: number
  /** hospitals that may have the same record, at the target; 1 by default */
  readonly copies?: number
  /** d, the dimension of an update */
  readonly parameters: number
  /** local steps of each hospital in a round, with local noise; by default noise is distributed */
  readonly localSteps?: number
  /** the round of statistics of a study with a normalisation; by default there is none */
  readonly statistics?: StatisticsShape & { readonly share: number }
}

/** The input with derived values. */
interface Planned extends PlanningInput {
  readonly copies: number
  readonly sharing: NoiseSharing
  readonly contributorsMin: number
  /** of the round of statistics */
  readonly besides: Multipliers | null
}

/** Noise and epsilons of a number of rounds at a sample rate. */
export interface PlanRow {
  readonly rounds: number
  readonly sampleRate: number
  /** records expected in a round, over all hospitals */
  readonly batch: number
  /** z; null where its noise does not fit into 32-bit sums */
  readonly noiseMultiplier: number | null
  /** noise of one coordinate of the averaged update, in clipping norms, all hospitals contributing: less is better */
  readonly noise: number | null
  /** after all rounds, all hospitals contributing */
  readonly epsilons: Epsilons | null
}

export interface StudyPlanning extends PlanningInput {
  readonly colluders: number
  readonly contributorsMin: number
  readonly copies: number
  readonly rows: readonly PlanRow[]
  /** of the first row that fits: a patient known to so many hospitals; each takes a tenth of a second, so of no others */
  readonly epsilonsOfPatient: readonly EpsilonOfHospitals[] | null
}

/**
 * Computes one row for each combination of rounds and sample rates.
 *
 * @throws CryptoError `out-of-range`
 */
export function planAhead(
  input: PlanningInput,
  { rounds, sampleRates }: { rounds: readonly number[]; sampleRates: readonly number[] },
): StudyPlanning {
  const { hospitals, copies = 1 } = input
  const profile = hospitals === 3 ? 'crash' : 'byzantine'
  const colluders = input.colluders ?? colludersDefault({ hospitals, profile })
  const contributorsMin = contributorsMinOf(colluders)
  const sharing = { noise: input.localSteps === undefined ? ('distributed' as const) : ('local' as const), colluders }
  const all = rounds.flatMap(count => sampleRates.map(rate => ({ rounds: count, sampleRate: rate })))
  const sized = { ...input, sharing, contributorsMin, copies }
  const plan = { ...sized, besides: statisticsOfPlan(sized) }
  const rows = all.map(at => rowOf(plan, at))
  const first = rows.find(({ noiseMultiplier }) => noiseMultiplier !== null)
  const epsilonsOfPatient = first === undefined ? null : patientsOf(plan, first)
  return { ...input, colluders, contributorsMin, copies, rows, epsilonsOfPatient }
}

/** The quorum of a study with that many hospitals. */
export function quorumAhead(hospitals: number): number {
  return quorumOf({ hospitals, profile: hospitals === 3 ? 'crash' : 'byzantine' }).quorum
}

function rowOf(plan: Planned, { rounds, sampleRate }: { rounds: number; sampleRate: number }): PlanRow {
  const { hospitals, sharing, records, epsilon, delta, copies, localSteps = 1 } = plan
  const batch = sampleRate * records
  const steps = rounds * localSteps
  const besides = stepsBesides(plan, 'colluding')
  const found = unlessTooNoisy(() => noiseMultiplierFor({ sampleRate, steps, delta, epsilon, copies, besides }))
  const z = found === null ? null : Math.max(STUDY_NOISE_MULTIPLIER_MIN, found)
  const multipliers =
    z === null ? null : unlessTooNoisy(() => multipliersAt(plan, { noiseMultiplier: z, holders: copies }))
  if (z === null || multipliers === null) {
    return { rounds, sampleRate, batch, noiseMultiplier: null, noise: null, epsilons: null }
  }
  // in the average over the batch; z is that of |P| − t of the hospitals, or of each of them
  const { contributors, colluders } = noiseModeOf(sharing).sharersIn({ contributors: hospitals, ...sharing })
  const noise = (z * Math.sqrt(hospitals / (contributors - colluders))) / batch
  const at = (observer: keyof Epsilons) => {
    const training = { sampleRate, noiseMultiplier: multipliers[observer], steps, copies }
    return epsilonOf([training, ...stepsBesides(plan, observer)], delta)
  }
  const epsilons = { model: at('model'), colluding: at('colluding'), alone: at('alone') }
  return { rounds, sampleRate, batch, noiseMultiplier: z, noise, epsilons }
}

/** The round of statistics as the accountant takes it, if there is one. */
function stepsBesides({ besides, copies }: Planned, observer: keyof Epsilons): AccountedSteps[] {
  return besides === null ? [] : [{ sampleRate: 1, steps: 1, noiseMultiplier: besides[observer], copies }]
}

/** Noise multipliers of the statistics, all hospitals contributing. */
function statisticsOfPlan(plan: Omit<Planned, 'besides'>): Multipliers | null {
  const { statistics, epsilon, delta, copies, sharing, contributorsMin, hospitals } = plan
  if (statistics === undefined) return null
  const { share, dimension, norm, valueMax } = statistics
  const found = noiseMultiplierFor({ sampleRate: 1, steps: 1, delta, epsilon: share * epsilon, copies })
  const noiseMultiplier = Math.max(STUDY_NOISE_MULTIPLIER_MIN, found)
  const needs = { clippingNorm: norm, valueMax, contributorsMin, contributorsMax: hospitals }
  const sum = withFixedPoint(sharing, { dimension, noiseMultiplier, sampleRate: SAMPLE_RATE_ONE, steps: 1 }, needs)
  return multipliersOf(sharing, sum, hospitals, { holders: copies })
}

/** What a row charges of patients known to several hospitals. */
function patientsOf(plan: Planned, row: PlanRow): EpsilonOfHospitals[] {
  const { delta, copies, localSteps = 1 } = plan
  const { sampleRate, rounds, noiseMultiplier } = row
  const mechanism = { sampleRate, noiseMultiplier: noiseMultiplier as number, steps: rounds * localSteps }
  const all = [mechanism, ...stepsBesides(plan, 'colluding')]
  return hospitalsShown(copies).map(hospitals => {
    const steps = all.map(one => ({ ...one, copies: hospitals }))
    return { hospitals, colluding: epsilonOf(steps, delta) }
  })
}

/** Null for parameters that need more noise than is possible. */
function unlessTooNoisy<Result>(find: () => Result): Result | null {
  try {
    return find()
  } catch (error) {
    if (error instanceof CryptoError && error.code.startsWith('noise-too-')) return null
    throw error
  }
}

/** Noise multipliers per observer, all hospitals contributing. */
function multipliersAt(
  plan: Planned,
  { noiseMultiplier, holders }: { noiseMultiplier: number; holders: number },
): Epsilons {
  const { hospitals, contributorsMin, parameters, sharing, localSteps = 1 } = plan
  const sum = { dimension: parameters, noiseMultiplier, sampleRate: SAMPLE_RATE_ONE, steps: localSteps }
  const needs = { clippingNorm: 1, valueMax: 0, contributorsMin, contributorsMax: hospitals }
  return multipliersOf(sharing, withFixedPoint(sharing, sum, needs), hospitals, { holders })
}
