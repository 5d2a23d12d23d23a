// Claims of one hospital's account: accounts of format 1 become one with all their charges; the account goes on under a
// new key; a population has an account of its own; the cap holds for training and validation each where every study keeps
// the patients apart at one share, and for their sum otherwise; the delta is the smallest of all studies.

import test from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { type EntryOf, LEDGER_START, ledgerLine, type SubAccount } from '../../../protocols/ledger/entry.ts'
import { LedgerState } from '../../../protocols/ledger/ledger.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import { testSigners } from '../../helpers/study/study.ts'

const at = '2026-01-01T00:00:00.000Z'
const [PEER, OTHER] = testSigners(2).map(({ id }) => peerString(id)) as [string, string]
const id = (digit: string) => digit.repeat(64)
const terms = { sampleRate: 2 ** 29, noiseMultiplier: 1.5 }

const hospital = (over: Partial<EntryOf<'hospital'>> = {}): EntryOf<'hospital'> => ({
  ...{ kind: 'hospital', format: 2, at, account: 1, closes: [], peer: PEER, delta: 1e-5, ...over },
})
const study = (over: Partial<EntryOf<'study'>> = {}): EntryOf<'study'> => ({
  ...{ kind: 'study', at, account: 1, study: id('a'), name: 'X-rays', ...terms },
  ...{ delta: 1e-5, epsilon: 3, rounds: 100, colluders: 1, ...over },
})

function charge(
  ledger: LedgerState,
  round: number,
  { subAccount = 'training', ...to }: { study?: string; account?: number; subAccount?: SubAccount } = {},
): void {
  const place = { account: 1, study: id('a'), subAccount, ...to }
  const { sampleRate, noiseMultiplier } = ledger.study(place.study) as EntryOf<'study'>
  ledger.add({
    ...{ kind: 'charge', at, ...place, round, sid: round.toString(16).padStart(64, '0') },
    ...{ sampleRate, noiseMultiplier, contributors: 4, ...ledger.price(place, { training: 1 }) },
  })
}

const epsilonOf = (steps: number, delta = 1e-5) =>
  pldEpsilon([{ sampleRate: 0.125, noiseMultiplier: 1.5, steps }], { delta })

test('the cap holds for each side where patients are kept apart, and for the sum otherwise', t => {
  for (const share of [0.2, undefined]) {
    const kept = share === undefined ? {} : { validationShare: share }
    const ledger = LedgerState.of([hospital(), study(kept)])
    for (let round = 1; round <= 6; round++) charge(ledger, round)
    for (let round = 7; round <= 9; round++) charge(ledger, round, { subAccount: 'validation' })
    const [balance] = ledger.balances()
    t.is(balance!.apart, share !== undefined)
    t.is(balance!.epsilon, epsilonOf(share === undefined ? 9 : 6))
    t.is(balance!.studies[0]!.rounds.validation.training, 3)
    const place = { account: 1, study: id('a'), totalMax: epsilonOf(10) }
    t.is(ledger.affordable(place), share === undefined ? 1 : 4)
    t.is(ledger.affordable({ ...place, subAccount: 'validation' }), share === undefined ? 1 : 7)
  }
})

test('a study that keeps nobody apart, or another share, makes the account count the sum of both sides', t => {
  for (const other of [{}, { validationShare: 0.3 }]) {
    const ledger = LedgerState.of([hospital(), study({ validationShare: 0.2 })])
    charge(ledger, 1)
    charge(ledger, 2, { subAccount: 'validation' })
    ledger.add(study({ study: id('b'), ...other }))
    t.true(ledger.balances()[0]!.apart, 'it has spent nothing yet')
    const before = ledger.balances()[0]!.epsilon
    charge(ledger, 3, { study: id('b') })
    const [balance] = ledger.balances()
    t.false(balance!.apart)
    const all = LedgerState.of([hospital(), study(), study({ study: id('b') })])
    for (const round of [1, 2]) charge(all, round)
    charge(all, 3, { study: id('b') })
    t.is(balance!.epsilon, all.balances()[0]!.epsilon)
    t.true(balance!.epsilon > before)
  }
  const same = LedgerState.of([
    hospital(),
    study({ validationShare: 0.2 }),
    study({ study: id('b'), validationShare: 0.2 }),
  ])
  charge(same, 1)
  charge(same, 2, { study: id('b'), subAccount: 'validation' })
  t.true(same.balances()[0]!.apart)
  t.is(same.balances()[0]!.epsilon, epsilonOf(1))
})

test('the delta of an account is the smallest that any of its studies promised, from then on', t => {
  const ledger = LedgerState.of([hospital(), study()])
  charge(ledger, 1)
  t.is(ledger.balances()[0]!.epsilon, epsilonOf(1))
  ledger.add(study({ study: id('b'), delta: 1e-7 }))
  const [balance] = ledger.balances()
  t.is(balance!.delta, 1e-7)
  t.is(balance!.epsilon, epsilonOf(1, 1e-7))
  ledger.add(study({ study: id('c'), delta: 1e-4 }))
  t.is(ledger.balances()[0]!.delta, 1e-7)
  t.is(ledger.price({ account: 1, study: id('a') }, {}).epsilon, epsilonOf(1), "the study's own stays")
})

test('a population has an account of its own, and one only', t => {
  const ledger = LedgerState.of([hospital(), study(), hospital({ account: 2, population: 'Site B' })])
  ledger.add(study({ account: 2, study: id('b') }))
  charge(ledger, 1)
  t.is(ledger.accountOf(null)?.account, 1)
  t.is(ledger.accountOf('Site B')?.account, 2)
  t.is(ledger.accountOf('site b'), null)
  t.deepEqual(
    ledger.balances().map(({ population, epsilon }) => [population, epsilon > 0]),
    [
      [null, true],
      ['Site B', false],
    ],
  )
  t.throws(() => ledger.add(hospital({ account: 3, population: 'Site B' })), {
    message: /Site B has account 2 already/,
  })
  t.throws(() => ledger.add(hospital({ account: 3 })), { message: /the hospital has account 1 already/ })
  t.throws(() => ledger.add(hospital({ account: 3, closes: [1, 2] })), { message: /of another population/ })
  for (const population of ['', ' x', 'x ', 'a\nb', 'x'.repeat(65)]) {
    t.throws(() => ledgerLine(LEDGER_START, hospital({ population })), { code: 'bad-ledger' })
  }
  for (const population of ['B', 'Klinik Süd', 'x'.repeat(64)]) {
    t.notThrows(() => ledgerLine(LEDGER_START, hospital({ population })))
  }
})

test('an account under a new key has all that was charged under the old one', t => {
  const ledger = LedgerState.of([hospital(), study()])
  for (const round of [1, 2, 3]) charge(ledger, round)
  const [before] = ledger.balances()
  ledger.add(hospital({ account: 2, closes: [1], peer: OTHER }))
  const [after, ...rest] = ledger.balances()
  t.deepEqual(rest, [])
  t.deepEqual(after, { ...before!, account: 2, peer: OTHER })
  t.throws(() => charge(ledger, 4), { message: /account 1 is closed/ })
  charge(ledger, 4, { account: 2 })
  t.is(ledger.balances()[0]!.epsilon, epsilonOf(4))
})

test('after a line of format 2 none of format 1 opens an account', t => {
  const ledger = LedgerState.of([hospital(), study()])
  const old: EntryOf<'account'> = { kind: 'account', at, account: 2, merges: [], records: 5, delta: 1e-5 }
  t.throws(() => ledger.add(old), { message: /format 1, after a line of format 2/ })
})

test('rounds that were never opened are charged each, though they have one sid', t => {
  const ledger = LedgerState.of([hospital(), study()])
  for (const round of [4, 5]) {
    const place = { account: 1, study: id('a'), round, sid: id('0') }
    ledger.add({ kind: 'charge', at, ...place, ...terms, contributors: 4, ...ledger.price(place, { training: 1 }) })
  }
  t.is(ledger.balances()[0]!.epsilon, epsilonOf(2))
})
