/**
 * What was spent for whose records, for people and programs: the ledger's books beside the studies' own terms.
 *
 * @module
 */

import type { EntryOf } from '../../protocols/ledger/entry.ts'
import type { LedgerState } from '../../protocols/ledger/ledger.ts'
import { chargedEpsilon, type Rounds, renyiEpsilon, spendingOf } from '../../protocols/ledger/spending.ts'
import { createEpsilonAccount } from '../../protocols/study/epsilons.ts'
import { roundKind } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type ObserverWords, observerWords, UNIT_NOTE } from './epsilon-text.ts'

/** What one study has spent, against whom (privacy.md). All epsilons are of one record, at the study's delta. */
export interface StudySpending {
  /** hex */
  readonly study: string
  readonly name: string
  /** rounds of training that were charged, and that the study has */
  readonly charged: number
  readonly rounds: number
  /** whether the statistics before were charged; null in studies without any */
  readonly statistics: boolean | null
  readonly delta: number
  readonly colluders: number
  /** the study's own cap */
  readonly cap: number
  /** against the tolerated colluders: what is charged */
  readonly colluding: number
  /** the same by Rényi accounting: a looser bound, as a cross-check */
  readonly colludingRenyi: number
  /** against everyone who sees the model, and against all other hospitals; null without the study's file */
  readonly model: number | null
  readonly alone: number | null
  /** whom each of the three is against, in words */
  readonly against: ObserverWords
}

/** One set of records and everything that was spent for it. */
export interface AccountSpending {
  readonly account: number
  readonly records: number
  readonly delta: number
  /** over all its studies */
  readonly epsilon: number
  /** this hospital's own cap on that */
  readonly cap: number | null
  readonly studies: readonly StudySpending[]
}

export interface PrivacyReport {
  readonly accounts: readonly AccountSpending[]
  /** what no epsilon here covers */
  readonly note: string
}

export interface ReportSources {
  readonly ledger: LedgerState
  /** by hex id: the approved studies */
  readonly documents: ReadonlyMap<string, StudyDocument>
  readonly epsilonMax: number | null
}

/** Every open account of the books. */
export function privacyReport({ ledger, documents, epsilonMax }: ReportSources): PrivacyReport {
  const accounts = ledger.balances().map(({ account, records, delta, epsilon, studies }) => ({
    ...{ account, records, delta, epsilon, cap: epsilonMax },
    studies: studies.map(({ study, rounds }) =>
      studySpending(ledger, { account, study, rounds }, documents.get(study)),
    ),
  }))
  return { accounts, note: UNIT_NOTE }
}

/** What an account has spent in a study: its own rounds alone, for a study may have gone on with other records. */
function studySpending(
  ledger: LedgerState,
  { account, study, rounds }: { account: number; study: string; rounds: Rounds },
  document: StudyDocument | undefined,
): StudySpending {
  const terms = ledger.study(study) as EntryOf<'study'>
  const spending = spendingOf(terms, rounds)
  const charges = ledger.charges(study).filter(charge => ledger.current(charge.account) === account)
  const observed = document === undefined ? undefined : observedEpsilons(document, charges)
  return {
    ...{ study, name: terms.name, charged: rounds.training, rounds: terms.rounds, delta: terms.delta },
    statistics: terms.statistics === undefined ? null : rounds.statistics > 0,
    ...{ colluders: terms.colluders, cap: terms.epsilon },
    colluding: chargedEpsilon(spending, terms.delta),
    colludingRenyi: renyiEpsilon(spending, terms.delta),
    against: observerWords(terms.colluders),
    model: observed?.model ?? null,
    alone: observed?.alone ?? null,
  }
}

function observedEpsilons(document: StudyDocument, charges: readonly EntryOf<'charge'>[]) {
  const account = createEpsilonAccount(document)
  for (const { contributors, round } of charges) account.charge({ contributors, kind: roundKind(round) })
  return account.epsilons()
}

/** What some more rounds of a study would come to, for every account that it spends from. */
export interface Projection {
  readonly study: string
  readonly name: string
  readonly account: number
  readonly more: number
  /** of the study, and of the account, after them */
  readonly epsilon: number
  readonly total: number
  /** rounds that both caps still pay for */
  readonly affordable: number
}

/** @param more rounds to come */
export function projections({ ledger, epsilonMax }: ReportSources, more: number): Projection[] {
  return ledger.balances().flatMap(({ account, studies }) =>
    studies.map(({ study, name }) => {
      const statistics = ledger.statisticsToCome(study)
      const { epsilon, total } = ledger.price({ account, study }, { training: more, statistics })
      const affordable = ledger.affordable({ account, study, totalMax: epsilonMax ?? Infinity })
      return { study, name, account, more, epsilon, total, affordable }
    }),
  )
}
