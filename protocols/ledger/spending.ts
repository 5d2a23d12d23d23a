/**
 * The privacy cost of rounds: within one study by privacy loss distributions, across studies by Rényi divergences.
 *
 * @module
 */

import { epsilonOf } from '../../crypto/accounting/accountant.ts'
import { RDP_ORDERS, rdpSubsampledGaussian, rdpToEpsilon } from '../../crypto/accounting/rdp.ts'
import { keepsSidesApart } from '../study/epsilons.ts'
import { SAMPLE_RATE_ONE } from '../study/limits.ts'
import { ROUND_KINDS, type RoundKind } from '../study/round-kind.ts'
import { roundsOf } from '../study/rounds.ts'
import type { StudyDocument } from '../study/types.ts'
import { broken, type EntryOf, SUB_ACCOUNTS, type SubAccount } from './entry.ts'

/** The parameters of the mechanism in one round, which determine its cost. */
export interface Terms {
  /** integer a of the probability a / 2^32 */
  readonly sampleRate: number
  readonly noiseMultiplier: number
  /** steps of the mechanism in a round; 1 where absent */
  readonly steps?: number
  /** copies of what is protected, each at another hospital; 1 where absent */
  readonly copies?: number
}

/** What determines the cost of a study's rounds. */
export type StudyTerms = Terms & Pick<EntryOf<'study'>, 'statistics' | 'evaluation'>

/** The terms of a study, as its ledger entry has them. */
export function termsOfStudy(document: StudyDocument): StudyTerms {
  const { copies, privacy, normalisation, evaluation } = document
  const { sampleRate, noiseMultiplier, localSteps } = privacy
  return {
    ...{ sampleRate, noiseMultiplier },
    ...(localSteps !== undefined && { steps: localSteps }),
    ...(copies > 1 && { copies }),
    ...(normalisation !== undefined && { statistics: { noiseMultiplier: normalisation.noiseMultiplier } }),
    ...(evaluation !== null && {
      evaluation: { noiseMultiplier: evaluation.noiseMultiplier, rounds: roundsOf(document, 'evaluation') },
    }),
  }
}

/** Numbers of a study's rounds, by kind. */
export type Rounds = Readonly<Record<RoundKind, number>>

export const NO_ROUNDS: Rounds = { statistics: 0, training: 0, evaluation: 0, table: 0 }

/** The sum, kind by kind. */
export function plus(a: Rounds, b: Partial<Rounds>): Rounds {
  return {
    statistics: a.statistics + (b.statistics ?? 0),
    training: a.training + (b.training ?? 0),
    evaluation: a.evaluation + (b.evaluation ?? 0),
    table: a.table + (b.table ?? 0),
  }
}

/** All rounds that a study plans, by kind. */
export function plannedRounds(study: StudyDocument): Rounds {
  return ROUND_KINDS.reduce((rounds, kind) => plus(rounds, { [kind]: roundsOf(study, kind) }), NO_ROUNDS)
}

/** The spending of rounds of a study. Kinds without rounds are left out. */
export function spendingOf(study: StudyTerms, rounds: Rounds): Spending[] {
  const kinds = ROUND_KINDS.filter(kind => rounds[kind] > 0)
  return kinds.map(kind => ({ terms: termsIn(study, kind), rounds: rounds[kind] }))
}

/** What one unit pays for rounds of a study: one list, or one for each side where units are kept apart. */
export function spendingOfSides(document: StudyDocument, rounds: Rounds): Spending[][] {
  const terms = termsOfStudy(document)
  if (!keepsSidesApart(document, document.copies)) return [spendingOf(terms, rounds)]
  const { evaluation, ...rest } = rounds
  return [plus(NO_ROUNDS, rest), plus(NO_ROUNDS, { evaluation })].map(side => spendingOf(terms, side))
}

/** The terms of one round of a study. @throws CodedError `bad-ledger` for a kind that the study does not have */
export function termsIn(study: StudyTerms, kind: RoundKind): Terms {
  const { sampleRate, noiseMultiplier, steps } = study
  const copies = study.copies === undefined ? {} : { copies: study.copies }
  if (kind === 'training' || kind === 'table')
    return { sampleRate, noiseMultiplier, ...(steps !== undefined && { steps }), ...copies }
  const whole = study[kind]
  if (whole === undefined) throw broken(`the study has no round of ${kind}`)
  return { sampleRate: SAMPLE_RATE_ONE, noiseMultiplier: whole.noiseMultiplier, ...copies }
}

const rdpOf = new Map<string, Float64Array>()

/** One step's Rényi divergences, cached: a ledger has few different terms. */
function stepOf({ sampleRate, noiseMultiplier, copies = 1 }: Terms): Float64Array {
  const key = `${sampleRate}/${noiseMultiplier}/${copies}`
  const mechanism = { sampleRate: sampleRate / SAMPLE_RATE_ONE, noiseMultiplier, copies }
  const known = rdpOf.get(key) ?? rdpSubsampledGaussian(mechanism)
  if (rdpOf.size >= 64) rdpOf.clear()
  rdpOf.set(key, known)
  return known
}

/** A number of rounds with the same terms. */
export interface Spending {
  readonly terms: Terms
  readonly rounds: number
}

/** The epsilon of rounds of one study, which is charged. */
function chargedEpsilon(spending: readonly Spending[], delta: number): number {
  const kinds = spending.map(({ terms: { sampleRate, noiseMultiplier, steps = 1, copies = 1 }, rounds }) => {
    return { sampleRate: sampleRate / SAMPLE_RATE_ONE, noiseMultiplier, steps: rounds * steps, copies }
  })
  return epsilonOf(kinds, delta)
}

/** Epsilon of some rounds of one study or of several, one list of spendings each. */
function epsilonOfStudies(studies: readonly (readonly Spending[])[], delta: number): number {
  const spent = studies.filter(spending => spending.length > 0)
  return spent.length === 1 ? chargedEpsilon(spent[0]!, delta) : renyiEpsilon(spent.flat(), delta)
}

/**
 * The epsilon of a patient with so many copies in every one of the studies, whatever each of them promises, by number of
 * copies.
 *
 * @param studies one list of spendings each
 */
export function epsilonsOfCopies(
  studies: readonly (readonly Spending[])[],
  { delta, copies }: { readonly delta: number; readonly copies: readonly number[] },
): number[] {
  const priced = (count: number) =>
    studies.map(study => study.map(({ terms, rounds }) => ({ terms: { ...terms, copies: count }, rounds })))
  return copies.map(count => epsilonOfStudies(priced(count), delta))
}

/** The epsilon by Rényi divergences alone: valid also for terms chosen after earlier results. */
function renyiEpsilon(spending: readonly Spending[], delta: number): number {
  const total = new Float64Array(RDP_ORDERS.length)
  for (const { terms, rounds } of spending) {
    const [step, count] = [stepOf(terms), rounds * (terms.steps ?? 1)]
    for (let order = 0; order < total.length; order++) total[order]! += step[order]! * count
  }
  return spending.every(({ rounds }) => rounds === 0) ? 0 : rdpToEpsilon(total, delta)
}

/** Rounds of one study in an account, by sub-account. */
export type StudyRounds = Readonly<Record<SubAccount, Rounds>>

export const NO_STUDY_ROUNDS: StudyRounds = { training: NO_ROUNDS, validation: NO_ROUNDS }

/** The sum, sub-account by sub-account. */
export function plusRounds(a: StudyRounds, b: StudyRounds): StudyRounds {
  return { training: plus(a.training, b.training), validation: plus(a.validation, b.validation) }
}

/** A study's rounds in an account, and its terms. */
export interface StudyInAccount {
  readonly terms: EntryOf<'study'>
  readonly rounds: StudyRounds
}

/**
 * Whether a patient pays in one sub-account only: every study with a charge here keeps the patients apart, at the same
 * share. If one does not, or if the share was changed, a patient may have paid on both sides.
 */
export function keepsApart(studies: readonly StudyInAccount[]): boolean {
  const spent = studies.filter(({ terms, rounds }) => sidesOf({ terms, rounds }, false)[0]!.length > 0)
  const [first] = spent
  const share = first?.terms.validationShare
  return share !== undefined && spent.every(({ terms }) => terms.validationShare === share)
}

/** What one patient may have paid for a study: on either side where they are kept apart, else both together. */
function sidesOf({ terms, rounds }: StudyInAccount, apart: boolean): Spending[][] {
  if (apart) return SUB_ACCOUNTS.map(side => spendingOf(terms, rounds[side]))
  return [spendingOf(terms, plus(rounds.training, rounds.validation))]
}

/** What one patient may have paid for a study: one list of spendings for each side, or one for both together. */
export function sidesOfStudy(study: StudyInAccount): Spending[][] {
  return sidesOf(study, study.terms.validationShare !== undefined)
}

/** The same for all studies of an account: a list with every study's spendings for each side, or one for both together. */
export function sidesOfAccount(studies: readonly StudyInAccount[]): Spending[][][] {
  const apart = keepsApart(studies)
  const sides = studies.map(study => sidesOf(study, apart))
  return (sides[0] ?? []).map((_, side) => sides.map(study => study[side]!))
}

/** The epsilon of one study for one patient: the larger of both sides where patients are kept apart, else of their sum. */
export function epsilonOfStudy(study: StudyInAccount): number {
  return Math.max(...sidesOfStudy(study).map(side => chargedEpsilon(side, study.terms.delta)))
}

/** The same by Rényi accounting: a looser bound, as a cross-check. */
export function renyiEpsilonOfStudy(study: StudyInAccount): number {
  return Math.max(...sidesOfStudy(study).map(side => renyiEpsilon(side, study.terms.delta)))
}

/** The epsilon of an account for one patient: as `epsilonOfStudy`, over all its studies, under the account's delta. */
export function epsilonOfAccount(studies: readonly StudyInAccount[], delta: number): number {
  return Math.max(0, ...sidesOfAccount(studies).map(side => epsilonOfStudies(side, delta)))
}

/** Whether two rounds have the same terms, and so the same cost. */
export function sameTerms(a: Terms, b: Terms): boolean {
  const same = a.sampleRate === b.sampleRate && a.noiseMultiplier === b.noiseMultiplier
  return same && (a.steps ?? 1) === (b.steps ?? 1) && (a.copies ?? 1) === (b.copies ?? 1)
}

/** Rounds of one side of a study's patients. Those who are held back are the ones that pay for evaluations. */
export function onSide(
  subAccount: SubAccount = 'training',
  { evaluation = 0, ...rounds }: Partial<Rounds>,
): StudyRounds {
  const validation = { ...NO_STUDY_ROUNDS, validation: plus(NO_ROUNDS, { evaluation }) }
  return plusRounds(validation, { ...NO_STUDY_ROUNDS, [subAccount]: plus(NO_ROUNDS, rounds) })
}

/** Whether these are no rounds at all. */
export function isNothing({ training, validation }: StudyRounds): boolean {
  return [training, validation].every(rounds => ROUND_KINDS.every(kind => rounds[kind] === 0))
}

/** Whether two entries begin a study with the same terms. */
export function sameStudy(a: EntryOf<'study'>, b: EntryOf<'study'>): boolean {
  return (
    sameTerms(a, b) &&
    a.statistics?.noiseMultiplier === b.statistics?.noiseMultiplier &&
    a.evaluation?.noiseMultiplier === b.evaluation?.noiseMultiplier &&
    a.evaluation?.rounds === b.evaluation?.rounds &&
    a.validationShare === b.validationShare &&
    a.unit === b.unit
  )
}
