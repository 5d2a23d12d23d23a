// Claims: the ledger's chain shows every change but a cut-off last write; every epsilon in it follows from the entries
// before, or the books refuse it; an account only grows, also when sets of records are joined; studies that follow one
// another add up order by order; a round is charged once; the caps of study and hospital both hold.

import test from 'ava'
import fc from 'fast-check'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { RDP_ORDERS, rdpEpsilon, rdpSubsampledGaussian, rdpToEpsilon } from '../../../crypto/accounting/rdp.ts'
import { CodedError } from '../../../crypto/errors.ts'
import {
  type EntryOf,
  LEDGER_START,
  type LedgerEntry,
  ledgerLine,
  readLedger,
} from '../../../protocols/ledger/entry.ts'
import { LedgerState } from '../../../protocols/ledger/ledger.ts'

const at = '2026-01-01T00:00:00.000Z'
const delta = 1e-5
const id = (digit: string) => digit.repeat(64)
const sidOf = (round: number) => round.toString(16).padStart(64, '0')

const account = (over: Partial<EntryOf<'account'>> = {}): EntryOf<'account'> => ({
  ...{ kind: 'account', at, account: 1, merges: [], records: 100, delta },
  ...over,
})
const study = (over: Partial<EntryOf<'study'>> = {}): EntryOf<'study'> => ({
  ...{ kind: 'study', at, account: 1, study: id('a'), name: 'Pneumonia', sampleRate: 2 ** 29, noiseMultiplier: 1.5 },
  ...{ delta, epsilon: 3, rounds: 100, colluders: 1, ...over },
})

/** Charges one more round, as a node does. */
function charge(ledger: LedgerState, round: number, to: { study?: string; account?: number } = {}): EntryOf<'charge'> {
  const place = { account: 1, study: id('a'), ...to }
  const { sampleRate, noiseMultiplier } = ledger.study(place.study) as EntryOf<'study'>
  const entry: EntryOf<'charge'> = {
    ...{
      kind: 'charge',
      at,
      ...place,
      round: round + 1,
      sid: sidOf(round),
      sampleRate,
      noiseMultiplier,
      contributors: 4,
    },
    ...ledger.price(place, { training: 1 }),
  }
  ledger.add(entry)
  return entry
}

function textOf(entries: readonly LedgerEntry[]): string {
  let hash = LEDGER_START
  let text = ''
  for (const entry of entries) {
    const next = ledgerLine(hash, entry)
    text += next.line
    hash = next.hash
  }
  return text
}

function spend(rounds: number): LedgerEntry[] {
  const entries: LedgerEntry[] = [account(), study()]
  const ledger = LedgerState.of(entries)
  for (let round = 0; round < rounds; round++) {
    const reserve = { kind: 'reserve', at, account: 1, study: id('a'), round, sid: sidOf(round) } as const
    ledger.add(reserve)
    entries.push(reserve, charge(ledger, round))
  }
  return entries
}

const bad = (t: { throws: (fn: () => unknown, e: object) => unknown }, fn: () => unknown, message: RegExp) =>
  t.throws(fn, { instanceOf: CodedError, code: 'bad-ledger', message })

test('a ledger comes back as it was written', t => {
  const entries = spend(5)
  const text = textOf(entries)
  const read = readLedger(text)
  t.deepEqual([...read.entries], entries)
  t.is(read.bytes, Buffer.byteLength(text))
  t.is(readLedger('').head, LEDGER_START)
})

test('any changed, missing, doubled or exchanged line is found', t => {
  const text = textOf(spend(6))
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 94 }), (place, shift) => {
      const code = text.charCodeAt(place)
      const changed = code < 32 ? 32 : 32 + ((code - 32 + shift) % 95)
      if (changed === code) return
      const forged = text.slice(0, place) + String.fromCharCode(changed) + text.slice(place + 1)
      // the end of the last line is what makes it one
      if (place === text.length - 1) t.is(readLedger(forged).entries.length, 13)
      else t.throws(() => readLedger(forged), { code: 'bad-ledger' })
    }),
    { numRuns: 500 },
  )
  const lines = text.trimEnd().split('\n')
  for (let line = 0; line + 1 < lines.length; line++) {
    const without = [...lines.slice(0, line), ...lines.slice(line + 1)]
    const twice = [...lines.slice(0, line + 1), ...lines.slice(line)]
    const swapped = [...lines.slice(0, line), lines[line + 1]!, lines[line]!, ...lines.slice(line + 2)]
    for (const forged of [without, twice, swapped]) bad(t, () => readLedger(`${forged.join('\n')}\n`), /line \d+: /)
  }
})

test('a write that was cut off anywhere is dropped, and nothing before it is', t => {
  const entries = spend(3)
  const text = textOf(entries)
  const whole = textOf(entries.slice(0, -1))
  for (let end = whole.length; end < text.length; end++) {
    const read = readLedger(text.slice(0, end))
    t.is(read.entries.length, entries.length - 1)
    t.is(read.bytes, Buffer.byteLength(whole))
  }
})

test('an account of one study has the epsilon of its rounds, and never goes down', t => {
  const entries = spend(40)
  const charges = entries.filter(entry => entry.kind === 'charge')
  charges.forEach(({ epsilon, total }, index) => {
    const mechanism = { sampleRate: 0.125, noiseMultiplier: 1.5, steps: index + 1 }
    t.is(epsilon, pldEpsilon([mechanism], { delta }))
    t.true(epsilon < rdpEpsilon({ ...mechanism, delta }))
    t.is(total, epsilon)
    t.true(index === 0 || epsilon > charges[index - 1]!.epsilon)
  })
  t.is(LedgerState.of(entries).balances()[0]?.epsilon, charges.at(-1)?.total)
})

test('studies that follow one another add up order by order, under the delta of the account', t => {
  const ledger = LedgerState.of(spend(10))
  ledger.add(study({ study: id('b'), name: 'Text', sampleRate: 2 ** 30, noiseMultiplier: 2, delta: 1e-4 }))
  const { epsilon, total } = charge(ledger, 77, { study: id('b') })
  const first = rdpSubsampledGaussian({ sampleRate: 0.125, noiseMultiplier: 1.5 })
  const second = rdpSubsampledGaussian({ sampleRate: 0.25, noiseMultiplier: 2 })
  const sum = first.map((value, order) => 10 * value + second[order]!)
  t.is(sum.length, RDP_ORDERS.length)
  t.true(Math.abs(total - rdpToEpsilon(sum, delta)) < 1e-9)
  t.is(epsilon, pldEpsilon([{ sampleRate: 0.25, noiseMultiplier: 2, steps: 1 }], { delta: 1e-4 }))
})

test('records that join two accounts owe what was charged to either', t => {
  const entries = spend(10)
  const apart = LedgerState.of(entries)
  const [before] = apart.balances()
  apart.add(account({ account: 2, records: 50, delta: 1e-4 }))
  apart.add(study({ account: 2, study: id('b'), noiseMultiplier: 2 }))
  charge(apart, 77, { account: 2, study: id('b') })
  apart.add(account({ account: 3, merges: [1, 2], records: 151, delta }))
  t.is(apart.current(1), 3)
  t.is(apart.current(2), 3)
  const [after, ...rest] = apart.balances()
  t.is(rest.length, 0)
  t.true(after!.epsilon > before!.epsilon)
  // the study goes on with the joined account
  const { total } = charge(apart, 11, { account: 3 })
  t.true(total > after!.epsilon)
  bad(t, () => charge(apart, 12, { account: 1 }), /account 1 is closed/)
  bad(t, () => apart.add(account({ account: 4, merges: [1] })), /account 1 cannot be merged/)
  bad(t, () => apart.add(account({ account: 4, merges: [3], delta: 1e-3 })), /delta is above/)
})

test('an entry that says less, or more, than the entries before it is refused by its line', t => {
  const entries = spend(3)
  const last = entries.at(-1) as EntryOf<'charge'>
  const withLast = (over: object) => [...entries.slice(0, -1), { ...last, ...over } as LedgerEntry]
  bad(t, () => LedgerState.of(withLast({ epsilon: last.epsilon * 0.999 })), /line 8: epsilon is/)
  bad(t, () => LedgerState.of(withLast({ total: last.total * 0.999 })), /line 8: the account's total is/)
  bad(t, () => LedgerState.of(withLast({ total: last.total * 1.001 })), /line 8: the account's total is/)
  bad(t, () => LedgerState.of(withLast({ noiseMultiplier: 3 })), /line 8: its terms are not the study's/)
  bad(t, () => LedgerState.of(withLast({ study: id('c') })), /line 8: study c+ has not begun/)
  bad(t, () => LedgerState.of(withLast({ account: 2 })), /line 8: there is no account 2/)
  bad(t, () => LedgerState.of([...entries, last]), /line 9: round 3 is charged twice/)
  bad(t, () => LedgerState.of([account({ account: 2 })]), /line 1: account 2 is out of order/)
  bad(t, () => LedgerState.of([account(), study(), study({ noiseMultiplier: 9 })]), /line 3: the study had other terms/)
})

test('a reservation holds until its round is charged', t => {
  const ledger = LedgerState.of([account(), study()])
  ledger.add({ kind: 'reserve', at, account: 1, study: id('a'), round: 0, sid: sidOf(0) })
  t.is(ledger.reserved(id('a'))?.round, 0)
  t.false(ledger.isCharged({ study: id('a'), round: 1, sid: sidOf(0) }))
  charge(ledger, 0)
  t.is(ledger.reserved(id('a')), undefined)
  t.true(ledger.isCharged({ study: id('a'), round: 1, sid: sidOf(0) }))
})

test("the rounds that are left are the most that the study's epsilon and the account's cap both pay for", t => {
  fc.assert(
    fc.property(fc.double({ min: 0.3, max: 6, noNaN: true }), fc.nat(20), (totalMax, spentRounds) => {
      const ledger = LedgerState.of(spend(spentRounds))
      const place = { account: 1, study: id('a') }
      const left = ledger.affordable({ ...place, totalMax })
      const over = ledger.price(place, { training: left + 1 })
      if (left > 0)
        t.true(
          ledger.price(place, { training: left }).total <= totalMax &&
            ledger.price(place, { training: left }).epsilon <= 3,
        )
      t.true(left + spentRounds === 100 || over.total > totalMax || over.epsilon > 3)
    }),
    { numRuns: 50 },
  )
})

test('statistics and local steps are priced as what they are: one step at q = 1, and each step of a round', t => {
  const begun = study({ epsilon: 900, steps: 5, statistics: { noiseMultiplier: 6 } })
  const ledger = LedgerState.of([account(), begun])
  const place = { account: 1, study: id('a') }
  t.deepEqual(ledger.paidInAdvance(id('a')), { statistics: 1, evaluation: 0 })
  const mechanisms = (rounds: number) => [
    { sampleRate: 1, noiseMultiplier: 6, steps: 1 },
    { sampleRate: 0.125, noiseMultiplier: 1.5, steps: 5 * rounds },
  ]
  const enter = (round: number, terms: object) => {
    const price = ledger.price(place, round === 0 ? { statistics: 1 } : { training: 1 })
    const entry = { kind: 'charge', at, ...place, round, sid: sidOf(round), contributors: 4, ...terms, ...price }
    ledger.add(entry as EntryOf<'charge'>)
    return price.epsilon
  }
  const ofStatistics = { sampleRate: 2 ** 32, noiseMultiplier: 6 }
  const ofTraining = { sampleRate: 2 ** 29, noiseMultiplier: 1.5, steps: 5 }
  t.is(ledger.affordable({ ...place, totalMax: Infinity }), 100)
  bad(t, () => enter(0, ofTraining), /its terms are not the study's/)
  t.is(enter(0, ofStatistics), pldEpsilon(mechanisms(0).slice(0, 1), { delta }))
  t.deepEqual(ledger.paidInAdvance(id('a')), { statistics: 0, evaluation: 0 })
  bad(t, () => enter(1, ofStatistics), /its terms are not the study's/)
  bad(t, () => enter(1, { sampleRate: 2 ** 29, noiseMultiplier: 1.5 }), /its terms are not the study's/)
  t.is(enter(1, ofTraining), pldEpsilon(mechanisms(1), { delta }))
  t.is(enter(2, ofTraining), pldEpsilon(mechanisms(2), { delta }))
  const [balance] = ledger.balances()
  t.is(balance!.epsilon, pldEpsilon(mechanisms(2), { delta }))
})

test('a study without statistics is charged for none', t => {
  const ledger = LedgerState.of([account(), study()])
  t.deepEqual(ledger.paidInAdvance(id('a')), { statistics: 0, evaluation: 0 })
  const entry = { kind: 'charge', at, account: 1, study: id('a'), round: 0, sid: sidOf(9), contributors: 4 } as const
  const terms = { sampleRate: 2 ** 29, noiseMultiplier: 1.5, epsilon: 1, total: 1 }
  bad(t, () => ledger.add({ ...entry, ...terms }), /no round of statistics/)
})

test('an entry outside the limits is neither written nor read', t => {
  for (const entry of [
    account({ delta: 0.5 }),
    study({ sampleRate: 0 }),
    study({ study: 'xyz' }),
    study({ name: 'x'.repeat(81) }),
    { ...account(), extra: 1 } as LedgerEntry,
  ]) {
    bad(t, () => ledgerLine(LEDGER_START, entry), /./)
  }
})
