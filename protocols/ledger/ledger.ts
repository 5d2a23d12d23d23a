/**
 * The state of a ledger: its accounts, the rounds that were charged to each, and their total epsilon.
 *
 * Within one study the sample rate and the multiplier are fixed before the first result, so the privacy loss
 * distribution of its rounds determines the charge. Later studies are chosen after the results of earlier ones, so
 * across studies an account is a Rényi filter (Feldman-Zrnic, NeurIPS 2021; Rogers et al., NeurIPS 2016): the sum of
 * the Rényi divergences of all rounds, order by order, under one delta.
 *
 * @module
 */

import type { RoundKind } from '../study/round-kind.ts'
import { STATISTICS_ROUND } from '../study/rounds.ts'
import type { AccountBalance } from './balance.ts'
import { broken, type EntryOf, kindOfCharge, type LedgerEntry, type SubAccount } from './entry.ts'
import {
  epsilonOfAccount,
  epsilonOfStudy,
  isNothing,
  keepsApart,
  NO_STUDY_ROUNDS,
  onSide,
  plusRounds,
  type Rounds,
  type StudyInAccount,
  type StudyRounds,
  sameStudy,
  sameTerms,
  termsIn,
} from './spending.ts'

/** Tolerance between a recorded epsilon and the one that another machine derives: relative, absolute below 1. */
const EPSILON_TOLERANCE = 2e-4

interface Account {
  /** 1: of a set of records; 2: of a hospital, or of one of its populations */
  readonly format: 1 | 2
  readonly peer: string | null
  readonly population: string | null
  /** the smallest that any of its studies promised; in format 1 the one that it was opened with */
  delta: number
  /** the account that this one was merged into */
  mergedInto?: number
  /** by study: charged rounds, including those of merged accounts */
  readonly rounds: Map<string, StudyRounds>
}

/** Where a round is charged. */
interface ChargePlace {
  readonly account: number
  readonly study: string
  /** by default training */
  readonly subAccount?: SubAccount
}

export class LedgerState {
  readonly #accounts = new Map<number, Account>()
  readonly #studies = new Map<string, EntryOf<'study'>>()
  /** by study, round and sid: charged rounds */
  readonly #charged = new Map<string, EntryOf<'charge'>>()
  /** by study: the reservation of the round in progress */
  readonly #reserved = new Map<string, EntryOf<'reserve'>>()
  #format: 1 | 2 = 1

  /**
   * The state after these entries.
   *
   * @param everyEpsilon whether to derive every epsilon again, which takes some milliseconds a round, or only the last
   *   one of each study. The state itself counts rounds, not epsilons
   * @throws CodedError `bad-ledger`, naming the line
   */
  static of(entries: readonly LedgerEntry[], { everyEpsilon = true }: { everyEpsilon?: boolean } = {}): LedgerState {
    const ledger = new LedgerState()
    const last = new Map(entries.map((entry, index) => [entry.kind === 'charge' ? entry.study : '', index]))
    entries.forEach((entry, index) => {
      const derive = everyEpsilon || (entry.kind === 'charge' && last.get(entry.study) === index)
      ledger.add(entry, { line: index + 1, derive })
    })
    return ledger
  }

  /**
   * Checks that an entry is consistent with those before it.
   *
   * @throws CodedError `bad-ledger`: an unknown account or study, a round charged twice, other terms than the study's,
   *   a wrong epsilon
   */
  check(entry: LedgerEntry, { line, derive = true }: { line?: number; derive?: boolean } = {}): void {
    if (entry.kind === 'account') {
      if (this.#format > 1) throw broken('it is of format 1, after a line of format 2', line)
      return void this.#checkAccount(entry, entry.merges, line)
    }
    if (entry.kind === 'hospital') return this.#checkHospital(entry, line)
    const account = this.#accounts.get(entry.account)
    if (account === undefined) throw broken(`there is no account ${entry.account}`, line)
    if (account.mergedInto !== undefined) throw broken(`account ${entry.account} is closed`, line)
    const study = this.#studies.get(entry.study)
    if (entry.kind === 'study') {
      if (study !== undefined && !sameStudy(study, entry)) throw broken('the study had other terms before', line)
      return
    }
    if (study === undefined) throw broken(`study ${entry.study} has not begun`, line)
    if (entry.kind === 'charge') this.#checkCharge(entry, study, { line, derive })
  }

  /** Adds one entry. @throws CodedError as `check`, with nothing changed */
  add(entry: LedgerEntry, options: { line?: number; derive?: boolean } = {}): void {
    this.check(entry, options)
    if (entry.kind === 'account') this.#open(entry, { format: 1, peer: null, population: null }, entry.merges)
    else if (entry.kind === 'hospital') {
      this.#open(entry, { format: 2, peer: entry.peer, population: entry.population ?? null }, entry.closes)
    } else if (entry.kind === 'study') this.#begin(entry)
    else if (entry.kind === 'reserve') this.#reserved.set(entry.study, entry)
    else {
      const { rounds } = this.#account(entry.account)
      const more = onSide(entry.subAccount, { [kindOfCharge(entry)]: 1 })
      rounds.set(entry.study, plusRounds(rounds.get(entry.study) ?? NO_STUDY_ROUNDS, more))
      this.#charged.set(keyOf(entry), entry)
      this.#reserved.delete(entry.study)
    }
  }

  #checkAccount(
    entry: Pick<EntryOf<'account'>, 'account' | 'delta'>,
    merges: readonly number[],
    line?: number,
  ): readonly Account[] {
    if (entry.account !== this.next) throw broken(`account ${entry.account} is out of order`, line)
    if (new Set(merges).size !== merges.length) throw broken('an account is merged twice', line)
    return merges.map(number => {
      const account = this.#accounts.get(number)
      if (account === undefined || account.mergedInto !== undefined) {
        throw broken(`account ${number} cannot be merged: it is not open`, line)
      }
      if (account.delta < entry.delta) throw broken('its delta is above that of a merged one', line)
      return account
    })
  }

  #checkHospital(entry: EntryOf<'hospital'>, line?: number): void {
    const population = entry.population ?? null
    const closed = this.#checkAccount(entry, entry.closes, line)
    if (closed.some(account => account.population !== population)) {
      throw broken('it closes an account of another population', line)
    }
    const before = this.accountOf(population)
    if (before !== null && !entry.closes.includes(before.account)) {
      throw broken(`${population ?? 'the hospital'} has account ${before.account} already`, line)
    }
  }

  #checkCharge(
    entry: EntryOf<'charge'>,
    study: EntryOf<'study'>,
    { line, derive }: { line: number | undefined; derive: boolean },
  ): void {
    if (this.isCharged(entry)) throw broken(`round ${entry.round} is charged twice`, line)
    const kind = kindOfCharge(entry)
    const isMain = kind === 'training' || kind === 'table'
    if (!isMain && study[kind] === undefined) throw broken(`the study has no round of ${kind}`, line)
    if (kind === 'evaluation' && entry.subAccount !== 'validation') {
      throw broken('an evaluation is of patients who are held back', line)
    }
    if (!sameTerms(termsIn(study, kind), entry)) throw broken("its terms are not the study's", line)
    if (!derive) return
    const { epsilon, total } = this.price(entry, { [kind]: 1 })
    if (differs(epsilon, entry.epsilon)) throw broken(`epsilon is ${epsilon} by now, not ${entry.epsilon}`, line)
    if (differs(total, entry.total)) throw broken(`the account's total is ${total} by now, not ${entry.total}`, line)
  }

  #open(
    { account, delta }: Pick<EntryOf<'account'>, 'account' | 'delta'>,
    owner: Pick<Account, 'format' | 'peer' | 'population'>,
    merges: readonly number[],
  ): void {
    const rounds = new Map<string, StudyRounds>()
    const deltas = [delta]
    for (const number of merges) {
      const merged = this.#account(number)
      merged.mergedInto = account
      for (const [study, count] of merged.rounds) {
        rounds.set(study, plusRounds(count, rounds.get(study) ?? NO_STUDY_ROUNDS))
        deltas.push(this.#begun(study).delta)
      }
    }
    this.#format = owner.format
    this.#accounts.set(account, { ...owner, delta: owner.format === 1 ? delta : Math.min(...deltas), rounds })
  }

  #begin(entry: EntryOf<'study'>): void {
    const account = this.#account(entry.account)
    account.rounds.set(entry.study, account.rounds.get(entry.study) ?? NO_STUDY_ROUNDS)
    // the charges of format 1 were derived at the delta of the account's opening
    if (account.format > 1) account.delta = Math.min(account.delta, entry.delta)
    this.#studies.set(entry.study, entry)
  }

  /**
   * Merges the accounts of format 1 as the next start of the node does in the file: into the account of the hospital,
   * with all that was charged to any of them.
   */
  carryOver(): void {
    const closes = this.formerAccounts()
    if (closes.length === 0) return
    const delta = Math.min(...closes.map(number => this.deltaOf(number)))
    this.#open({ account: this.next, delta }, { format: 2, peer: null, population: null }, closes)
  }

  /** Open accounts of format 1. */
  formerAccounts(): number[] {
    return [...this.#accounts].flatMap(([number, { format, mergedInto }]) => {
      return format === 1 && mergedInto === undefined ? [number] : []
    })
  }

  /** The open account of a population of the hospital, or with null of all its other patients. */
  accountOf(population: string | null): { readonly account: number; readonly peer: string | null } | null {
    for (const [account, one] of this.#accounts) {
      if (one.format > 1 && one.mergedInto === undefined && one.population === population) {
        return { account, peer: one.peer }
      }
    }
    return null
  }

  /** Names of the populations that have an account of their own. */
  populations(): string[] {
    return [...this.#accounts.values()].flatMap(({ mergedInto, population }) => {
      return mergedInto === undefined && population !== null ? [population] : []
    })
  }

  /** The epsilons of study and account for one patient, each under its own delta, after `more` rounds of the study. */
  price(place: ChargePlace, more: Partial<Rounds>): { epsilon: number; total: number } {
    return this.#priced(place, more, this.#account(place.account).rounds)
  }

  #priced(
    { account, study, subAccount }: ChargePlace,
    more: Partial<Rounds>,
    rounds: ReadonlyMap<string, StudyRounds>,
  ): { epsilon: number; total: number } {
    const terms = this.#begun(study)
    const { delta } = this.#account(account)
    const here = { terms, rounds: plusRounds(rounds.get(study) ?? NO_STUDY_ROUNDS, onSide(subAccount, more)) }
    const others = [...rounds].filter(([other]) => other !== study)
    const before = others.map(([other, count]) => ({ terms: this.#begun(other), rounds: count }))
    const epsilon = epsilonOfStudy(here)
    // shortcut: most accounts have one study, and its delta
    const alone = before.every(({ rounds }) => isNothing(rounds))
    return { epsilon, total: alone && delta === terms.delta ? epsilon : epsilonOfAccount([...before, here], delta) }
  }

  #begun(study: string): EntryOf<'study'> {
    const terms = this.#studies.get(study)
    if (terms === undefined) throw broken(`study ${study} has not begun`)
    return terms
  }

  /**
   * The number of further rounds of training that the budget allows: the study's own epsilon, and `totalMax` for the
   * account's total. What is paid for in advance is counted first, whether its round is still to come or was missed.
   */
  affordable(place: ChargePlace & { totalMax: number }): number {
    const { study } = place
    const terms = this.#begun(study)
    const paid = this.paidInAdvance(study)
    const fits = (more: number) => this.fits(place, { training: more, ...paid })
    const left = Math.max(
      0,
      terms.rounds - this.charges(study).filter(charge => kindOfCharge(charge) === 'training').length,
    )
    if (fits(left)) return left
    let [fit, over] = [0, left]
    while (over - fit > 1) {
      const middle = Math.floor((fit + over) / 2)
      if (fits(middle)) fit = middle
      else over = middle
    }
    return fit
  }

  /**
   * Whether the study's own epsilon and `totalMax` for the account both allow so many more rounds. Rounds that other studies
   * have reserved in the account count as spent: they may be charged at any time.
   */
  fits({ totalMax, ...place }: ChargePlace & { totalMax: number }, more: Partial<Rounds>): boolean {
    const { epsilon, total } = this.#priced(place, more, this.#roundsWithReserved(place))
    return epsilon <= this.#begun(place.study).epsilon && total <= totalMax
  }

  /** Rounds of an account by study, with those that studies other than the place's have reserved. */
  #roundsWithReserved({ account, study }: ChargePlace): ReadonlyMap<string, StudyRounds> {
    const rounds = new Map(this.#account(account).rounds)
    for (const [other, { account: paying, round }] of this.#reserved) {
      if (other === study || this.current(paying) !== account) continue
      // an entry does not say the kind of its round: what is paid for in advance counts, and a round of training, which
      // costs as much as one of a table
      const { statistics, evaluation } = this.paidInAdvance(other)
      const more = round === STATISTICS_ROUND && statistics > 0 ? { statistics } : { training: 1, evaluation }
      rounds.set(other, plusRounds(rounds.get(other) ?? NO_STUDY_ROUNDS, onSide('training', more)))
    }
    return rounds
  }

  /** Rounds that the study has planned besides those of training, and that were not charged. */
  paidInAdvance(study: string): Pick<Rounds, 'statistics' | 'evaluation'> {
    const { statistics, evaluation } = this.#begun(study)
    const charged = (kind: RoundKind) => this.charges(study).filter(charge => kindOfCharge(charge) === kind).length
    const left = (planned: number, kind: RoundKind) => (planned === 0 ? 0 : Math.max(0, planned - charged(kind)))
    return {
      statistics: left(statistics === undefined ? 0 : 1, 'statistics'),
      evaluation: left(evaluation?.rounds ?? 0, 'evaluation'),
    }
  }

  /** The open account into which an account was merged, directly or through others; itself if it is open. */
  current(account: number): number {
    const { mergedInto } = this.#account(account)
    return mergedInto === undefined ? account : this.current(mergedInto)
  }

  study(study: string): EntryOf<'study'> | undefined {
    return this.#studies.get(study)
  }

  /** Whether a study has begun in an account, or in one that it closed. */
  hasBegun({ account, study }: { account: number; study: string }): boolean {
    return this.#account(account).rounds.has(study)
  }

  isCharged(place: { study: string; round: number; sid: string }): boolean {
    return this.#charged.has(keyOf(place))
  }

  /** The charges of a study, in the order of the ledger. */
  charges(study: string): EntryOf<'charge'>[] {
    return [...this.#charged.values()].filter(charge => charge.study === study)
  }

  /** Studies with a charge in an open account, or in one that it closed, in the order of their first charges. */
  chargedStudies(account: number): EntryOf<'study'>[] {
    const charges = [...this.#charged.values()].filter(charge => this.current(charge.account) === account)
    return [...new Set(charges.map(({ study }) => study))].map(study => this.#begun(study))
  }

  reserved(study: string): EntryOf<'reserve'> | undefined {
    return this.#reserved.get(study)
  }

  /** The number of the next account. */
  get next(): number {
    return this.#accounts.size + 1
  }

  deltaOf(account: number): number {
    return this.#account(account).delta
  }

  /** The last round of a study that the ledger knows of, reserved or charged; −1 if there is none. */
  lastRound(study: string): number {
    const charged = this.charges(study).reduce((last, { round }) => Math.max(last, round), -1)
    return Math.max(charged, this.reserved(study)?.round ?? -1)
  }

  /** The balance of every open account. */
  balances(): AccountBalance[] {
    const open = [...this.#accounts].filter(([, { mergedInto }]) => mergedInto === undefined)
    return open.map(([account, { peer, population, delta, rounds }]) => {
      const spent: StudyInAccount[] = [...rounds].map(([study, count]) => ({
        terms: this.#begun(study),
        rounds: count,
      }))
      const studies = spent.map(one => ({
        ...{ study: one.terms.study, name: one.terms.name, rounds: one.rounds, epsilon: epsilonOfStudy(one) },
      }))
      const epsilon = epsilonOfAccount(spent, delta)
      return { account, peer, population, delta, epsilon, apart: keepsApart(spent), studies }
    })
  }

  #account(account: number): Account {
    const found = this.#accounts.get(account)
    if (found === undefined) throw broken(`there is no account ${account}`)
    return found
  }
}

function keyOf({ study, round, sid }: { study: string; round: number; sid: string }): string {
  // rounds that were never opened have one sid, of zeros
  return `${study}/${round}/${sid}`
}

function differs(derived: number, written: number): boolean {
  return Math.abs(derived - written) > EPSILON_TOLERANCE * Math.max(1, derived)
}
