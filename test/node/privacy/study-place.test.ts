// Claims of node/privacy/study-place.ts: a study's place counts the studies that were charged to the same account before it,
// by the ledger; another population's studies, and those that were only begun, are in no count.

import test from 'ava'
import { placeSentence, placeText, studyPlace } from '../../../node/privacy/study-place.ts'
import type { EntryOf } from '../../../protocols/ledger/entry.ts'
import { LedgerState } from '../../../protocols/ledger/ledger.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import { testSigners } from '../../helpers/study/study.ts'

const at = '2026-01-01T00:00:00.000Z'
const [PEER, NEW] = testSigners(2).map(({ id }) => peerString(id)) as [string, string]
const id = (digit: string) => digit.repeat(64)
const hospital = (over: Partial<EntryOf<'hospital'>> = {}): EntryOf<'hospital'> => ({
  ...{ kind: 'hospital', format: 2, at, account: 1, closes: [], peer: PEER, delta: 1e-5, ...over },
})
const begun = (study: string, account = 1): EntryOf<'study'> => ({
  ...{
    kind: 'study',
    at,
    account,
    study: id(study),
    name: `Study ${study}`,
    sampleRate: 2 ** 29,
    noiseMultiplier: 1.5,
  },
  ...{ delta: 1e-5, epsilon: 3, rounds: 100, colluders: 1 },
})

function charge(ledger: LedgerState, digit: string, { round = 1, account = 1 } = {}): void {
  const place = { account, study: id(digit), subAccount: 'training' as const }
  const { sampleRate, noiseMultiplier } = ledger.study(place.study) as EntryOf<'study'>
  ledger.add({
    ...{ kind: 'charge', at, ...place, round, sid: `${digit}${round}`.padStart(64, '0') },
    ...{ sampleRate, noiseMultiplier, contributors: 4, ...ledger.price(place, { training: 1 }) },
  })
}

const placeOf = (ledger: LedgerState, study: string, population: string | null = null) =>
  studyPlace(ledger, { study: id(study), population })

test('a study comes after those that were charged before it, whatever was begun and never charged', t => {
  const ledger = LedgerState.of([hospital(), begun('a'), begun('b'), begun('c')])
  t.is(placeOf(LedgerState.of([]), 'a').number, 1)
  t.is(placeOf(ledger, 'c').number, 1)
  charge(ledger, 'a')
  charge(ledger, 'b')
  charge(ledger, 'a', { round: 2 })
  t.is(placeOf(ledger, 'a').number, 1)
  t.is(placeOf(ledger, 'b').number, 2)
  t.is(placeOf(ledger, 'c').number, 3)
  t.is(placeOf(ledger, 'd').number, 3, 'the ledger does not know it yet')
  t.deepEqual(
    placeOf(ledger, 'd').before.map(({ name }) => name),
    ['Study a', 'Study b'],
  )
})

test('studies of another population are in no count, and those under a former key of the hospital are', t => {
  const ledger = LedgerState.of([
    hospital(),
    begun('a'),
    hospital({ account: 2, population: 'Children' }),
    begun('b', 2),
  ])
  charge(ledger, 'a')
  t.is(placeOf(ledger, 'd', 'Children').number, 1)
  charge(ledger, 'b', { account: 2 })
  t.is(placeOf(ledger, 'd').number, 2)
  t.is(placeOf(ledger, 'd', 'Children').number, 2)
  t.is(placeOf(ledger, 'd', 'Adults').number, 1)
  ledger.add(hospital({ account: 3, closes: [1], peer: NEW }))
  t.is(placeOf(ledger, 'd').number, 2)
})

test('a place is said as people say it', t => {
  const words = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(number => placeText({ number }).split(' ')[1])
  t.deepEqual(words, ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '101st', '111th'])
  const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => ({ study: id(name), name: `Study ${name}` }))
  t.is(
    placeSentence({ number: 4, before: before.slice(0, 3), population: null }),
    'It is the 4th study on these patients: 3 were charged to the account of the hospital before (Study a, Study b, Study c).',
  )
  t.regex(
    placeSentence({ number: 8, before, population: 'Children' }),
    /population "Children".*\(2 more, then Study c,/,
  )
  t.regex(placeSentence({ number: 1, before: [], population: null }), /1st study.*nothing has been charged/)
})
