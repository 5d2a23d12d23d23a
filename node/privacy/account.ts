/**
 * A node's privacy account in one study: there is one for the hospital, and one for each population that its operator
 * declares by name. Reports what is left, reserves and charges.
 *
 * @module
 */

import { type EntryOf, LEDGER_FORMAT } from '../../protocols/ledger/entry.ts'
import type { LedgerState } from '../../protocols/ledger/ledger.ts'
import { type MissingCharge, missingCharges } from '../../protocols/ledger/missing-charges.ts'
import { termsIn, termsOfStudy } from '../../protocols/ledger/spending.ts'
import { createRoster } from '../../protocols/roster/roster.ts'
import type { Entry } from '../../protocols/round/effects.ts'
import { keepsSidesApart } from '../../protocols/study/epsilons.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import { mainCharges, mainKind, mainRounds, roundKind } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { StudyContext } from '../../protocols/transcript/head.ts'
import type { Link } from '../../protocols/transcript/link.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { SavedCharge } from '../storage/store.ts'
import { Ledger } from './ledger-file.ts'

export interface AccountInit {
  /** the data folder */
  readonly folder: string
  readonly document: StudyDocument
  /** hex */
  readonly study: string
  /** the hospital's peer id */
  readonly peer: string
  /** a population with an account of its own, by its name; null: all other patients of the hospital */
  readonly population: string | null
  /** this hospital's own cap on the epsilon of one unit, over all studies of the account */
  readonly epsilonMax: number
  /** ISO 8601, UTC */
  readonly now: () => string
  /** whether the data folder's store knows of rounds, so that a ledger without entries was lost */
  readonly roundsKnown: boolean
}

/** What an account is opened with where the ledger is open already. */
export type AccountTerms = Omit<AccountInit, 'folder'>

export class PrivacyAccount {
  readonly #ledger: Ledger
  readonly #init: AccountTerms
  readonly #account: number

  private constructor(ledger: Ledger, init: AccountTerms, account: number) {
    this.#ledger = ledger
    this.#init = init
    this.#account = account
  }

  /**
   * Opens the account in a node's ledger, and begins the study there. Accounts of format 1 become the hospital's one account;
   * an account under the hospital's former key goes on under its new one. Either takes one line of the file.
   *
   * @throws OperatorError `ledger-missing`, exit code 8
   */
  static async in(ledger: Ledger, init: AccountTerms): Promise<PrivacyAccount> {
    if (init.roundsKnown && ledger.isEmpty) throw ledgerMissing(ledger.file)
    await ledger.enter(
      ledger => carriedOver(ledger, init),
      ledger => opening(ledger, init),
    )
    const { account } = ledger.books.accountOf(init.population) as { account: number }
    await ledger.enter(ledger => beginning(ledger, account, init))
    return new PrivacyAccount(ledger, init, account)
  }

  /** Opens a ledger for one account alone. @throws OperatorError as `Ledger.open` and `in` */
  static async open({ folder, ...init }: AccountInit): Promise<PrivacyAccount> {
    const ledger = await Ledger.open(folder)
    try {
      return await PrivacyAccount.in(ledger, init)
    } catch (error) {
      await ledger.close()
      throw error
    }
  }

  get books(): LedgerState {
    return this.#ledger.books
  }

  get account(): number {
    return this.#account
  }

  get population(): string | null {
    return this.#init.population
  }

  /** The study as the transcript begins. */
  get context(): StudyContext {
    const { document, study } = this.#init
    return { study: new Uint8Array(Buffer.from(study, 'hex')), founding: createRoster(document.hospitals), document }
  }

  /** Charges for this study, in the order of the ledger. */
  charges(): SavedCharge[] {
    return this.books.charges(this.#init.study).map(({ round, sid, contributors }) => {
      return { round, sid: new Uint8Array(Buffer.from(sid, 'hex')), contributors }
    })
  }

  /** Training rounds of this study that were charged or can be paid for. */
  chargesMax(): number {
    const { study, epsilonMax } = this.#init
    const left = this.books.affordable({ account: this.#account, study, totalMax: epsilonMax })
    return mainCharges(this.#init.document, this.books.charges(study)) + left
  }

  /** Whether a further round of training fits into the caps now. */
  paysNext(): boolean {
    const { study, epsilonMax } = this.#init
    const more = { training: 1, ...this.books.paidInAdvance(study) }
    return this.books.fits({ account: this.#account, study, totalMax: epsilonMax }, more)
  }

  /** The account's epsilon over all its studies. */
  total(): number {
    return this.books.balances().find(({ account }) => account === this.#account)?.epsilon ?? 0
  }

  /**
   * Enters the ledger's share of a step's entries. It is durable when this resolves, before the rest of the step.
   *
   * @throws OperatorError `privacy-budget-exhausted`, exit code 7, when a round to be reserved does not fit into the caps
   */
  async enter(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      if (entry.kind === 'reserve') await this.#ledger.enter(ledger => this.#reserve(ledger, entry))
      if (entry.kind === 'charge') await this.#ledger.enter(ledger => this.#charge(ledger, entry))
    }
  }

  /** Whether a charge follows a reservation, as every charge does that is entered before its release. */
  isReserved({ sid }: { sid: Uint8Array }): boolean {
    return this.books.reserved(this.#init.study)?.sid === Buffer.from(sid).toString('hex')
  }

  /**
   * Charges the rounds of the transcript that the ledger lacks: see `missingCharges`.
   *
   * @param links of the study, from its first round on, without a gap
   * @returns what was added
   */
  async addMissing(links: readonly Link[], { restored }: { restored: boolean }): Promise<readonly MissingCharge[]> {
    const { context, books: ledger } = this
    const missing = missingCharges(links, { context, ledger, peer: this.#init.peer, restored })
    await this.#ledger.enter(...missing.map(one => (ledger: LedgerState) => this.#charge(ledger, one)))
    return missing
  }

  #place({ round, sid }: { round: number; sid: Uint8Array }) {
    const { study, now } = this.#init
    return { at: now(), account: this.#account, study, round, sid: Buffer.from(sid).toString('hex') }
  }

  #reserve(ledger: LedgerState, entry: Extract<Entry, { kind: 'reserve' }>): EntryOf<'reserve'> {
    const { document, study, epsilonMax } = this.#init
    const place = this.#place(entry)
    const kind = roundKind(document, entry.round)
    const charges = ledger.charges(study)
    const more = kind === mainKind(document) ? { [kind]: 1, ...ledger.paidInAdvance(study) } : { [kind]: 1 }
    const isPaid = charges.some(({ round }) => round === entry.round)
    if (!isPaid && !ledger.fits({ account: this.#account, study, totalMax: epsilonMax }, more)) {
      throw budgetSpent(document, mainCharges(document, charges))
    }
    return { kind: 'reserve', ...place }
  }

  /** Charges a release once, even if a restart repeats it. */
  #charge(ledger: LedgerState, entry: MissingCharge): EntryOf<'charge'> | undefined {
    const place = this.#place(entry)
    if (ledger.isCharged(place)) return undefined
    const kind = roundKind(this.#init.document, place.round)
    const terms = termsIn(ledger.study(place.study) as EntryOf<'study'>, kind)
    const price = ledger.price(place, { [kind]: 1 })
    const { contributors } = entry
    const subAccount = kind === 'evaluation' ? 'validation' : 'training'
    return { kind: 'charge', ...place, ...terms, roundKind: kind, subAccount, contributors, ...price }
  }

  /** Closes the ledger, for all accounts. */
  async close(): Promise<void> {
    await this.#ledger.close()
  }
}

/** Accounts of format 1 become the hospital's one account, with all that was charged to any of them. */
function carriedOver(ledger: LedgerState, { peer, now }: AccountTerms): EntryOf<'hospital'> | undefined {
  const closes = ledger.formerAccounts()
  if (closes.length === 0) return undefined
  const delta = Math.min(...closes.map(number => ledger.deltaOf(number)))
  return { kind: 'hospital', format: LEDGER_FORMAT, at: now(), account: ledger.next, closes, peer, delta }
}

/** Opens the account of a population that has none, or lets it go on under the hospital's new key. */
function opening(
  ledger: LedgerState,
  { peer, population, document, now }: AccountTerms,
): EntryOf<'hospital'> | undefined {
  const before = ledger.accountOf(population)
  if (before?.peer === peer) return undefined
  const [closes, delta] =
    before === null ? [[], document.privacy.delta] : [[before.account], ledger.deltaOf(before.account)]
  const named = population === null ? {} : { population }
  return { kind: 'hospital', format: LEDGER_FORMAT, at: now(), account: ledger.next, closes, peer, ...named, delta }
}

/** A study begins once in each account. */
function beginning(
  ledger: LedgerState,
  account: number,
  { document, study, now }: AccountTerms,
): EntryOf<'study'> | undefined {
  if (ledger.hasBegun({ account, study })) return undefined
  const { copies, evaluation, name, unit, privacy } = document
  const { delta, epsilon, colluders } = privacy
  const terms = {
    ...termsOfStudy(document),
    ...(unit !== 'record' && { unit }),
    ...(evaluation !== null &&
      keepsSidesApart(document, copies) && { validationShare: evaluation.share / SAMPLE_RATE_ONE }),
    ...{ delta, epsilon, rounds: mainRounds(document), colluders },
  }
  return { kind: 'study', at: now(), account, study, name, ...terms }
}

function ledgerMissing(file: string): OperatorError {
  return new OperatorError(
    'ledger-missing',
    `The privacy ledger ${file} is gone or empty, and the store of this folder knows of rounds`,
    {
      hint: 'Restore the newest copy of the file, and start again: rounds after that copy are charged from the transcript.',
      exitCode: EXIT.verificationFailed,
    },
  )
}

/** What a node says when its budget is spent. */
export function budgetSpent(document: StudyDocument, charged: number): OperatorError {
  return new OperatorError(
    'privacy-budget-exhausted',
    `The privacy budget for "${document.name}" is spent after ${charged} rounds: the node takes part no more`,
    {
      hint: '"confrere privacy show" tells what was spent in which studies. A restart changes nothing: only a higher cap does.',
      exitCode: EXIT.budgetExhausted,
    },
  )
}
