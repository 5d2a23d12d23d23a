// Claims: a roster's ranks follow its ids, each id stands in it once, and a stranger has no rank.

import test from 'ava'
import { createRoster, memberOf, peerString } from '../../../protocols/roster/roster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const { hospitals } = testStudy(testSigners(5))

test('members are ranked in ascending order of their raw ids', t => {
  const roster = createRoster(hospitals)
  t.is(roster.version, 0)
  for (const [rank, { id }] of hospitals.entries()) {
    t.is(memberOf(roster, id), rank)
    t.is(roster.ranks.get(peerString(id)), rank)
  }
})

test('a stranger, an empty id or a longer one has no rank', t => {
  const roster = createRoster(hospitals.slice(0, 4))
  t.is(memberOf(roster, hospitals[4]!.id), undefined)
  t.is(memberOf(roster, new Uint8Array(0)), undefined)
  t.is(memberOf(roster, Buffer.concat([hospitals[0]!.id, Uint8Array.of(0)])), undefined)
})

test('an unsorted roster, or one with somebody twice, is refused', t => {
  const code = { code: 'roster-not-sorted' }
  t.throws(() => createRoster([...hospitals].reverse()), code)
  t.throws(() => createRoster([hospitals[0]!, hospitals[0]!, hospitals[1]!]), code)
})

test('a peer id is written in base58btc as libp2p does', t => {
  t.regex(peerString(hospitals[0]!.id), /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/)
})
