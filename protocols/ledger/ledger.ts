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

import { roundKind, trainingCharges } from '../study/rounds.ts'
import { broken, type EntryOf, type LedgerEntry } from './entry.ts'
import {
  chargedEpsilon,
  epsilonOfStudies,
  NO_ROUNDS,
  plus,
  type Rounds,
  sameTerms,
  spendingOf,
  termsIn,
} from './spending.ts'

/** Tolerance between a recorded epsilon and the one that another machine derives: relative, absolute below 1. */
const EPSILON_TOLERANCE = 2e-4

interface Account {
  readonly records: number
  readonly delta: number
  /** the account that this one was merged into */
  mergedInto?: number
  /** by study: charged rounds, including those of merged accounts */
  readonly rounds: Map<string, Rounds>
}

/** One account's balance, for display. */
export interface AccountBalance {
  readonly account: number
  readonly records: number
  readonly delta: number
  readonly epsilon: number
  readonly studies: readonly { readonly study: string; readonly name: string; readonly rounds: Rounds }[]
}

export class LedgerState {
  readonly #accounts = new Map<number, Account>()
  readonly #studies = new Map<string, EntryOf<'study'>>()
  /** by study and sid: charged rounds */
  readonly #charged = new Map<string, EntryOf<'charge'>>()
  /** by study: the reservation of the round in progress */
  readonly #reserved = new Map<string, EntryOf<'reserve'>>()

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
    if (entry.kind === 'account') return this.#checkAccount(entry, line)
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
    if (entry.kind === 'account') this.#open(entry)
    else if (entry.kind === 'study') this.#begin(entry)
    else if (entry.kind === 'reserve') this.#reserved.set(entry.study, entry)
    else {
      const { rounds } = this.#account(entry.account)
      rounds.set(entry.study, plus(rounds.get(entry.study) ?? NO_ROUNDS, { [roundKind(entry.round)]: 1 }))
      this.#charged.set(`${entry.study}/${entry.sid}`, entry)
      this.#reserved.delete(entry.study)
    }
  }

  #checkAccount(entry: EntryOf<'account'>, line?: number): void {
    if (entry.account !== this.next) throw broken(`account ${entry.account} is out of order`, line)
    for (const number of entry.merges) {
      const account = this.#accounts.get(number)
      if (account === undefined || account.mergedInto !== undefined) {
        throw broken(`account ${number} cannot be merged: it is not open`, line)
      }
      if (account.delta < entry.delta) throw broken('its delta is above that of a merged one', line)
    }
    if (new Set(entry.merges).size !== entry.merges.length) throw broken('an account is merged twice', line)
  }

  #checkCharge(
    entry: EntryOf<'charge'>,
    study: EntryOf<'study'>,
    { line, derive }: { line: number | undefined; derive: boolean },
  ): void {
    if (this.isCharged(entry)) throw broken(`round ${entry.round} is charged twice`, line)
    if (roundKind(entry.round) === 'statistics' && study.statistics === undefined) {
      throw broken('the study has no round of statistics', line)
    }
    if (!sameTerms(termsIn(study, roundKind(entry.round)), entry)) throw broken("its terms are not the study's", line)
    if (!derive) return
    const { epsilon, total } = this.price(entry, { [roundKind(entry.round)]: 1 })
    if (differs(epsilon, entry.epsilon)) throw broken(`epsilon is ${epsilon} by now, not ${entry.epsilon}`, line)
    if (differs(total, entry.total)) throw broken(`the account's total is ${total} by now, not ${entry.total}`, line)
  }

  #open({ account, merges, records, delta }: EntryOf<'account'>): void {
    const rounds = new Map<string, Rounds>()
    for (const number of merges) {
      const merged = this.#account(number)
      merged.mergedInto = account
      for (const [study, count] of merged.rounds) rounds.set(study, plus(count, rounds.get(study) ?? NO_ROUNDS))
    }
    this.#accounts.set(account, { records, delta, rounds })
  }

  #begin(entry: EntryOf<'study'>): void {
    const { rounds } = this.#account(entry.account)
    rounds.set(entry.study, rounds.get(entry.study) ?? NO_ROUNDS)
    this.#studies.set(entry.study, entry)
  }

  /** The epsilons of study and account, each under its own delta, after `more` rounds of the study. */
  price(
    { account, study }: { account: number; study: string },
    more: Partial<Rounds>,
  ): { epsilon: number; total: number } {
    const terms = this.#begun(study)
    const { rounds, delta } = this.#account(account)
    const here = spendingOf(terms, plus(rounds.get(study) ?? NO_ROUNDS, more))
    const others = [...rounds].filter(([other]) => other !== study)
    const before = others.map(([other, count]) => spendingOf(this.#begun(other), count))
    const epsilon = chargedEpsilon(here, terms.delta)
    // shortcut: most accounts have one study, and its delta
    const alone = before.every(spending => spending.length === 0)
    const total = alone && delta === terms.delta ? epsilon : epsilonOfStudies([...before, here], delta)
    return { epsilon, total }
  }

  #begun(study: string): EntryOf<'study'> {
    const terms = this.#studies.get(study)
    if (terms === undefined) throw broken(`study ${study} has not begun`)
    return terms
  }

  /**
   * The number of further rounds of training that the budget allows: the study's own epsilon, and `totalMax` for the
   * account's total. Uncharged statistics are counted first, whether their round is still to come or was missed.
   */
  affordable({ account, study, totalMax }: { account: number; study: string; totalMax: number }): number {
    const terms = this.#begun(study)
    const statistics = this.statisticsToCome(study)
    const fits = (more: number): boolean => {
      const { epsilon, total } = this.price({ account, study }, { training: more, statistics })
      return epsilon <= terms.epsilon && total <= totalMax
    }
    const left = Math.max(0, terms.rounds - trainingCharges(this.charges(study)))
    if (fits(left)) return left
    let [fit, over] = [0, left]
    while (over - fit > 1) {
      const middle = Math.floor((fit + over) / 2)
      if (fits(middle)) fit = middle
      else over = middle
    }
    return fit
  }

  /** Rounds of statistics of the study that were not charged: one, or none. */
  statisticsToCome(study: string): number {
    return this.#begun(study).statistics === undefined || this.charges(study).some(isStatistics) ? 0 : 1
  }

  /** The open account into which an account was merged, directly or through others; itself if it is open. */
  current(account: number): number {
    const { mergedInto } = this.#account(account)
    return mergedInto === undefined ? account : this.current(mergedInto)
  }

  study(study: string): EntryOf<'study'> | undefined {
    return this.#studies.get(study)
  }

  isCharged({ study, sid }: { study: string; sid: string }): boolean {
    return this.#charged.has(`${study}/${sid}`)
  }

  /** The charges of a study, in the order of the ledger. */
  charges(study: string): EntryOf<'charge'>[] {
    return [...this.#charged.values()].filter(charge => charge.study === study)
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

  /** The balance of every open account. */
  balances(): AccountBalance[] {
    const open = [...this.#accounts].filter(([, { mergedInto }]) => mergedInto === undefined)
    return open.map(([account, { records, delta, rounds }]) => {
      const studies = [...rounds].map(([study, count]) => ({ study, name: this.#begun(study).name, rounds: count }))
      const spending = studies.map(one => spendingOf(this.#begun(one.study), one.rounds))
      return { account, records, delta, epsilon: epsilonOfStudies(spending, delta), studies }
    })
  }

  #account(account: number): Account {
    const found = this.#accounts.get(account)
    if (found === undefined) throw broken(`there is no account ${account}`)
    return found
  }
}

function sameStudy(a: EntryOf<'study'>, b: EntryOf<'study'>): boolean {
  return sameTerms(a, b) && a.statistics?.noiseMultiplier === b.statistics?.noiseMultiplier
}

function differs(derived: number, written: number): boolean {
  return Math.abs(derived - written) > EPSILON_TOLERANCE * Math.max(1, derived)
}

function isStatistics({ round }: EntryOf<'charge'>): boolean {
  return roundKind(round) === 'statistics'
}
