// Claims: messages of our round and of the next are taken, those of past and of later rounds are not; every message from
// ahead makes us ask its sender; a refused message counts against a peer, but not one of another roster than ours, which is
// left out of what a peer passes on.

import test from 'ava'
import fc from 'fast-check'
import { ProtocolError } from '../../../protocols/errors.ts'
import { admissionOf, openRelayed, ROUNDS_AHEAD_MAX, refusalOf } from '../../../protocols/exchange/admission.ts'
import { openMessage } from '../../../protocols/messages/messages.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import { judge, MEMBERS } from '../evidence/signed-round.ts'
import { flipped, signedRound } from './exchanged.ts'

const round = fc.nat({ max: 100_000 })

test('a message of our round is taken, and nobody is asked', t => {
  fc.assert(fc.property(round, ours => t.deepEqual(admissionOf(ours, ours), { taken: true, behind: false })))
})

test('a message of the next round is taken, and its sender is ahead', t => {
  t.is(ROUNDS_AHEAD_MAX, 1)
  fc.assert(fc.property(round, ours => t.deepEqual(admissionOf(ours + 1, ours), { taken: true, behind: true })))
})

test('a message of a past round is not taken, and its sender is not ahead', t => {
  const past = fc.integer({ min: 1, max: 100_000 })
  fc.assert(
    fc.property(round, past, (theirs, by) =>
      t.deepEqual(admissionOf(theirs, theirs + by), { taken: false, behind: false }),
    ),
  )
})

test('a message from two rounds ahead or more is not taken, and its sender is ahead', t => {
  const far = fc.integer({ min: 2, max: 2 ** 32 - 1 })
  fc.assert(
    fc.property(round, far, (ours, by) => t.deepEqual(admissionOf(ours + by, ours), { taken: false, behind: true })),
  )
})

test('a refused message is rejected, but not when nobody is at fault', t => {
  t.is(refusalOf(new ProtocolError('bad-signature', '')), 'reject')
  t.is(refusalOf(new ProtocolError('other-roster', '', { action: 'ignore' })), 'ignore')
})

const honest = MEMBERS.map(member => signedRound.part(member).manifest)
const underJudge = (wire: Uint8Array) => openMessage(wire, judge)
/** a roster that has lost one member and counts on from there */
function rosterWithout(rank: number): typeof judge.roster {
  const hospitals = judge.roster.hospitals.filter((_, other) => other !== rank)
  return createRoster(hospitals, judge.roster.version + 1)
}

test('messages of another roster are left out of what is passed on, whoever is removed, and are nobody’s fault', t => {
  for (const member of MEMBERS) {
    const roster = rosterWithout(member)
    const { messages, fault } = openRelayed(honest, wire => openMessage(wire, { ...judge, roster }))
    t.is(fault, null)
    t.deepEqual(messages, [], 'all are of the roster before')
  }
})

test('a message by a stranger is left out, and those around it are taken', t => {
  const roster = { ...rosterWithout(0), version: judge.roster.version }
  const { messages, fault } = openRelayed(honest, wire => openMessage(wire, { ...judge, roster }))
  t.is(fault, null)
  t.is(messages.length, honest.length - 1)
})

test('what no honest peer passes on ends the reading, and what came before it is taken', t => {
  fc.assert(
    fc.property(fc.nat({ max: honest.length - 1 }), fc.nat(), (at, bit) => {
      const wires = honest.with(at, flipped(honest[at] as Uint8Array, bit))
      const { messages, fault } = openRelayed(wires, underJudge)
      if (fault === null) t.is(messages.length, honest.length - 1, 'a stranger’s name, or another roster')
      else t.is(messages.length, at)
    }),
  )
  t.is(openRelayed(honest, underJudge).messages.length, honest.length)
  t.throws(() => openRelayed(honest, () => raise(new TypeError('a bug'))), { instanceOf: TypeError })
})

function raise(error: Error): never {
  throw error
}
