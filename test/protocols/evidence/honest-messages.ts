/** Every kind of evidence, true, with whom it is against. @module */

import type { Evidence } from '../../../protocols/messages/evidence.ts'
import type { Content } from '../../../protocols/messages/messages.ts'
import { seededBytes } from '../../helpers/seeded-rng.ts'
import {
  IDLE_OWNER,
  MEMBERS,
  notProposerOf,
  open,
  previous,
  proposerOf,
  ready,
  type SignedRound,
  wire,
} from './signed-round.ts'

export interface Truth {
  readonly name: string
  readonly accused: number
  readonly code: string
  readonly evidence: Evidence
}

const JUNK = seededBytes('junk', 32)
const LOW_ORDER = new Uint8Array(32)

type Row = readonly [name: string, accused: number, code: string, wire: Uint8Array]

const alone = (rows: readonly Row[]): Truth[] =>
  rows.map(([name, accused, code, message]) => ({ name, accused, code, evidence: { kind: 'invalid', wire: message } }))

function badOpens(): Truth[] {
  const opener = proposerOf(0)
  const readys = (change: Parameters<typeof ready>[1]) =>
    MEMBERS.map(member => ready(member, member === 4 ? change : {}))
  const stale = MEMBERS.map(member => wire(member, { type: 'ready', previous, key: JUNK, owner: true }, { round: 2 }))
  const code = 'bad-open'
  return alone([
    ['OPEN out of turn', notProposerOf(0), 'not-proposer', open({}, notProposerOf(0))],
    ['OPEN unsorted', opener, code, open({ readys: [...MEMBERS].reverse().map(member => ready(member)) })],
    ['OPEN of too few', opener, code, open({ readys: [ready(0), ready(1)], owners: [0, 1] })],
    ['OPEN of nobody', opener, code, open({ readys: [], owners: [] })],
    ['OPEN with a low-order key', opener, code, open({ readys: readys({ key: LOW_ORDER }) })],
    ['OPEN after two results', opener, code, open({ readys: readys({ previous: JUNK }) })],
    ['OPEN of another round', opener, code, open({ readys: stale })],
    ['OPEN without an owner', opener, code, open({ owners: [0, 1, 2, 4] })],
    ['OPEN with a stranger as owner', opener, code, open({ owners: [0, 1, 2, 3, 4, 5] })],
    ['OPEN with junk', opener, code, open({ readys: [JUNK] })],
  ])
}

function otherMessages(signedRound: SignedRound): Truth[] {
  const [first, second] = [notProposerOf(0), proposerOf(1)]
  const value = signedRound.value()
  const few = signedRound.votes('precommit', { from: [0, 1] })
  const twice = [...few, ...few]
  const propose = (from: number, view: number, validView: number, proof: Uint8Array[]) =>
    wire(from, { type: 'propose', instance: 'commit', view, value, validView, proof })
  return alone([
    ['READY with a low-order key', 2, 'low-order-key', ready(2, { key: LOW_ORDER })],
    ['PROPOSE out of turn', first, 'not-proposer', propose(first, 0, -1, [])],
    ['PROPOSE without proof', second, 'bad-proof', propose(second, 1, 0, [])],
    ['PROPOSE with precommits', second, 'bad-proof', propose(second, 1, 0, signedRound.votes('precommit'))],
    ['PROPOSE from ahead', second, 'bad-proof', propose(second, 1, 1, signedRound.votes('prevote', { view: 1 }))],
    ['CERTIFICATE of a few', 4, 'bad-proof', wire(4, { type: 'certificate', view: 0, value, precommits: few })],
    [
      'CERTIFICATE of a few, twice',
      4,
      'bad-proof',
      wire(4, { type: 'certificate', view: 0, value, precommits: twice }),
    ],
    ['APPROVE of nothing', 0, 'bad-change', wire(0, { type: 'approve', change: JUNK })],
    ['a body that does not parse', 2, 'bad-body', wire(2, { type: 'loaded', view: -1 } as unknown as Content)],
  ])
}

function falsehoods(signedRound: SignedRound): Truth[] {
  const twoManifests = { first: signedRound.part(1).manifest, second: signedRound.partOf(1, 'other').manifest }
  const [vote] = signedRound.votes('prevote', { from: [3] })
  const nil = wire(3, { type: 'prevote', instance: 'commit', view: 0, value: null })
  const release = wire(4, { type: 'release', sid: signedRound.sid, key: JUNK })
  const { manifest } = signedRound.part(4)
  const truth = (name: string, accused: number, evidence: Evidence): Truth => ({
    name,
    accused,
    code: evidence.kind,
    evidence,
  })
  return [
    truth('two MANIFESTs', 1, { kind: 'equivocation', ...twoManifests }),
    truth('two votes', 3, { kind: 'equivocation', first: vote!, second: nil }),
    truth('RELEASE of another key', 4, { kind: 'false-release', manifest, release }),
    truth('MISSING in spite of a receipt', 1, {
      kind: 'false-missing',
      missing: signedRound.missing(1, [0, 4]),
      receipt: signedRound.receipt(1, 4),
    }),
  ]
}

function falseArithmetic(signedRound: SignedRound): Truth[] {
  const without = signedRound.sumOf(0, [0, 1, 2, 4])
  const idle = { member: IDLE_OWNER, attempt: 1 }
  const fingerprint = signedRound.fingerprint(1, { sums: seededBytes('sums', 256) })
  const rows: [name: string, accused: number, evidence: Evidence][] = [
    ['a false sum', 2, signedRound.falseSum(signedRound.chunkSum(2, 0, JUNK), { member: 2 })],
    ['a false sum by a stand-in', 2, signedRound.falseSum(signedRound.chunkSum(2, 2, JUNK), { member: 2, attempt: 2 })],
    ['a sum without one contributor', 0, signedRound.falseSum(signedRound.chunkSum(0, 0, without), { member: 0 })],
    ['a false sum without a LOADED', IDLE_OWNER, signedRound.falseSum(signedRound.chunkSum(IDLE_OWNER, 1, JUNK), idle)],
    ['a false fingerprint', 1, signedRound.falseFingerprint(1, fingerprint)],
  ]
  return rows.map(([name, accused, evidence]) => ({ name, accused, code: evidence.kind, evidence }))
}

export function trueEvidence(signedRound: SignedRound): Truth[] {
  return [...badOpens(), ...otherMessages(signedRound), ...falsehoods(signedRound), ...falseArithmetic(signedRound)]
}
