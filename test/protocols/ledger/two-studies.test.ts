// Claims: the caps hold over all studies of an account, also when they reserve at the same time, in whatever order they
// reserve and charge, and where one crashes between both; a ledger that is restored from an older copy gets the rounds of
// both studies back from their transcripts, and is never below what it was.

import test from 'ava'
import fc from 'fast-check'
import { type EntryOf, LEDGER_FORMAT, type LedgerEntry } from '../../../protocols/ledger/entry.ts'
import { LedgerState } from '../../../protocols/ledger/ledger.ts'
import { missingCharges } from '../../../protocols/ledger/missing-charges.ts'
import { createRoster, peerString } from '../../../protocols/roster/roster.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import { resultLink } from '../../helpers/study/links.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const at = '2026-01-01T00:00:00.000Z'
const ACCOUNT = 1
const STUDIES = ['a', 'b'].map(digit => digit.repeat(64))
const sidOf = (round: number) => round.toString(16).padStart(64, '0')

const opened: EntryOf<'hospital'> = {
  ...{ kind: 'hospital', format: LEDGER_FORMAT, at, account: ACCOUNT, closes: [], peer: 'one', delta: 1e-5 },
}
const begun = (study: string): EntryOf<'study'> => ({
  ...{ kind: 'study', at, account: ACCOUNT, study, name: study.slice(0, 4), sampleRate: 2 ** 29, noiseMultiplier: 1.5 },
  ...{ delta: 1e-5, epsilon: 3, rounds: 100, colluders: 1 },
})
const reserved = (study: string, round: number): EntryOf<'reserve'> => {
  return { kind: 'reserve', at, account: ACCOUNT, study, round, sid: sidOf(round) }
}
function charged(ledger: LedgerState, study: string, round: number): EntryOf<'charge'> {
  const { sampleRate, noiseMultiplier } = ledger.study(study) as EntryOf<'study'>
  const price = ledger.price({ account: ACCOUNT, study }, { training: 1 })
  const place = { at, account: ACCOUNT, study, round, sid: sidOf(round) }
  return { kind: 'charge', ...place, sampleRate, noiseMultiplier, contributors: 4, ...price }
}
const both = () => [opened, ...STUDIES.map(begun)]
const totalOf = (ledger: LedgerState): number => ledger.balances()[0]!.epsilon

test('of two studies that reserve at the same time, one gets what is left for one round', t => {
  const [first, second] = STUDIES as [string, string]
  const ledger = LedgerState.of(both())
  const { total } = ledger.price({ account: ACCOUNT, study: first }, { training: 1 })
  const fits = (study: string) => ledger.fits({ account: ACCOUNT, study, totalMax: total }, { training: 1 })
  t.true(fits(first) && fits(second))
  ledger.add(reserved(first, 1))
  t.true(fits(first), 'its own reservation is the round itself')
  t.false(fits(second))
  t.is(ledger.affordable({ account: ACCOUNT, study: second, totalMax: total }), 0)
  // also after a crash between reservation and charge: the first may have released
  const restarted = LedgerState.of([...both(), reserved(first, 1)])
  t.false(restarted.fits({ account: ACCOUNT, study: second, totalMax: total }, { training: 1 }))
  ledger.add(charged(ledger, first, 1))
  t.false(fits(first) || fits(second))
})

test('in whatever order two studies reserve, charge and crash, both caps hold', t => {
  const step = fc.record({ study: fc.nat(1), what: fc.constantFrom('reserve', 'charge', 'crash') })
  fc.assert(
    fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), fc.array(step, { maxLength: 40 }), (totalMax, steps) => {
      const entries: LedgerEntry[] = both()
      let ledger = LedgerState.of(entries)
      const add = (entry: LedgerEntry) => {
        ledger.add(entry)
        entries.push(entry)
      }
      const rounds = [0, 0]
      for (const { study: at, what } of steps) {
        const study = STUDIES[at]!
        const open = ledger.reserved(study)
        if (what === 'crash') ledger = LedgerState.of(entries, { everyEpsilon: false })
        else if (what === 'charge' && open !== undefined) add(charged(ledger, study, open.round))
        else if (what === 'reserve' && ledger.fits({ account: ACCOUNT, study, totalMax }, { training: 1 })) {
          rounds[at]! += 1
          add(reserved(study, rounds[at]!))
        }
      }
      // all that is reserved may have been released
      for (const study of STUDIES) {
        const open = ledger.reserved(study)
        if (open !== undefined) add(charged(ledger, study, open.round))
      }
      t.true(totalOf(ledger) <= totalMax + 1e-9, `${totalOf(ledger)} of ${totalMax}`)
    }),
    { numRuns: 25 },
  )
})

test('a ledger of two studies that is restored from any older copy owes all that it owed', t => {
  const signers = testSigners(4)
  const peer = peerString(signers[0]!.id)
  const documents = [30, 40].map(rounds => testStudy(signers, { rounds }))
  const ids = documents.map(studyIdOf)
  const studies = ids.map(id => Buffer.from(id).toString('hex'))
  const entries: LedgerEntry[] = [opened, ...studies.map(begun)]
  const ledger = LedgerState.of(entries)
  // the studies take turns, and the second one is faster
  for (const [at, round] of [
    [0, 1],
    [1, 1],
    [1, 2],
    [0, 2],
    [1, 3],
    [1, 4],
    [0, 3],
  ] as const) {
    const study = studies[at]!
    for (const make of [() => reserved(study, round), () => charged(ledger, study, round)]) {
      const entry = make()
      ledger.add(entry)
      entries.push(entry)
    }
  }
  const transcripts = [3, 4].map(count => Array.from({ length: count }, (_, at) => resultLink(at + 1, [0, 1, 2, 3])))
  for (let kept = 3; kept <= entries.length; kept++) {
    const restored = LedgerState.of(entries.slice(0, kept), { everyEpsilon: false })
    documents.forEach((document, at) => {
      const context = { study: ids[at]!, founding: createRoster(document.hospitals), document }
      const missing = missingCharges(transcripts[at]!, { context, ledger: restored, peer, restored: true })
      for (const { round } of missing) restored.add(charged(restored, studies[at]!, round))
    })
    t.true(totalOf(restored) >= totalOf(ledger) - 1e-9, `${kept} entries kept`)
    t.deepEqual(
      studies.map(study => restored.charges(study).length),
      [3, 4],
    )
  }
})
