/**
 * A node's privacy account in one study: finds the account of its records, reports what is left, reserves and charges.
 *
 * @module
 */

import type { EntryOf } from '../../protocols/ledger/entry.ts'
import type { LedgerState } from '../../protocols/ledger/ledger.ts'
import { termsIn, termsOfStudy } from '../../protocols/ledger/spending.ts'
import type { Entry } from '../../protocols/round/effects.ts'
import { roundKind, trainingCharges, trainingRounds } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { RECORD_HASH_BYTES } from '../datasets/record-hash.ts'
import type { SavedCharge, Store } from '../storage/store.ts'
import { Ledger } from './ledger-file.ts'
import { hashSet, RecordSets } from './record-sets.ts'

export interface AccountInit {
  /** the data folder */
  readonly folder: string
  readonly document: StudyDocument
  /** hex */
  readonly study: string
  /** this hospital's own cap on the epsilon of one record, over all its studies */
  readonly epsilonMax: number
  /** ISO 8601, UTC */
  readonly now: () => string
  /** keyed hashes of the node's records, sorted */
  readonly hashes: (key: Uint8Array) => Promise<Uint8Array>
}

export class PrivacyAccount {
  readonly #ledger: Ledger
  readonly #init: AccountInit
  readonly #account: number
  /** records that occur earlier in the data already */
  readonly repeated: number

  private constructor(ledger: Ledger, init: AccountInit, { account, repeated }: { account: number; repeated: number }) {
    this.#ledger = ledger
    this.#init = init
    this.#account = account
    this.repeated = repeated
  }

  /**
   * Opens the ledger, finds or opens the account of these records, and begins the study there.
   *
   * @throws OperatorError as `Ledger.open` and `RecordSets`
   */
  static async open(init: AccountInit): Promise<PrivacyAccount> {
    const ledger = await Ledger.open(init.folder)
    try {
      const sets = new RecordSets(init.folder)
      const hashes = await init.hashes(await sets.key(ledger.books.next > 1))
      const records = hashSet(hashes)
      const account = await accountOf(records, { ledger, sets, init })
      await ledger.enter(ledger => beginning(ledger, account, init))
      const repeated = hashes.length / RECORD_HASH_BYTES - records.size
      return new PrivacyAccount(ledger, init, { account, repeated })
    } catch (error) {
      await ledger.close()
      throw error
    }
  }

  get books(): LedgerState {
    return this.#ledger.books
  }

  /** Charges for this study, in the order of the ledger. */
  charges(): SavedCharge[] {
    return this.books.charges(this.#init.study).map(({ round, contributors }) => ({ round, contributors }))
  }

  /** Training rounds of this study that were charged or can be paid for. */
  chargesMax(): number {
    const { study, epsilonMax } = this.#init
    const left = this.books.affordable({ account: this.#account, study, totalMax: epsilonMax })
    return trainingCharges(this.books.charges(study)) + left
  }

  /** The account's epsilon over all its studies. */
  total(): number {
    return this.books.balances().find(({ account }) => account === this.#account)?.epsilon ?? 0
  }

  /** Enters the ledger's share of a step's entries. It is durable when this resolves, before the rest of the step. */
  async enter(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) {
      if (entry.kind === 'reserve') await this.#ledger.enter(() => ({ kind: 'reserve', ...this.#place(entry) }))
      if (entry.kind === 'charge') await this.#ledger.enter(ledger => this.#charge(ledger, entry))
    }
  }

  #place({ round, sid }: { round: number; sid: Uint8Array }) {
    const { study, now } = this.#init
    return { at: now(), account: this.#account, study, round, sid: Buffer.from(sid).toString('hex') }
  }

  /** Charges a release once, even if a restart repeats it. */
  #charge(ledger: LedgerState, entry: Extract<Entry, { kind: 'charge' }>): EntryOf<'charge'> | undefined {
    const place = this.#place(entry)
    if (ledger.isCharged(place)) return undefined
    const kind = roundKind(place.round)
    const terms = termsIn(ledger.study(place.study) as EntryOf<'study'>, kind)
    const price = ledger.price(place, { [kind]: 1 })
    return { kind: 'charge', ...place, ...terms, contributors: entry.contributors, ...price }
  }

  async close(): Promise<void> {
    await this.#ledger.close()
  }
}

/** The account of a set of records: the one that knows them all, or a new one that replaces all that know some. */
async function accountOf(
  records: ReadonlySet<string>,
  { ledger, sets, init }: { ledger: Ledger; sets: RecordSets; init: AccountInit },
): Promise<number> {
  const touched: { account: number; known: Set<string> }[] = []
  for (const { account } of ledger.books.balances()) {
    const known = await sets.read(account)
    if ([...records].some(record => known.has(record))) touched.push({ account, known })
  }
  const [only] = touched
  if (only !== undefined && touched.length === 1 && [...records].every(record => only.known.has(record))) {
    return only.account
  }
  const union = new Set([...touched.flatMap(({ known }) => [...known]), ...records])
  const account = ledger.books.next
  const merges = touched.map(({ account }) => account)
  const deltas = merges.map(number => ledger.books.deltaOf(number))
  const delta = Math.min(init.document.privacy.delta, ...deltas)
  await sets.write(account, union)
  await ledger.enter(() => ({ kind: 'account', at: init.now(), account, merges, records: union.size, delta }))
  return account
}

/** A study begins once in each account. */
function beginning(
  ledger: LedgerState,
  account: number,
  { document, study, now }: AccountInit,
): EntryOf<'study'> | undefined {
  if (ledger.study(study)?.account === account) return undefined
  const { name, privacy } = document
  const { delta, epsilon, colluders } = privacy
  const terms = { ...termsOfStudy(document), delta, epsilon, rounds: trainingRounds(document), colluders }
  return { kind: 'study', at: now(), account, study, name, ...terms }
}

/** A store that writes its charges to the ledger first, and reads them from there. */
export function chargedStore(store: Store, account: PrivacyAccount): Store {
  const charged = async (entries: readonly Entry[]): Promise<void> => {
    await account.enter(entries)
    await store.write(entries)
  }
  return {
    ...store,
    write: charged,
    head: async context => ({ ...(await store.head(context)), charges: account.charges() }),
  }
}
