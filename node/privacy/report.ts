/**
 * The privacy report for people and programs: the ledger's accounts with the terms of their studies.
 *
 * @module
 */

import type { AccountBalance, StudyBalance } from '../../protocols/ledger/balance.ts'
import { type EntryOf, kindOfCharge } from '../../protocols/ledger/entry.ts'
import type { LedgerState } from '../../protocols/ledger/ledger.ts'
import { plus, renyiEpsilonOfStudy, sidesOfAccount, sidesOfStudy } from '../../protocols/ledger/spending.ts'
import { createEpsilonAccount } from '../../protocols/study/epsilons.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { UnitName } from '../../protocols/study/unit.ts'
import { type ObserverWords, observerWords, UNIT_NOTE } from './epsilon-text.ts'
import {
  type EpsilonOfHospitals,
  type EpsilonOfRecords,
  hospitalsShown,
  type PatientPrices,
  pricedNow,
  pricesOfRecords,
  pricesOfSides,
} from './patient-epsilons.ts'

/** One study's epsilons and their observers (privacy.md), at its delta, of what it promises them to. */
export interface StudySpending {
  /** hex */
  readonly study: string
  readonly name: string
  /** training rounds that were charged, and all that the study has */
  readonly charged: number
  readonly rounds: number
  /** whether the statistics round was charged; null in studies without one */
  readonly statistics: boolean | null
  /** evaluations that were charged; null in studies without them */
  readonly evaluations: number | null
  readonly delta: number
  readonly colluders: number
  /** the study's own cap */
  readonly cap: number
  /** against the tolerated colluders: the epsilon that is charged */
  readonly colluding: number
  /** the same by Rényi accounting: a looser bound, as a cross-check */
  readonly colludingRenyi: number
  /** against everyone who sees the model, and against all other hospitals; null without the study's file */
  readonly model: number | null
  readonly alone: number | null
  /** what the epsilons are of */
  readonly unit: UnitName
  /** hospitals that may have the unit, at the promised epsilon */
  readonly copies: number
  /** what was charged, of a patient known to so many hospitals; null while that is computed */
  readonly epsilonsOfPatient: readonly EpsilonOfHospitals[] | null
  /** the same of a patient with so many records here; null also where the unit is the patient */
  readonly epsilonsOfRecords: readonly EpsilonOfRecords[] | null
  /** the observer of each of the three, in words */
  readonly against: ObserverWords
}

/** The account of a hospital, or of one of its populations, and its spending. */
export interface AccountSpending extends Pick<AccountBalance, 'account' | 'peer' | 'population' | 'delta' | 'apart'> {
  /** over all its studies, each for its own unit and for the number of hospitals that it promises its epsilon for */
  readonly epsilon: number
  /** the same of a patient known to so many hospitals that are all in these studies; null while that is computed */
  readonly epsilonsOfPatient: readonly EpsilonOfHospitals[] | null
  /** this hospital's own cap on `epsilon` */
  readonly cap: number | null
  readonly studies: readonly StudySpending[]
}

export interface PrivacyReport {
  readonly accounts: readonly AccountSpending[]
  /** limits of all epsilons in the report */
  readonly note: string
}

export interface ReportSources {
  readonly ledger: LedgerState
  /** the approved studies, by hex id */
  readonly documents: ReadonlyMap<string, StudyDocument>
  readonly epsilonMax: number | null
  /** by default at once */
  readonly patients?: PatientPrices
}

/** Reports every open account of the ledger. */
export function privacyReport(sources: ReportSources): PrivacyReport {
  const { ledger, documents, epsilonMax, patients = pricedNow } = sources
  const accounts = ledger.balances().map(({ studies, ...balance }) => {
    const { account, delta } = balance
    const reported = studies.map(one => studySpending({ ledger, patients }, account, one, documents.get(one.study)))
    const copies = hospitalsShown(Math.max(1, ...reported.map(study => study.copies)))
    const spent = studies.map(({ study, rounds }) => ({ terms: ledger.study(study) as EntryOf<'study'>, rounds }))
    return {
      ...balance,
      cap: epsilonMax,
      epsilonsOfPatient: pricesOfSides({ sides: sidesOfAccount(spent), delta, copies }, patients),
      studies: reported,
    }
  })
  return { accounts, note: UNIT_NOTE }
}

/** An account's spending in a study: only its own rounds, because a study may have continued with other patients. */
function studySpending(
  { ledger, patients }: { ledger: LedgerState; patients: PatientPrices },
  account: number,
  { study, rounds, epsilon }: StudyBalance,
  document: StudyDocument | undefined,
): StudySpending {
  const terms = ledger.study(study) as EntryOf<'study'>
  const { copies = 1, unit = 'record' } = terms
  const sides = sidesOfStudy({ terms, rounds }).map(side => [side])
  const spent = { sides, delta: terms.delta }
  const charged = plus(rounds.training, rounds.validation)
  const charges = ledger.charges(study).filter(charge => ledger.current(charge.account) === account)
  const observed = document === undefined ? undefined : observedEpsilons(document, charges)
  return {
    ...{ study, name: terms.name, charged: charged.training + charged.table, rounds: terms.rounds, delta: terms.delta },
    statistics: terms.statistics === undefined ? null : charged.statistics > 0,
    evaluations: terms.evaluation === undefined ? null : charged.evaluation,
    ...{ colluders: terms.colluders, unit, copies, cap: terms.epsilon },
    epsilonsOfPatient: pricesOfSides({ ...spent, copies: hospitalsShown(copies) }, patients),
    epsilonsOfRecords: unit === 'record' ? pricesOfRecords(spent, patients) : null,
    colluding: epsilon,
    colludingRenyi: renyiEpsilonOfStudy({ terms, rounds }),
    against: observerWords(terms.colluders),
    model: observed?.model ?? null,
    alone: observed?.alone ?? null,
  }
}

function observedEpsilons(document: StudyDocument, charges: readonly EntryOf<'charge'>[]) {
  const account = createEpsilonAccount(document)
  for (const charge of charges) account.charge({ contributors: charge.contributors, kind: kindOfCharge(charge) })
  return account.epsilons()
}

/** Epsilons of an account after some more rounds of a study. */
export interface Projection {
  readonly study: string
  readonly name: string
  readonly account: number
  readonly population: string | null
  readonly more: number
  /** of the study, after them */
  readonly epsilon: number
  /** of the account, after them */
  readonly total: number
  /** rounds that both caps still allow */
  readonly affordable: number
}

/** Projects every study of every account. @param more further rounds */
export function projections({ ledger, epsilonMax }: ReportSources, more: number): Projection[] {
  return ledger.balances().flatMap(({ account, population, studies }) =>
    studies.map(({ study, name }) => {
      const { epsilon, total } = ledger.price({ account, study }, { training: more, ...ledger.paidInAdvance(study) })
      const affordable = ledger.affordable({ account, study, totalMax: epsilonMax ?? Infinity })
      return { study, name, account, population, more, epsilon, total, affordable }
    }),
  )
}
