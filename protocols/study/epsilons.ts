import { type AccountedSteps, epsilonOf } from '../../crypto/accounting/accountant.ts'
import { SAMPLE_RATE_ONE } from './limits.ts'
import { noiseModeOf } from './noise/list.ts'
import type { SumPlan } from './noise/mode.ts'
import { type Multipliers, multipliersOf } from './noise/noised-sums.ts'
import { planStudy, sumOfKind } from './plan.ts'
import { ROUND_KINDS, type RoundKind } from './round-kind.ts'
import { mainRounds, roundsOf } from './rounds.ts'
import type { StudyDocument } from './types.ts'

/** Number of rounds of a study's main kind that fit, after statistics and evaluations, into both the study's epsilon and the local cap. */
export function affordableRounds(document: StudyDocument, epsilonMax = Infinity): number {
  const { privacy } = document
  const rounds = mainRounds(document)
  const { delta, epsilon } = privacy
  if (!noiseModeOf(privacy).isPrivate) return rounds
  const cap = Math.min(epsilon, epsilonMax)
  const fits = (some: number) => epsilonOfSides(chargedSides(document, some), delta) <= cap
  // by far the most often: all
  if (fits(rounds)) return rounds
  let [fit, over] = [0, rounds]
  while (over - fit > 1) {
    const middle = Math.floor((fit + over) / 2)
    if (fits(middle)) fit = middle
    else over = middle
  }
  return fit
}

/** Bounds on the information about one record, by observer; see privacy.md. */
export interface Epsilons {
  /** against an observer of the model, if all contributors added their noise */
  model: number
  /** against t colluding hospitals: the study's target, and the epsilon that is charged */
  colluding: number
  /** against all other hospitals colluding */
  alone: number
}

/** A charged round, or several identical ones. */
export interface ChargedRound {
  readonly contributors: number
  /** by default training */
  readonly kind?: RoundKind
  /** number of rounds; 1 by default */
  readonly times?: number
}

/** Charged rounds of one kind and number of contributors. */
interface ChargedSum {
  readonly kind: RoundKind
  readonly sum: SumPlan
  readonly contributors: number
  readonly multipliers: Multipliers
  readonly times: number
}

/** The rounds that were charged, by their number of contributors, and their epsilons. */
export interface EpsilonAccount {
  /** charged rounds */
  readonly rounds: number
  charge(round: ChargedRound): void
  /**
   * The epsilons so far, at the study's delta: 0 before the first round, Infinity without noise.
   *
   * @param copies  k: of a patient with k records; by default those that the study promises its epsilon for
   * @param holders honest hospitals that have them: as many as copies by default, 1 where all are at one hospital
   */
  epsilons(copies?: number, options?: { readonly holders?: number }): Epsilons
}

/**
 * Opens a study's account of the three epsilons, by its privacy loss distribution.
 *
 * @throws ProtocolError as `planStudy`; `charge` throws CryptoError `out-of-range` for fewer contributors than t + 1
 */
export function createEpsilonAccount(document: StudyDocument): EpsilonAccount {
  const plan = planStudy(document)
  const { delta } = document.privacy
  const { isPrivate } = noiseModeOf(document.privacy)
  const charged = new Map<string, ChargedSum>()
  const known = new Map<string, Epsilons>()
  let rounds = 0
  const epsilonAgainst = (
    observer: keyof Epsilons,
    { copies, holders }: { copies: number; holders: number },
  ): number => {
    if (rounds > 0 && !isPrivate) return Infinity
    // the study's constants are the same in every round: few kinds of steps, however many were there
    const sides = new Map<string, Map<string, AccountedSteps>>()
    for (const { kind, sum, contributors, multipliers: ofOne, times } of charged.values()) {
      const held = holders === 1 ? ofOne : multipliersOf(document.privacy, sum, contributors, { holders })
      const sampleRate = sum.sampleRate / SAMPLE_RATE_ONE
      const mechanism = { sampleRate, noiseMultiplier: held[observer], copies }
      const key = JSON.stringify(mechanism)
      const side = sideOf(document, kind, copies)
      const kinds = sides.get(side) ?? new Map<string, AccountedSteps>()
      kinds.set(key, { ...mechanism, steps: (kinds.get(key)?.steps ?? 0) + times * sum.steps })
      sides.set(side, kinds)
    }
    const steps = [...sides.values()].map(kinds => [...kinds.values()])
    return epsilonOfSides(steps, delta)
  }
  return {
    get rounds() {
      return rounds
    },
    charge({ contributors, kind = 'training', times = 1 }) {
      const key = `${kind}/${contributors}`
      const before = charged.get(key)
      const sum = sumOfKind(plan, kind)
      const multipliers = before?.multipliers ?? multipliersOf(document.privacy, sum, contributors)
      charged.set(key, { kind, sum, contributors, multipliers, times: (before?.times ?? 0) + times })
      rounds += times
      known.clear()
    },
    epsilons(copies = document.copies, { holders = copies } = {}) {
      const of = { copies, holders }
      const key = `${copies}/${holders}`
      const found = known.get(key) ?? {
        model: epsilonAgainst('model', of),
        colluding: epsilonAgainst('colluding', of),
        alone: epsilonAgainst('alone', of),
      }
      known.set(key, found)
      return found
    },
  }
}

interface PlannedOptions {
  readonly contributors?: number
  readonly copies?: number
  readonly holders?: number
}

/**
 * The three epsilons after all rounds of a study, statistics and evaluations included.
 *
 * @param contributors of each round; by default all
 * @param copies       of a patient, by default those of the promise; see `EpsilonAccount`
 * @param holders      hospitals that have the copies, by default one each
 */
export function plannedEpsilons(
  document: StudyDocument,
  { contributors = document.hospitals.length, copies = document.copies, holders = copies }: PlannedOptions = {},
): Epsilons {
  const account = createEpsilonAccount(document)
  for (const kind of ROUND_KINDS) {
    const times = roundsOf(document, kind)
    if (times > 0) account.charge({ contributors, kind, times })
  }
  return account.epsilons(copies, { holders })
}

/** The epsilon against the tolerated colluders after all rounds, of a patient with so many copies in the data. */
export function chargedEpsilonOf(document: StudyDocument, copies: number): number {
  const { privacy } = document
  if (!noiseModeOf(privacy).isPrivate) return Infinity
  const sides = chargedSides(document, mainRounds(document), copies)
  return epsilonOfSides(sides, privacy.delta)
}

/**
 * Whether a unit pays for training or for evaluations and never for both: patients are held back whole, at every
 * hospital by a hash of its own, so one with copies may be on both sides.
 */
export function keepsSidesApart({ unit, evaluation }: Pick<StudyDocument, 'unit' | 'evaluation'>, copies = 1): boolean {
  return evaluation !== null && unit === 'patient' && copies === 1
}

function sideOf(document: StudyDocument, kind: RoundKind, copies: number): 'training' | 'validation' {
  return kind === 'evaluation' && keepsSidesApart(document, copies) ? 'validation' : 'training'
}

/**
 * What all rounds of a study cost a unit against its tolerated colluders, the charge: one list of steps for a unit that is
 * trained on, and one for a unit that is held back where these are kept apart.
 */
function chargedSides(document: StudyDocument, rounds: number, copies = document.copies): AccountedSteps[][] {
  const { privacy, normalisation, evaluation } = document
  const { sampleRate, noiseMultiplier, localSteps = 1 } = privacy
  const training = { sampleRate: sampleRate / SAMPLE_RATE_ONE, noiseMultiplier, steps: rounds * localSteps, copies }
  const whole = (kind: { readonly noiseMultiplier: number } | null | undefined, steps: number): AccountedSteps[] =>
    kind ? [{ sampleRate: 1, noiseMultiplier: kind.noiseMultiplier, steps, copies }] : []
  const trained = [...whole(normalisation, 1), training]
  const evaluated = whole(evaluation, roundsOf(document, 'evaluation'))
  if (!keepsSidesApart(document, copies)) return [[...trained, ...evaluated]]
  return [trained, evaluated]
}

function epsilonOfSides(sides: readonly (readonly AccountedSteps[])[], delta: number): number {
  return Math.max(0, ...sides.map(steps => epsilonOf(steps, delta)))
}
