// Claims: a data set that shares any record with an earlier one goes on with its account, whatever was added, left out,
// relabelled or reordered; one that shares none has its own; sets that meet are merged and nothing is forgotten; a round
// is charged once, before the store has it, and restarts count from the ledger; a lost key or set is refused.

import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { RECORD_HASH_BYTES, recordHashes } from '../../../node/datasets/record-hash.ts'
import { chargedStore, PrivacyAccount } from '../../../node/privacy/account.ts'
import { privacyReport, projections } from '../../../node/privacy/report.ts'
import type { Store } from '../../../node/storage/store.ts'
import { hex } from '../../../protocols/immutable.ts'
import type { Entry } from '../../../protocols/round/effects.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { epsilonsOf } from '../../helpers/study/epsilons.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const now = () => '2026-01-01T00:00:00.000Z'
const folderOf = () => mkdtemp(join(tmpdir(), 'confrere-account-'))

/** Records that are told apart by one number each. */
function dataset(numbers: readonly number[], labels = numbers.map(() => 0)): Dataset {
  const inputs = Float32Array.from(numbers.flatMap(number => [number, number / 2, 0]))
  return { count: numbers.length, shape: [3], inputs, labels: Uint8Array.from(labels) }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const signers = testSigners(4)
function studyOf(name: string, privacy: Partial<StudyDocument['privacy']> = {}): StudyDocument {
  const base = { clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 1.2, delta: 1e-5, epsilon: 3, colluders: 1 }
  return { ...testStudy(signers, { rounds: 40 }), name, privacy: { noise: 'distributed', ...base, ...privacy } }
}

const open = (folder: string, records: Dataset, document = studyOf('One'), epsilonMax = 8) =>
  PrivacyAccount.open({
    ...{ folder, document, study: hex(studyIdOf(document)), epsilonMax, now },
    hashes: async key => recordHashes(records, key),
  })

const chargeOf = (round: number): Entry => ({
  ...{ kind: 'charge', round, sid: new Uint8Array(32).fill(round), contributors: 4 },
})

/** Charges so many rounds, and closes. */
async function spend(folder: string, records: Dataset, rounds: readonly number[], document = studyOf('One')) {
  const account = await open(folder, records, document)
  for (const round of rounds) await account.enter([chargeOf(round)])
  const total = account.total()
  await account.close()
  return total
}

test('the hashes tell values and shapes, not labels or order, and nothing without the key', t => {
  const [key, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const hashes = recordHashes(dataset([3, 1, 2], [0, 1, 0]), key)
  t.is(hashes.length, 3 * RECORD_HASH_BYTES)
  t.deepEqual(recordHashes(dataset([2, 3, 1], [1, 1, 1]), key), hashes)
  t.notDeepEqual(recordHashes(dataset([3, 1, 2]), other), hashes)
  t.notDeepEqual(recordHashes({ ...dataset([3, 1, 2]), shape: [3, 1] }, key), hashes)
  t.notDeepEqual(recordHashes(dataset([3, 1, 4]), key), hashes)
})

test('the same records go on with their account; adding, leaving out and relabelling resets nothing', async t => {
  const folder = await folderOf()
  const first = await spend(folder, dataset(range(0, 20)), [1, 2, 3])
  t.true(first > 0)
  t.is(await spend(folder, dataset(range(0, 20), range(0, 20)), []), first)
  t.is(await spend(folder, dataset(range(5, 15)), []), first, 'a part of them')
  t.is(await spend(folder, dataset(range(0, 21)), []), first, 'one more')
  t.true((await spend(folder, dataset(range(19, 40)), [4])) > first, 'one of them among others')
  const account = await open(folder, dataset(range(0, 20)))
  const [balance, ...rest] = account.books.balances()
  t.deepEqual(rest, [])
  t.is(balance?.records, 40)
  t.is(account.charges().length, 4)
  await account.close()
})

test('other records have an account of their own, until a data set joins them', async t => {
  const folder = await folderOf()
  const one = await spend(folder, dataset(range(0, 10)), [1, 2, 3, 4])
  const other = await spend(folder, dataset(range(10, 20)), [5], studyOf('Two'))
  t.true(other < one)
  const account = await open(folder, dataset(range(8, 12)), studyOf('Two'))
  t.is(account.books.balances().length, 1)
  t.true(account.total() > one, 'both were spent, perhaps for the same patients')
  await account.close()
})

test('what was spent in an earlier study leaves less for the next one', async t => {
  const folder = await folderOf()
  const records = dataset(range(0, 10))
  const alone = await open(await folderOf(), records, studyOf('Two'), 3)
  t.is(alone.chargesMax(), 40)
  await spend(folder, records, range(1, 40))
  const after = await open(folder, records, studyOf('Two'), 3)
  t.true(after.chargesMax() < 40 && after.chargesMax() > 0, `${after.chargesMax()}`)
  const all = projections({ ledger: after.books, documents: new Map(), epsilonMax: 3 }, 1)
  const projected = all.find(({ name }) => name === 'Two')
  t.true(projected!.total > projected!.epsilon)
  await Promise.all([alone.close(), after.close()])
})

test('a round is charged once, in the ledger before the store, and counted from there', async t => {
  const folder = await folderOf()
  const document = studyOf('One')
  const account = await open(folder, dataset(range(0, 10)), document)
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
  const charged = chargedStore(store, account)
  const reserve: Entry = { kind: 'reserve', round: 1, sid: new Uint8Array(32).fill(1) }
  await charged.write([reserve])
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
  const documents = new Map([[hex(studyIdOf(document)), document]])
  const [spending] = privacyReport({ ledger: account.books, documents, epsilonMax: 8 }).accounts
  const [study] = spending!.studies
  const { model, colluding, alone } = epsilonsOf(document, { rounds: [4, 4] })
  t.deepEqual([study!.model, study!.colluding, study!.alone], [model, colluding, alone])
  t.true(study!.colludingRenyi > study!.colluding)
  await account.close()
})

test('a study that went on with other records is told with what it spent for each', async t => {
  const folder = await folderOf()
  await spend(folder, dataset(range(0, 10)), [1, 2, 3, 4, 5, 6])
  const after = await open(folder, dataset(range(20, 30)))
  await after.enter([chargeOf(7)])
  const { accounts } = privacyReport({ ledger: after.books, documents: new Map(), epsilonMax: 8 })
  for (const { epsilon, studies } of accounts) t.is(studies[0]!.colluding, epsilon)
  t.deepEqual(
    accounts.map(({ studies }) => studies[0]!.charged),
    [6, 1],
  )
  await after.close()
})

test('a record that stands twice in the data is told of', async t => {
  const account = await open(await folderOf(), dataset([1, 2, 2, 2]))
  t.is(account.repeated, 2)
  await account.close()
})

test('without the key, or an account’s records, nothing is spent', async t => {
  const records = dataset(range(0, 10))
  const lose = async (change: (privacy: string) => Promise<unknown>, code: string) => {
    const folder = await folderOf()
    await spend(folder, records, [1])
    await change(join(folder, 'privacy'))
    await t.throwsAsync(open(folder, records), { code })
    await t.throwsAsync(open(folder, records), { code }, 'nor at the second try')
  }
  await lose(privacy => rm(join(privacy, 'key')), 'record-key-missing')
  await lose(privacy => truncate(join(privacy, 'key'), 31), 'record-key-broken')
  await lose(privacy => rm(join(privacy, 'records-1')), 'record-set-missing')
  await lose(privacy => truncate(join(privacy, 'records-1'), 7), 'record-set-broken')
})

test('nothing in the folder is readable by others, or tells a record', async t => {
  const folder = await folderOf()
  await spend(folder, dataset(range(0, 10)), [1])
  const privacy = join(folder, 'privacy')
  for (const name of await readdir(privacy)) {
    t.is((await stat(join(privacy, name))).mode & 0o077, 0, name)
  }
  const ledger = await readFile(join(privacy, 'ledger'), 'utf8')
  const set = await readFile(join(privacy, 'records-1'))
  t.false(ledger.includes(set.subarray(0, RECORD_HASH_BYTES).toString('hex')))
  await writeFile(join(privacy, 'unrelated'), '')
})
