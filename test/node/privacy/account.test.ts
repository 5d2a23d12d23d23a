// Claims: there is one account for a hospital, whatever its records are; only a population that the operator names has
// another; accounts of format 1 become one with all their charges, by one line, and the file before it stays as it was;
// the account goes on under a new key; a round is charged once, and restarts count from the ledger; a reservation that
// the caps do not pay for is refused; a ledger that was lost is not begun anew.

import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { EXIT } from '../../../node/errors.ts'
import { PrivacyAccount } from '../../../node/privacy/account.ts'
import { createLedger, ledgerPath, readLedgerFile } from '../../../node/privacy/ledger-file.ts'
import { privacyReport, projections } from '../../../node/privacy/report.ts'
import { hex } from '../../../protocols/immutable.ts'
import { readLedger } from '../../../protocols/ledger/entry.ts'
import { LedgerState } from '../../../protocols/ledger/ledger.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import type { Entry } from '../../../protocols/round/effects.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const FORMAT_1 = join(import.meta.dirname, '../../vectors/ledger-format-1.txt')
const now = () => '2026-06-01T00:00:00.000Z'
const folderOf = () => mkdtemp(join(tmpdir(), 'confrere-account-'))
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

const signers = testSigners(4)
const [PEER, NEW_PEER] = signers.map(({ id }) => peerString(id)) as [string, string]
function studyOf(name: string, changes: Partial<StudyDocument['privacy']> = {}): StudyDocument {
  const base = { clippingNorm: 1, sampleRate: 2 ** 28, noiseMultiplier: 1.2, delta: 1e-5, epsilon: 3, colluders: 1 }
  return { ...testStudy(signers, { rounds: 40 }), name, privacy: { noise: 'distributed', ...base, ...changes } }
}

interface Opening {
  document?: StudyDocument
  epsilonMax?: number
  peer?: string
  population?: string | null
  roundsKnown?: boolean
}

function open(folder: string, { document = studyOf('One'), ...changes }: Opening = {}): Promise<PrivacyAccount> {
  const study = hex(studyIdOf(document))
  const defaults = { epsilonMax: 8, peer: PEER, population: null, roundsKnown: false }
  return PrivacyAccount.open({ folder, document, study, now, ...defaults, ...changes })
}

const sidOf = (round: number) => new Uint8Array(32).fill(round)
const chargeOf = (round: number): Entry => ({ kind: 'charge', round, sid: sidOf(round), contributors: 4 })

/** Charges so many rounds, and closes. */
async function spend(folder: string, rounds: readonly number[], opening: Opening = {}): Promise<number> {
  const account = await open(folder, opening)
  for (const round of rounds) await account.enter([chargeOf(round)])
  const total = account.total()
  await account.close()
  return total
}

test('studies of other sizes, formats and kinds of records all spend from one account', async t => {
  const folder = await folderOf()
  const shapes = [
    [28, 28, 1],
    [14, 14, 1],
    [28, 28, 3],
  ] as const
  let before = 0
  for (const [at, shape] of shapes.entries()) {
    const study = studyOf(`Images ${at}`)
    if (study.contract.kind !== 'image' && study.contract.kind !== 'vector') return t.fail()
    const contract = { ...testStudy(signers).contract, kind: 'image', shape } as StudyDocument['contract']
    const document = { ...study, contract }
    const total = await spend(folder, range(1, 11), { document })
    t.true(total > before, `${total}`)
    before = total
  }
  const { ledger } = await readLedgerFile(ledgerPath(folder))
  const [balance, ...rest] = ledger.balances()
  t.deepEqual(rest, [])
  t.is(balance!.studies.length, 3)
  t.is(balance!.population, null)
  t.is(balance!.peer, PEER)
})

test('only a population that the operator names has another account, and it is named wherever it is shown', async t => {
  const folder = await folderOf()
  const main = await spend(folder, range(1, 5))
  const other = await spend(folder, [5], { document: studyOf('Two'), population: 'Site B' })
  t.true(other > 0 && other < main)
  t.is(await spend(folder, []), main, 'the other’s charges are not its own')
  const account = await open(folder, { document: studyOf('Two'), population: 'Site B' })
  t.is(account.population, 'Site B')
  const { accounts } = privacyReport({ ledger: account.books, documents: new Map(), epsilonMax: 8 })
  t.deepEqual(
    accounts.map(({ population }) => population),
    [null, 'Site B'],
  )
  const all = projections({ ledger: account.books, documents: new Map(), epsilonMax: 8 }, 1)
  t.deepEqual(
    all.map(({ name, population }) => [name, population]),
    [
      ['One', null],
      ['Two', 'Site B'],
    ],
  )
  t.regex(await readFile(ledgerPath(folder), 'utf8'), /"population":"Site B"/)
  await account.close()
})

test('accounts of format 1 become one with all their charges, and nothing before that line changes', async t => {
  const folder = await folderOf()
  const old = await readFile(FORMAT_1, 'utf8')
  await createLedger(folder, old)
  const before = LedgerState.of(readLedger(old).entries)
  t.is(before.balances().length, 3, 'three sets of records')
  const seen = await readLedgerFile(ledgerPath(folder))
  t.is(seen.ledger.balances().length, 1, 'whoever reads it sees one account')
  t.is(await readFile(ledgerPath(folder), 'utf8'), old, 'and changes nothing')

  const account = await open(folder)
  const [balance, ...rest] = account.books.balances()
  t.deepEqual(rest, [])
  t.is(balance!.epsilon, seen.ledger.balances()[0]!.epsilon)
  t.is(balance!.delta, 1e-6, 'the smallest of all')
  const rounds = balance!.studies.map(({ name, rounds }) => [name, rounds.training.training])
  t.deepEqual(rounds.sort(), [
    ['One', 8],
    ['Two', 2],
  ])
  for (const one of before.balances()) t.true(balance!.epsilon > one.epsilon)
  t.is(account.charges().length, 8)
  t.is(account.books.reserved(hex(studyIdOf(studyOf('One'))))?.round, 99)
  await account.enter([chargeOf(9)])
  await account.close()

  const text = await readFile(ledgerPath(folder), 'utf8')
  t.true(text.startsWith(old))
  t.regex(text.slice(old.length), /^[0-9a-f]{64} \{"kind":"hospital","format":2,.*"closes":\[3,4,5\]/)
  // every epsilon of both formats follows
  t.is((await readLedgerFile(ledgerPath(folder))).ledger.balances().length, 1)
  await spend(folder, [])
  t.is(await readFile(ledgerPath(folder), 'utf8'), text, 'a second start carries nothing over')
})

test('a crash anywhere while it is carried over leaves the old accounts, and the next start carries them over', async t => {
  const folder = await folderOf()
  await createLedger(folder, await readFile(FORMAT_1, 'utf8'))
  const { size } = await stat(ledgerPath(folder))
  const whole = await spend(folder, [])
  const all = (await stat(ledgerPath(folder))).size
  for (let cut = size; cut < all; cut += 97) {
    await truncate(ledgerPath(folder), cut)
    t.is(await spend(folder, []), whole)
    t.is((await stat(ledgerPath(folder))).size, all)
  }
})

test('a named population does not take the old accounts along: they are the hospital’s', async t => {
  const folder = await folderOf()
  await createLedger(folder, await readFile(FORMAT_1, 'utf8'))
  t.is(await spend(folder, [], { population: 'Site B' }), 0)
  t.true((await spend(folder, [])) > 0)
})

test('the account goes on under a new key, with nothing given back', async t => {
  const [folder, next] = [await folderOf(), await folderOf()]
  const spent = await spend(folder, range(1, 8))
  await mkdir(join(next, 'privacy'))
  await copyFile(ledgerPath(folder), ledgerPath(next))
  t.is(await spend(next, [], { peer: NEW_PEER }), spent)
  const { ledger } = await readLedgerFile(ledgerPath(next))
  const [balance, ...rest] = ledger.balances()
  t.deepEqual(rest, [])
  t.is(balance!.peer, NEW_PEER)
  const before = await readFile(ledgerPath(next), 'utf8')
  t.is(await spend(next, [], { peer: NEW_PEER }), spent)
  t.is(await readFile(ledgerPath(next), 'utf8'), before)
})

test('the smallest delta of its studies holds for an account’s cap and for what is shown', async t => {
  const folder = await folderOf()
  const first = await spend(folder, range(1, 21))
  const small = studyOf('Two', { delta: 1e-9 })
  const account = await open(folder, { document: small, epsilonMax: 3 })
  t.true(account.total() > first)
  t.is(account.books.balances()[0]!.delta, 1e-9)
  const alone = await open(await folderOf(), { document: small, epsilonMax: 3 })
  t.true(account.chargesMax() < alone.chargesMax())
  await account.close()
  await alone.close()
})

test('what was spent in an earlier study leaves less for the next one', async t => {
  const folder = await folderOf()
  const two = { document: studyOf('Two'), epsilonMax: 3 }
  const alone = await open(await folderOf(), two)
  t.is(alone.chargesMax(), 40)
  await spend(folder, range(1, 40))
  const after = await open(folder, two)
  t.true(after.chargesMax() < 40 && after.chargesMax() > 0, `${after.chargesMax()}`)
  const all = projections({ ledger: after.books, documents: new Map(), epsilonMax: 3 }, 1)
  const projected = all.find(({ name }) => name === 'Two')
  t.true(projected!.total > projected!.epsilon)
  await Promise.all([alone.close(), after.close()])
})

test('a round that the caps do not pay for is not reserved; one that is charged already is', async t => {
  const folder = await folderOf()
  const account = await open(folder, { epsilonMax: 1.3 })
  const max = account.chargesMax()
  t.true(max > 0 && max < 40)
  for (let round = 1; round <= max; round++) {
    await account.enter([{ kind: 'reserve', round, sid: sidOf(round) }, chargeOf(round)])
  }
  const error = await t.throwsAsync(account.enter([{ kind: 'reserve', round: max + 1, sid: sidOf(99) }]))
  t.like(error, { code: 'privacy-budget-exhausted', exitCode: EXIT.budgetExhausted })
  await t.notThrowsAsync(account.enter([{ kind: 'reserve', round: max, sid: sidOf(98) }]))
  await account.close()
})

test('a ledger that is gone or empty, while the store knows of rounds, is refused again and again', async t => {
  for (const lose of [(file: string) => rm(file), (file: string) => truncate(file, 0)]) {
    const folder = await folderOf()
    await spend(folder, [1])
    await t.notThrowsAsync(spend(folder, [], { roundsKnown: true }))
    await lose(ledgerPath(folder))
    for (let start = 0; start < 2; start++) {
      const error = await t.throwsAsync(open(folder, { roundsKnown: true }))
      t.like(error, { code: 'ledger-missing', exitCode: EXIT.verificationFailed })
    }
  }
})

test('nothing in the folder is readable by others', async t => {
  const folder = await folderOf()
  await spend(folder, [1])
  await appendFile(ledgerPath(folder), '')
  const privacy = join(folder, 'privacy')
  t.deepEqual(await readdir(privacy), ['ledger'])
  t.is((await stat(ledgerPath(folder))).mode & 0o077, 0)
})
