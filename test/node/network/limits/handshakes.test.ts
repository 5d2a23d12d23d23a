// Claim of node/network/limits/handshakes.ts: one address holds so many handshakes and no more, a place is free again when
// its connection ends, and a connection that ended before it was looked at takes none.

import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import test from 'ava'
import { Handshakes } from '../../../../node/network/limits/handshakes.ts'
import { HANDSHAKES_PER_HOST_MAX } from '../../../../node/network/limits/limits.ts'

function connection(status: 'open' | 'closed' = 'open', host = '192.0.2.7') {
  const target = new EventTarget()
  return Object.assign(target, {
    status,
    remoteAddr: multiaddr(`/ip4/${host}/tcp/1`),
  }) as unknown as MultiaddrConnection
}

test('an address holds its places and no more, and gets one back when a connection ends', t => {
  const handshakes = new Handshakes()
  const open = Array.from({ length: HANDSHAKES_PER_HOST_MAX }, () => connection())
  t.true(open.every(one => handshakes.begin(one)))
  t.false(handshakes.begin(connection()))
  t.true(handshakes.begin(connection('open', '192.0.2.8')))
  open[0]!.dispatchEvent(new Event('close'))
  t.true(handshakes.begin(connection()))
})

test('connections that ended before they were looked at take no place', t => {
  const handshakes = new Handshakes()
  for (let at = 0; at < 2 * HANDSHAKES_PER_HOST_MAX; at++) t.false(handshakes.begin(connection('closed')))
  t.true(handshakes.begin(connection()))
})
