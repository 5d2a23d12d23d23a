/** The privacy account of a starting node: opened, compared with the transcript on the disk, and told of in the log. @module */

import type { MissingCharge } from '../../protocols/ledger/missing-charges.ts'
import type { Logger } from '../log.ts'
import { type AccountTerms, PrivacyAccount } from '../privacy/account.ts'
import { chargedStore, reconcile } from '../privacy/charged-store.ts'
import { populationText } from '../privacy/epsilon-text.ts'
import type { Ledger } from '../privacy/ledger-file.ts'
import { isMarkedRestored, settleRestored } from '../privacy/restored-mark.ts'
import type { SavedCharge, Store } from '../storage/store.ts'

export interface NodeAccount {
  readonly account: PrivacyAccount
  /** the store, with its charges in the ledger */
  readonly store: Store
  /** whether the store may lack messages that this hospital has sent: it, or the ledger, is of an older time */
  readonly forgetful: boolean
  /** says in the log whose account pays, and tells a started node of charges that its own steps did not make */
  follow(node: { charged(charge: SavedCharge): void }): void
}

/**
 * Opens a study's account in the node's ledger, and charges the rounds that its ledger lacks.
 *
 * @throws OperatorError as `PrivacyAccount.in`
 */
export async function openNodeAccount(
  { folder, ledger, level }: { folder: string; ledger: Ledger; level: Store },
  init: Omit<AccountTerms, 'now'>,
  log: Logger,
): Promise<NodeAccount> {
  const known = ledger.books.study(init.study) !== undefined
  // before the ledger names the study: so a ledger that names it and a store without this are of different times
  if (!known) await level.begin()
  const account = await PrivacyAccount.in(ledger, { ...init, now: () => new Date().toISOString() })
  const { study } = init
  const marked = await isMarkedRestored(folder, study)
  // a store of before this note has a trace of the study once something was said in it
  const lost = known && !(await level.hasBegun()) && !(await hasTrace(level, account))
  const { restored, added } = await reconcile(level, account, marked)
  logAdded(added, log)
  let told: ((charge: SavedCharge) => void) | undefined
  const store = chargedStore(level, account, {
    ...{ peer: init.peer, restored, settled: () => settleRestored(folder, study) },
    added: charges => {
      logAdded(charges, log)
      for (const charge of charges) told?.(charge)
    },
  })
  return {
    ...{ account, store, forgetful: restored || lost },
    follow: node => {
      logAccount(account, init, log)
      told = charge => node.charged(charge)
    },
  }
}

/** Whether a store has a message, a charge or a round of a study. */
async function hasTrace(store: Store, { context }: PrivacyAccount): Promise<boolean> {
  const { tail, own, charges } = await store.head(context)
  return tail !== null || own.size > 0 || charges.length > 0 || (await store.links(0, 1)).length > 0
}

/** Says which rounds were charged because the ledger lacked them. */
function logAdded(charges: readonly MissingCharge[], log: Logger): void {
  if (charges.length === 0) return
  const rounds = charges.map(({ round }) => round)
  log.warn(
    { rounds },
    'the ledger lacked rounds of the transcript, as after a restore: they count as charged from now on',
  )
}

/** Says whose account pays, and what was spent from it. */
function logAccount(
  account: PrivacyAccount,
  { population, epsilonMax }: Pick<AccountTerms, 'population' | 'epsilonMax'>,
  log: Logger,
) {
  const known = { account: account.account, population, epsilon: account.total(), epsilonMax }
  log.info(known, `the privacy account is that of ${populationText(population)}`)
}
