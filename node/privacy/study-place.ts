/**
 * How many studies have been paid for by the same patients: epsilons add up over them, and so does what is learnt of
 * these patients by trying again.
 *
 * @module
 */

import type { LedgerState } from '../../protocols/ledger/ledger.ts'
import { populationText } from './epsilon-text.ts'
import { ledgerPath, readLedgerFile } from './ledger-file.ts'

/** Names of former studies in one line. */
const NAMES_SHOWN = 5

/** The place of a study among those of one account. */
export interface StudyPlace {
  /** from 1 */
  readonly number: number
  /** the studies that were charged before it, the first one first */
  readonly before: readonly { readonly study: string; readonly name: string }[]
  readonly population: string | null
}

/** A study, and the account that pays for it: null is that of all patients who are in no population. */
export interface Paying {
  readonly study: string
  readonly population: string | null
}

/** The place of a study in a ledger: one that was never charged comes after all that were. */
export function studyPlace(ledger: LedgerState, { study, population }: Paying): StudyPlace {
  const account = ledger.accountOf(population)?.account
  const charged = account === undefined ? [] : ledger.chargedStudies(account)
  const at = charged.findIndex(one => one.study === study)
  const before = (at < 0 ? charged : charged.slice(0, at)).map(one => ({ study: one.study, name: one.name }))
  return { number: before.length + 1, before, population }
}

/** The same by the ledger of a data folder. @throws OperatorError as `readLedgerFile` */
export async function studyPlaceIn(folder: string, paying: Paying): Promise<StudyPlace> {
  const { ledger } = await readLedgerFile(ledgerPath(folder), { everyEpsilon: false })
  return studyPlace(ledger, paying)
}

/** A place in words: "the 4th study on these patients". */
export function placeText({ number }: Pick<StudyPlace, 'number'>): string {
  return `the ${ordinal(number)} study on these patients`
}

/** A place in a sentence, with the studies before it. */
export function placeSentence(place: StudyPlace): string {
  const { before, population } = place
  const whose = `the account of ${populationText(population)}`
  if (before.length === 0) return `It is ${placeText(place)}: nothing has been charged to ${whose} before.`
  const names = before.slice(-NAMES_SHOWN).map(({ name }) => name)
  const more = before.length - names.length
  return `It is ${placeText(place)}: ${before.length === 1 ? 'one was' : `${before.length} were`} charged to ${whose} before (${more > 0 ? `${more} more, then ` : ''}${names.join(', ')}).`
}

function ordinal(number: number): string {
  const tens = Math.floor(number / 10) % 10
  const ending = tens === 1 ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th')
  return `${number}${ending}`
}
