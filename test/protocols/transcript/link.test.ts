// Claims: a link of the transcript stands by itself: a quorum's precommits for exactly this value of exactly this round.
// One that does not, or that does not follow on ours, moves nobody.

import test from 'ava'
import fc from 'fast-check'
import { sha256 } from '../../../crypto/hash.ts'
import { voidHash } from '../../../crypto/transcript.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import {
  decodeResultValue,
  encodeResultValue,
  type ResultValue,
  valueId,
} from '../../../protocols/messages/result-value.ts'
import { firstRoundLacked } from '../../../protocols/round/catch-up.ts'
import { decodeLink, encodeLink, hashAfter, type Link, verifyLink } from '../../../protocols/transcript/link.ts'
import { RoundHarness } from '../../helpers/round/round-harness.ts'

const HASH = sha256(Buffer.from('x'))
const RESULT: Extract<ResultValue, { outcome: 'result' }> = {
  outcome: 'result',
  kind: 'training',
  sid: HASH,
  sum: HASH,
  checkpoint: HASH,
  members: [0, 1, 2],
  view: 1,
  change: null,
}
const VOID: ResultValue = { outcome: 'void', sid: HASH, members: [3] }
const bench = new RoundHarness(4)

interface Certified {
  readonly round?: number
  readonly from?: readonly number[]
  readonly change?: Partial<{
    round: number
    view: number
    instance: 'commit' | 'result'
    type: 'prevote' | 'precommit'
  }>
}

function certify(result: ResultValue, { round = 1, from = [0, 1, 2], change = {} }: Certified = {}): Link {
  const value = encodeResultValue(result)
  const vote = { type: 'precommit' as const, instance: 'result' as const, view: 2, value: valueId(value), round }
  const precommits = from.map((member, index) => {
    const { round: voted, ...content } = index === from.length - 1 ? { ...vote, ...change } : vote
    return bench.wire(member, content, { round: voted })
  })
  return { round, value, precommits }
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
}

test('a quorum’s precommits certify a result and a VOID', t => {
  t.deepEqual(verifyLink(certify(RESULT), bench.context), RESULT)
  t.deepEqual(verifyLink(certify(VOID, { from: [0, 1, 2, 3] }), bench.context), VOID)
})

test('fewer votes, one member twice, other votes, another round, view or agreement certify nothing', t => {
  const code = (link: Link) => codeOf(() => verifyLink(link, bench.context))
  t.is(code(certify(RESULT, { from: [0, 1] })), 'bad-proof')
  t.is(code(certify(RESULT, { from: [0, 1, 1] })), 'bad-proof')
  t.is(code(certify(RESULT, { from: [] })), 'bad-link')
  for (const change of [{ round: 2 }, { view: 3 }, { instance: 'commit' }, { type: 'prevote' }] as const) {
    t.is(code(certify(RESULT, { change })), 'bad-proof', JSON.stringify(change))
  }
  t.is(code({ ...certify(RESULT), round: 2 }), 'bad-proof')
  t.is(code({ ...certify(RESULT), value: encodeResultValue(VOID) }), 'bad-proof')
})

test('links come back from their wire form, and whatever else is refused', t => {
  const link = certify(RESULT)
  t.deepEqual(decodeLink(encodeLink(link)), link)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), wire => {
      t.not(
        codeOf(() => decodeLink(wire)),
        'accepted',
      )
      t.not(
        codeOf(() => decodeResultValue(wire)),
        'accepted',
      )
    }),
  )
  t.is(
    codeOf(() => decodeLink(encode({ ...link, round: -1 }))),
    'bad-link',
  )
  t.is(
    codeOf(() => decodeResultValue(encode({ ...VOID, outcome: 'neither' }))),
    'bad-result',
  )
})

test('the transcript hashes every certified value; a VOID round hashes its number', t => {
  t.notDeepEqual(
    hashAfter(HASH, certify(RESULT), RESULT),
    hashAfter(HASH, certify({ ...RESULT, view: 2 }), { ...RESULT, view: 2 }),
  )
  t.deepEqual(hashAfter(HASH, certify(VOID, { round: 7 }), VOID), voidHash({ previous: HASH, round: 7 }))
})

test('links are taken up to the first bad one, which its bringer is blamed for, and never out of order', t => {
  const peer = new RoundHarness(4, { rounds: 9 })
  const link = (round: number, bad = false) => {
    const value = encodeResultValue(VOID)
    const vote = { type: 'precommit', instance: 'result', view: 0, value: valueId(value) } as const
    return { round, value, precommits: (bad ? [0, 1] : [0, 1, 2]).map(from => peer.wire(from, vote, { round })) }
  }
  peer.step({ type: 'links', links: [link(2), link(3)], from: 2 })
  t.is(peer.state.round, 1, 'they do not follow on ours')
  const effects = peer.step({ type: 'links', links: [link(1), link(2), link(3, true), link(4)], from: 2 })
  t.is(peer.state.round, 3)
  t.deepEqual(
    effects.filter(effect => effect.type === 'blame').map(effect => effect.type === 'blame' && effect.member),
    [2],
  )
  t.deepEqual(
    effects.flatMap(effect => (effect.type === 'store' ? effect.entries.map(entry => entry.kind) : [])),
    ['link', 'link'],
  )
  peer.step({ type: 'links', links: [link(1), link(2), link(3), link(4), link(5)] })
  t.is(peer.state.round, 6, 'those that we have are passed over')
  peer.step({ type: 'links', links: [6, 7, 8, 9, 10, 11].map(round => link(round)) })
  t.is(peer.state.phase, 'finished')
  t.is(peer.state.round, 10, 'the study has no more rounds')
})

test('who is behind asks everybody for one checkpoint, the last one, and goes on when that is here', t => {
  const peer = new RoundHarness(4, { rounds: 9 })
  const link = (round: number, result: ResultValue) => {
    const value = encodeResultValue(result)
    const vote = { type: 'precommit', instance: 'result', view: 0, value: valueId(value) } as const
    return { round, value, precommits: [0, 1, 2].map(from => peer.wire(from, vote, { round })) }
  }
  const last = sha256(Buffer.from('last'))
  const links = [link(1, RESULT), link(2, { ...RESULT, checkpoint: last }), link(3, VOID)]
  const asked = peer.step({ type: 'links', links })
  t.is(peer.state.phase, 'catching-up')
  const pulls = asked.filter(effect => effect.type === 'pull')
  t.is(pulls.length, 1)
  t.like(pulls[0], { wanted: { kind: 'checkpoint', hash: Buffer.from(last).toString('hex') } })
  t.deepEqual(peer.step({ type: 'links', links }), [], 'the same again changes nothing')
  peer.step({ type: 'pulled', round: 1, hash: Buffer.from(HASH).toString('hex') })
  t.is(peer.state.round, 1)
  peer.step({ type: 'pulled', round: 1, hash: Buffer.from(last).toString('hex') })
  t.is(peer.state.round, 4)
})

test('a page that ends before its sender is stored up to its last result; the next is asked for, then one checkpoint', t => {
  const peer = new RoundHarness(4, { rounds: 20 })
  const link = (round: number, result: ResultValue, voters = [0, 1, 2]) => {
    const value = encodeResultValue(result)
    const vote = { type: 'precommit', instance: 'result', view: 0, value: valueId(value) } as const
    return { round, value, precommits: voters.map(from => peer.wire(from, vote, { round })) }
  }
  const stored = (effects: ReturnType<typeof peer.step>) =>
    effects.flatMap(effect =>
      (effect.type === 'store' ? effect.entries : []).flatMap(e => ('link' in e ? [e.link] : [])),
    )
  const of = (effects: ReturnType<typeof peer.step>, type: string) => effects.filter(effect => effect.type === type)
  const last = sha256(Buffer.from('last'))
  const page = [link(1, RESULT), link(2, { ...RESULT, checkpoint: last }), link(3, VOID)]

  const first = peer.step({ type: 'links', links: page, from: 2, senderRound: 9 })
  t.deepEqual(stored(first), page.slice(0, 1))
  t.deepEqual(of(first, 'compare'), [{ type: 'compare', with: 2 }])
  t.deepEqual(of(first, 'pull'), [])
  t.is(peer.state.phase, 'catching-up')
  t.is(firstRoundLacked(peer.state), 4)

  t.deepEqual(peer.step({ type: 'links', links: page, from: 2, senderRound: 9 }), [], 'nothing new asks for nothing')
  t.deepEqual(peer.step({ type: 'links', links: [], from: 2, senderRound: 9 }), [])
  const bad = peer.step({ type: 'links', links: [link(4, VOID, [0, 1])], from: 1, senderRound: 9 })
  t.deepEqual(
    bad.map(effect => effect.type),
    ['blame'],
  )

  const voids = peer.step({ type: 'links', links: [link(4, VOID)], from: 1, senderRound: 9 })
  t.deepEqual([stored(voids), of(voids, 'pull')], [[], []], 'VOIDs wait with the result before them')
  t.deepEqual(of(voids, 'compare'), [{ type: 'compare', with: 1 }])
  const end = peer.step({ type: 'links', links: [], from: 3, senderRound: 5 })
  t.like(of(end, 'pull')[0], { wanted: { kind: 'checkpoint', hash: Buffer.from(last).toString('hex') } })
  const taken = peer.step({ type: 'pulled', round: 2, hash: Buffer.from(last).toString('hex') })
  t.deepEqual(
    stored(taken).map(({ round }) => round),
    [2, 3, 4],
  )
  t.is(peer.state.round, 5)
})
