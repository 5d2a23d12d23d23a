// Claims of node/network/hello.ts and daemon/absence.ts: a hello says what its sender speaks; whatever a later program adds
// is passed over; a difference of version or study is told in words, to both sides, and is nobody's fault.

import test from 'ava'
import { absenceText } from '../../../node/daemon/absence.ts'
import { decodeHello, encodeHello, PROTOCOL_VERSION, SPOKEN } from '../../../node/network/hello.ts'
import type { Difference } from '../../../node/network/neighbours.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const STUDY = new Uint8Array(32).fill(7)
const HELLO = { ...SPOKEN, study: STUDY, roster: 3, addresses: ['/ip4/192.0.2.7/tcp/1'], known: [] }

test('a hello comes back as it was sent, and one of a later program with more in it as well', t => {
  t.deepEqual(decodeHello(encodeHello(HELLO)), HELLO)
  const later = { ...HELLO, protocol: PROTOCOL_VERSION + 1, weather: 'fine', capabilities: ['round/table'] }
  t.like(decodeHello(encode(later)), { protocol: PROTOCOL_VERSION + 1, capabilities: ['round/table'] })
})

test('what lacks a field, or goes beyond a limit, is no hello', t => {
  const { protocol: _, ...old } = HELLO
  const long = 'x'.repeat(65)
  for (const wrong of [
    old,
    { ...HELLO, roster: -1 },
    { ...HELLO, capabilities: [long] },
    { ...HELLO, protocol: 1.5 },
  ]) {
    t.throws(() => decodeHello(encode(wrong)), { code: 'bad-hello' } as object)
  }
  t.throws(() => decodeHello(encode({ ...HELLO, capabilities: Array.from({ length: 65 }, () => 'a') })))
})

test('each difference has its words, and says who needs a newer program', t => {
  const { hospitals } = testStudy(testSigners(4))
  const roster = createRoster(hospitals)
  const peer = roster.peers[1]!
  const textOf = (difference: Difference) =>
    absenceText({ roster, study: STUDY }, { peer, obstacle: { kind: 'difference', difference }, failures: [] }) ?? ''
  const name = hospitals[1]!.name
  t.is(textOf({ study: 'ab'.repeat(32) }), `${name} runs study abababababab, and this node runs 070707070707`)
  t.regex(textOf({ protocol: PROTOCOL_VERSION + 1 }), /this node needs a newer Confrère$/)
  t.regex(textOf({ protocol: PROTOCOL_VERSION - 1 }), new RegExp(`${name} needs a newer Confrère$`))
  t.regex(textOf({ protocol: null }), /cannot talk to: one of the two is older/)
})
