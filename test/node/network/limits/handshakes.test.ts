// Claims of node/network/limits/handshakes.ts: silent connections from any number of addresses keep no newcomer out, as who
// comes newly takes the oldest's place; one network has a quarter of the places; addresses that authenticated connections know
// are never displaced by strangers; a connection that ended before it was looked at takes no place.

import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import test from 'ava'
import fc from 'fast-check'
import { Handshakes, networkOf } from '../../../../node/network/limits/handshakes.ts'
import { HANDSHAKES_MAX, HANDSHAKES_PER_NETWORK_MAX } from '../../../../node/network/limits/limits.ts'

interface Connection extends MultiaddrConnection {
  readonly aborted: boolean
}

function connection(host = '192.0.2.7', status: 'open' | 'closed' = 'open'): Connection {
  const target = Object.assign(new EventTarget(), {
    status,
    aborted: false,
    remoteAddr: multiaddr(host.includes(':') ? `/ip6/${host}/tcp/1` : `/ip4/${host}/tcp/1`),
    abort: () => {
      target.aborted = true
    },
  })
  return target as unknown as Connection
}

test('who comes newly takes the place of the oldest of its network, and a place is free when a connection ends', t => {
  const handshakes = new Handshakes()
  const open = Array.from({ length: HANDSHAKES_PER_NETWORK_MAX }, (_, at) => connection(`192.0.2.${at}`))
  t.true(open.every(one => handshakes.begin(one)))
  t.false(open.some(({ aborted }) => aborted))
  t.true(handshakes.begin(connection('192.0.2.200')))
  t.deepEqual(
    open.map(({ aborted }) => aborted),
    open.map((_, at) => at === 0),
  )
  open[1]!.dispatchEvent(new Event('close'))
  t.true(handshakes.begin(connection()))
  t.false(open[2]!.aborted)
  t.true(handshakes.begin(connection('198.51.100.8')))
  t.false(open[2]!.aborted, 'another network takes no place of this one')
})

test('silent connections from many networks do not keep a newcomer out, nor anybody who is known', t => {
  const handshakes = new Handshakes()
  const [known, other] = ['203.0.113.5', '203.0.114.6']
  handshakes.knows(connection(known))
  const waiting = connection(known)
  t.true(handshakes.begin(waiting))
  const silent: Connection[] = []
  for (let at = 0; at < 4 * HANDSHAKES_MAX; at++) {
    const one = connection(`10.${at % 200}.${at % 250}.1`)
    t.true(handshakes.begin(one))
    silent.push(one)
    t.true(silent.filter(({ aborted }) => !aborted).length <= HANDSHAKES_MAX / 2)
  }
  const newcomer = connection(other)
  t.true(handshakes.begin(newcomer))
  t.false(newcomer.aborted)
  t.false(waiting.aborted, 'strangers take no place of an address that is known')
  for (let at = 0; at < HANDSHAKES_MAX; at++) {
    const host = `172.16.${at}.1`
    handshakes.knows(connection(host))
    t.true(handshakes.begin(connection(host)))
  }
  t.true(newcomer.aborted, 'but known ones take those of strangers')
})

test('connections that ended before they were looked at take no place', t => {
  const handshakes = new Handshakes()
  for (let at = 0; at < 2 * HANDSHAKES_PER_NETWORK_MAX; at++) t.false(handshakes.begin(connection(undefined, 'closed')))
  t.true(handshakes.begin(connection()))
})

test('the network of an address is its /24 or /64, however it is written', t => {
  t.is(networkOf('192.0.2.7'), '192.0.2')
  t.is(networkOf('2001:DB8::1'), networkOf('2001:db8:0:0:8::9'))
  t.not(networkOf('2001:db8:0:1::1'), networkOf('2001:db8::1'))
  t.is(networkOf('::1'), '0:0:0:0')
  t.is(networkOf('name.example'), 'name.example')
  fc.assert(
    fc.property(fc.ipV6(), fc.string(), (address, text) => typeof networkOf(address) === typeof networkOf(text)),
  )
})
