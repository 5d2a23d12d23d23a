// Claims: a ledger that has every RESULT with our update lacks nothing, whatever else is in the transcript; one that lacks
// such a RESULT is older than what we released, and every round from its last entry to the head counts as charged; a
// restore counts them without that; rounds under an earlier key of ours are ours, rounds outside the roster are not.

import test from 'ava'
import { hex } from '../../../protocols/immutable.ts'
import type { EntryOf } from '../../../protocols/ledger/entry.ts'
import { LedgerState } from '../../../protocols/ledger/ledger.ts'
import { missingCharges } from '../../../protocols/ledger/missing-charges.ts'
import { createRoster, peerString } from '../../../protocols/roster/roster.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import type { Link } from '../../../protocols/transcript/link.ts'
import { resultLink, sidOf, voidLink } from '../../helpers/study/links.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const at = '2026-01-01T00:00:00.000Z'
const [newcomer, ...founders] = testSigners(5)
const document = testStudy(founders, { rounds: 100 })
const context = { study: studyIdOf(document), founding: createRoster(document.hospitals), document }
const study = hex(context.study)
const ALL = [0, 1, 2, 3]
const peerAt = (rank: number) => context.founding.peers[rank] as string
const terms = { sampleRate: 2 ** 28, noiseMultiplier: 1.2 }

function ledgerOf(charged: readonly number[], reserved?: number): LedgerState {
  const ledger = LedgerState.of([
    { kind: 'hospital', format: 2, at, account: 1, closes: [], peer: peerAt(0), delta: 1e-5 },
    {
      ...{ kind: 'study', at, account: 1, study, name: 'One', ...terms, delta: 1e-5, epsilon: 90, rounds: 100 },
      colluders: 1,
    },
  ])
  for (const round of charged) {
    const place = { at, account: 1, study, round, sid: hex(sidOf(round)) }
    const price = ledger.price(place, { training: 1 })
    ledger.add({ kind: 'charge', ...place, ...terms, contributors: 4, ...price } satisfies EntryOf<'charge'>)
  }
  if (reserved !== undefined) {
    ledger.add({ kind: 'reserve', at, account: 1, study, round: reserved, sid: hex(sidOf(reserved)) })
  }
  return ledger
}

const missing = (links: readonly Link[], ledger: LedgerState, { peer = peerAt(0), restored = false } = {}) =>
  missingCharges(links, { context, ledger, peer, restored }).map(({ round }) => round)

test('a ledger with every RESULT of ours lacks nothing: not the VOIDs, nor RESULTs of others', t => {
  const links = [resultLink(1, ALL), voidLink(2), resultLink(3, [1, 2, 3]), resultLink(4, ALL), voidLink(5)]
  t.deepEqual(missing(links, ledgerOf([1, 4])), [])
  t.deepEqual(missing([], ledgerOf([1])), [])
})

test('one RESULT that is lacking makes every round after the last entry count', t => {
  const links = [resultLink(1, ALL), voidLink(2), resultLink(3, [1, 2, 3]), resultLink(4, ALL), voidLink(5)]
  t.deepEqual(missing(links, ledgerOf([1])), [2, 3, 4, 5])
  t.deepEqual(missing(links, ledgerOf([])), [1, 2, 3, 4, 5])
  t.deepEqual(missing(links, ledgerOf([1], 2)), [2, 3, 4, 5], 'the reserved round as well')
  t.deepEqual(missing(links, ledgerOf([1], 3)), [3, 4, 5])
  t.deepEqual(missing(links, ledgerOf([4])), [1, 5], 'before the last entry only what is proven')
})

test('after a restore they count without a RESULT that shows it', t => {
  const links = [resultLink(1, ALL), voidLink(2), voidLink(3)]
  t.deepEqual(missing(links, ledgerOf([1])), [])
  t.deepEqual(missing(links, ledgerOf([1]), { restored: true }), [2, 3])
  const charges = missingCharges(links, { context, ledger: ledgerOf([]), peer: peerAt(0), restored: true })
  t.deepEqual(charges[0], { round: 1, sid: sidOf(1), contributors: 4 })
  t.deepEqual(charges[1], { round: 2, sid: new Uint8Array(32), contributors: 4 })
})

test('after a rotation the rounds under the former key are the new one’s', t => {
  const former = context.founding.hospitals[0]!
  const id = newcomer!.id
  const rotation = resultLink(3, ALL, { kind: 'rotate', id: former.id, hospital: { id, name: 'New', addresses: [] } })
  const links = [resultLink(1, ALL), voidLink(2), rotation, voidLink(4)]
  const peer = peerString(id)
  t.deepEqual(missing(links, ledgerOf([]), { peer }), [1, 2, 3, 4])
  t.deepEqual(missing(links, ledgerOf([1, 3]), { peer }), [], 'the ledger was taken along')
  t.deepEqual(missing(links.slice(0, 2), ledgerOf([]), { peer }), [], 'before the rotation it is nobody')
})

test('rounds before a hospital was admitted are not its own', t => {
  const hospital = { id: newcomer!.id, name: 'New', addresses: [] }
  const links = [resultLink(1, ALL), resultLink(2, ALL, { kind: 'admit', hospital }), voidLink(3)]
  t.deepEqual(missing(links, ledgerOf([]), { peer: peerString(hospital.id), restored: true }), [3])
})
