/** A store that writes its charges to the ledger first, reads them from there, and charges what the ledger lacks. @module */

import type { MissingCharge } from '../../protocols/ledger/missing-charges.ts'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import { decodeChange } from '../../protocols/roster/change.ts'
import { peerString } from '../../protocols/roster/roster.ts'
import type { Entry } from '../../protocols/round/effects.ts'
import { decodeLink, type Link } from '../../protocols/transcript/link.ts'
import type { SavedRound, Store } from '../storage/store.ts'
import type { PrivacyAccount } from './account.ts'

export interface ChargedStoreOptions {
  /** this hospital's peer id */
  readonly peer: string
  /** as `reconcile` found: until this node reserves a round of its own, every round that is fetched counts as charged */
  readonly restored: boolean
  /** told of charges that were added because the ledger lacked them, besides those of the steps themselves */
  readonly added: (charges: readonly MissingCharge[]) => void
  /** told when the first reservation after a restore is durable: from then on ledger and store are of one time */
  readonly settled?: () => Promise<void>
}

/**
 * Compares a study's ledger and store at the start, and charges what the ledger lacks.
 *
 * @param marked whether the folder is known to be restored: see restored-mark.ts
 * @returns whether one of both was restored from an older copy; what was charged
 */
export async function reconcile(
  store: Pick<Store, 'head' | 'links'>,
  account: PrivacyAccount,
  marked = false,
): Promise<{ restored: boolean; added: readonly MissingCharge[] }> {
  const saved = await store.head(account.context)
  const restored = marked || isRestored(saved, account)
  const links = (await store.links(0, Number.MAX_SAFE_INTEGER)).map(decodeLink)
  const missing = await account.addMissing(links, { restored })
  const charged = new Set(account.charges().map(({ round }) => round))
  // the round in progress, which has no link yet
  const released = saved.charges.filter(({ round }) => !charged.has(round))
  await account.enter(released.map(charge => ({ kind: 'charge', ...charge })))
  return { restored, added: [...missing, ...released] }
}

/**
 * Whether a store and a ledger are of different times: a charge in the store that the ledger lacks, or charges of rounds
 * that the store has not reached. A crash between both writes leaves the ledger ahead by the round in progress alone.
 */
function isRestored({ head, tail, charges, own }: SavedRound, account: PrivacyAccount): boolean {
  const charged = account.charges().map(({ round }) => round)
  if (charges.some(({ round }) => !charged.includes(round))) return true
  const isNew = charges.length === 0 && own.size === 0 && tail === null
  return charged.some(round => round > head.round || (isNew && round === head.round))
}

/** Wraps the store of a study. */
export function chargedStore(
  store: Store,
  account: PrivacyAccount,
  { peer, restored, added, settled }: ChargedStoreOptions,
): Store {
  let fetching = restored

  /** Before links are stored: afterwards nothing would show that rounds beside them are lacking. */
  async function compare(links: readonly Link[], entries: readonly Entry[]): Promise<void> {
    const before = (await store.links(0, Number.MAX_SAFE_INTEGER)).map(decodeLink)
    const missing = await account.addMissing([...before, ...links], { restored: fetching })
    const known = entries.flatMap(entry => (entry.kind === 'charge' ? [entry.round] : []))
    const besides = missing.filter(({ round }) => !known.includes(round))
    if (besides.length > 0) added(besides)
  }

  async function write(entries: readonly Entry[]): Promise<void> {
    const links = entries.flatMap(entry => (entry.kind === 'link' ? [entry.link] : []))
    const forgotten = entries.some(entry => entry.kind === 'charge' && !account.isReserved(entry))
    if (links.length > 0 && (fetching || forgotten || links.some(link => makesUs(link, peer)))) {
      await compare(links, entries)
    }
    await account.enter(entries)
    await store.write(entries)
    if (!fetching || !entries.some(({ kind }) => kind === 'reserve')) return
    await settled?.()
    fetching = false
  }

  return {
    ...store,
    write,
    head: async context => ({ ...(await store.head(context)), charges: account.charges() }),
  }
}

/** Whether a link replaces another hospital's key by ours. */
function makesUs({ value }: Link, peer: string): boolean {
  const decoded = decodeResultValue(value)
  if (decoded.outcome !== 'result' || decoded.change === null) return false
  const change = decodeChange(decoded.change)
  return change.kind === 'rotate' && peerString(change.hospital.id) === peer
}
