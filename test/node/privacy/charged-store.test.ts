// Claims: charges are in the ledger before the store has them, and are read from there; a crash between both leaves them
// with the hospital's account, whatever the records of the next start are; a ledger or a store that was restored from an
// older copy is found at the start, or while rounds are fetched, and the rounds that are lacking are charged and told of.

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { PrivacyAccount } from '../../../node/privacy/account.ts'
import { chargedStore, reconcile } from '../../../node/privacy/charged-store.ts'
import { privacyReport } from '../../../node/privacy/report.ts'
import { openStore, type Store } from '../../../node/storage/store.ts'
import { hex } from '../../../protocols/immutable.ts'
import type { LedgerEntry } from '../../../protocols/ledger/entry.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import type { Entry } from '../../../protocols/round/effects.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import type { Link } from '../../../protocols/transcript/link.ts'
import { epsilonsOf } from '../../helpers/study/epsilons.ts'
import { resultLink, sidOf, voidLink } from '../../helpers/study/links.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const ALL = [0, 1, 2, 3]
const [newcomer, ...founders] = testSigners(5)
const privacy = { clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 1.2, delta: 1e-5, epsilon: 3, colluders: 1 }
const DOCUMENT = { ...testStudy(founders, { rounds: 40 }), privacy: { noise: 'distributed' as const, ...privacy } }
const STUDY = studyIdOf(DOCUMENT)
const PEER = peerString(DOCUMENT.hospitals[0]!.id)
const folderOf = () => mkdtemp(join(tmpdir(), 'confrere-charged-store-'))

function open(folder: string, { document = DOCUMENT, peer = PEER, roundsKnown = false } = {}): Promise<PrivacyAccount> {
  const paying = { epsilonMax: 8, peer, population: null, roundsKnown, now: () => '2026-01-01T00:00:00.000Z' }
  return PrivacyAccount.open({ folder, document, study: hex(studyIdOf(document)), ...paying })
}

const chargeOf = (round: number): Entry => ({ kind: 'charge', round, sid: sidOf(round), contributors: 4 })
const reserveOf = (round: number): Entry => ({ kind: 'reserve', round, sid: sidOf(round) })
const linkOf = (link: Link): Entry => ({ kind: 'link', link })
const rounds = (account: PrivacyAccount) => account.charges().map(({ round }) => round)

/** A store and an account in two folders, so that each may be of another time. */
async function pair(
  t: { teardown: (fn: () => Promise<void>) => void },
  peer = PEER,
): Promise<{ store: Store; account: PrivacyAccount; folder: string }> {
  const folder = await folderOf()
  const [store, account] = [await openStore(await folderOf(), STUDY), await open(folder, { peer })]
  t.teardown(() => store.close())
  t.teardown(() => account.close())
  return { store, account, folder }
}

const wrapped = (store: Store, account: PrivacyAccount, { restored = false, peer = PEER } = {}) => {
  const told: number[] = []
  const added = (charges: readonly { round: number }[]) => told.push(...charges.map(({ round }) => round))
  return { charged: chargedStore(store, account, { peer, restored, added }), told }
}

test('a round is charged once, in the ledger before the store, and counted from there', async t => {
  const { account } = await pair(t)
  const written: number[] = []
  let failing = false
  const store = {
    write: async (entries: readonly Entry[]) => {
      written.push(account.charges().length)
      if (failing) throw new Error('the disk is full')
      return void entries
    },
    head: async () => ({ charges: [{ round: 99, contributors: 2 }] }),
  } as unknown as Store
  const { charged } = wrapped(store, account)
  await charged.write([reserveOf(1)])
  await charged.write([chargeOf(1)])
  await charged.write([chargeOf(1)])
  t.deepEqual(written, [0, 1, 1])
  failing = true
  await t.throwsAsync(charged.write([chargeOf(2)]), { message: /disk/ })
  const { charges } = await charged.head({} as never)
  t.deepEqual(
    charges.map(({ round }) => round),
    [1, 2],
    'a charge whose release may have happened counts',
  )
  const documents = new Map([[hex(STUDY), DOCUMENT]])
  const [spending] = privacyReport({ ledger: account.books, documents, epsilonMax: 8 }).accounts
  const [study] = spending!.studies
  const { model, colluding, alone } = epsilonsOf(DOCUMENT, { rounds: [4, 4] })
  t.deepEqual([study!.model, study!.colluding, study!.alone], [model, colluding, alone])
  t.true(study!.colludingRenyi > study!.colluding)
})

test('a crash between ledger and store leaves the charge with the hospital, whatever its next records are', async t => {
  const folder = await folderOf()
  const account = await open(folder)
  const store = { write: () => Promise.reject(new Error('power cut')), links: async () => [] } as unknown as Store
  const { charged } = wrapped(store, account)
  await account.enter([reserveOf(1)])
  await t.throwsAsync(charged.write([chargeOf(1)]))
  const total = account.total()
  t.true(total > 0)
  await account.close()
  const { contract } = DOCUMENT
  const document = { ...DOCUMENT, name: 'Of other records', contract: { ...contract, classes: ['x', 'y', 'z'] } }
  const after = await open(folder, { document: document as typeof DOCUMENT, roundsKnown: true })
  t.is(after.total(), total)
  t.is(after.books.balances().length, 1)
  await after.close()
})

test('a ledger and a store of one time lack nothing, whatever the transcript holds', async t => {
  const { store, account } = await pair(t)
  t.deepEqual(await reconcile(store, account), { restored: false, added: [] })
  const { charged, told } = wrapped(store, account)
  await charged.write([reserveOf(1)])
  await charged.write([chargeOf(1)])
  // the ledger alone is ahead by the round in progress
  t.deepEqual(await reconcile(store, account), { restored: false, added: [] })
  await charged.write([linkOf(resultLink(1, ALL))])
  for (const link of [voidLink(2), voidLink(3, { opened: true }), resultLink(4, [1, 2, 3])]) {
    await charged.write([linkOf(link)])
  }
  await charged.write([reserveOf(5)])
  await charged.write([chargeOf(5), linkOf(resultLink(5, ALL))])
  t.deepEqual(await reconcile(store, account), { restored: false, added: [] })
  t.deepEqual([rounds(account), told], [[1, 5], []])
})

test('a ledger that is older than the store is made up for at the start, also for the round in progress', async t => {
  const { store, account } = await pair(t)
  const links = [resultLink(1, ALL), voidLink(2), resultLink(3, [1, 2, 3]), resultLink(4, ALL), voidLink(5)]
  for (const link of links) await store.write([linkOf(link)])
  await store.write([chargeOf(6)])
  await account.enter([chargeOf(1)])
  const { restored, added } = await reconcile(store, account)
  t.true(restored)
  t.deepEqual(
    added.map(({ round }) => round),
    [2, 3, 4, 5, 6],
  )
  t.deepEqual(rounds(account), [1, 2, 3, 4, 5, 6])
  t.deepEqual(await reconcile(store, account), { restored: false, added: [] }, 'once')
})

test('without the store, every round that is fetched after the last entry counts until a round is reserved', async t => {
  const { store, account } = await pair(t)
  await account.enter([chargeOf(1), chargeOf(2)])
  const { restored, added } = await reconcile(store, account)
  t.deepEqual([restored, added], [true, []])
  const { charged, told } = wrapped(store, account, { restored })
  await charged.write([resultLink(1, ALL), resultLink(2, ALL), voidLink(3)].map(linkOf))
  await charged.write([voidLink(4)].map(linkOf))
  t.deepEqual(
    [rounds(account), told],
    [
      [1, 2, 3, 4],
      [3, 4],
    ],
  )
  await charged.write([reserveOf(5)])
  await charged.write([linkOf(voidLink(5))])
  t.deepEqual(rounds(account), [1, 2, 3, 4])
})

test('a ledger and a store restored together are found out by the first RESULT of ours that is fetched', async t => {
  const { store, account } = await pair(t)
  const { charged, told } = wrapped(store, account)
  await charged.write([reserveOf(1)])
  await charged.write([chargeOf(1)])
  await charged.write([linkOf(resultLink(1, ALL))])
  await charged.write([voidLink(2), voidLink(3)].map(linkOf))
  t.deepEqual(rounds(account), [1])
  // what a catch-up writes: the charge that it finds forgotten, and the links
  await charged.write([chargeOf(4), linkOf(resultLink(4, ALL)), linkOf(voidLink(5))])
  t.deepEqual(rounds(account), [1, 2, 3, 4, 5])
  t.deepEqual(told, [2, 3, 5], 'of the charge itself the step tells')
})

test('under a new key without the ledger of the old one, what the old one released is charged when the rotation comes', async t => {
  const id = newcomer!.id
  const { store, account } = await pair(t, peerString(id))
  const { charged, told } = wrapped(store, account, { peer: peerString(id) })
  await charged.write([resultLink(1, ALL), voidLink(2)].map(linkOf))
  t.deepEqual(rounds(account), [], 'it may be anyone')
  const hospital = { id, name: 'New', addresses: [] }
  const rotation = resultLink(3, ALL, { kind: 'rotate', id: DOCUMENT.hospitals[0]!.id, hospital })
  await charged.write([linkOf(rotation)])
  t.deepEqual(
    [rounds(account), told],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
  )
})

test('what was added is in the ledger as any charge, and verifies', async t => {
  const { store, account, folder } = await pair(t)
  for (const link of [resultLink(1, ALL), voidLink(2)]) await store.write([linkOf(link)])
  await reconcile(store, account)
  await account.close()
  const { readLedgerFile, ledgerPath } = await import('../../../node/privacy/ledger-file.ts')
  const { entries } = await readLedgerFile(ledgerPath(folder))
  const charges = entries.filter((entry): entry is Extract<LedgerEntry, { kind: 'charge' }> => entry.kind === 'charge')
  t.deepEqual(
    charges.map(({ round, subAccount }) => [round, subAccount]),
    [
      [1, 'training'],
      [2, 'training'],
    ],
  )
})
