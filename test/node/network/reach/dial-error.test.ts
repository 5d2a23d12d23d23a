// Claims of node/network/reach: every error of a dial is one sentence in words, without credentials and without what the
// other side sent; endpoints are read from addresses.

import { multiaddr } from '@multiformats/multiaddr'
import test from 'ava'
import fc from 'fast-check'
import { dialErrorText } from '../../../../node/network/reach/dial-error.ts'
import { DialFailures } from '../../../../node/network/reach/dial-failures.ts'
import { endpointOf } from '../../../../node/network/reach/endpoint.ts'
import { ReachError } from '../../../../node/network/reach/reach-error.ts'
import { relayOf } from '../../../../node/network/reach/relay-of.ts'
import { createReachNode, within } from '../../../helpers/reach/reach-node.ts'

const coded = (code: string) => Object.assign(new Error(`connect ${code}`), { code })
const named = (name: string, message = 'x') => Object.assign(new Error(message), { name })

test('what Node, TLS, libp2p and relays report has words', t => {
  for (const [error, text] of [
    [coded('ENOTFOUND'), 'the name is unknown to DNS'],
    [coded('ECONNREFUSED'), 'nothing listens there (connection refused)'],
    [coded('ETIMEDOUT'), 'no answer in time'],
    [named('TimeoutError'), 'no answer in time'],
    [coded('CERT_HAS_EXPIRED'), 'its TLS certificate has expired'],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'its TLS certificate is for another name'],
    [coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'it does not speak TLS there'],
    [named('UnexpectedPeerError'), 'another peer id answers at that address'],
    [named('DialDeniedError'), 'this node does not admit that peer at present'],
    [
      named('InvalidMessageError', 'failed to connect via relay with status NO_RESERVATION'),
      'the relay does not have that peer at present',
    ],
    [named('InvalidMessageError', 'failed to connect via relay with status ODD'), 'the relay refused'],
    [
      named('Error', 'reservation failed with status PERMISSION_DENIED'),
      'as a relay it keeps no place for this node yet: it has not approved it',
    ],
    [new ReachError('web-refused', 'our own words'), 'our own words'],
    [new AggregateError([coded('ENOTFOUND'), coded('ECONNREFUSED')], 'All'), 'the name is unknown to DNS'],
    [new Error('outer', { cause: coded('EHOSTUNREACH') }), 'there is no route to that address'],
    [new Error('wrong: http://a:secret@proxy/\nmore'), 'wrong: http://proxy/'],
    [new Error(''), 'the dial failed'],
    ['text', 'text'],
  ] as const) {
    t.is(dialErrorText(error), text)
  }
  const loop = new Error('loop')
  loop.cause = loop
  t.is(dialErrorText(loop), 'loop')
})

test('whatever the error, its words are one short printable line', t => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }).map(text => new Error(text)),
        fc.anything(),
      ),
      error => {
        return /^[\x20-\x7e]{1,200}$/.test(dialErrorText(error))
      },
    ),
  )
  t.pass()
})

test('failures are kept by address until it is reached, the oldest given up first', t => {
  let time = 0
  const failures = new DialFailures(() => ++time)
  failures.failed('P', '/ip4/192.0.2.7/tcp/1/p2p/P', coded('ECONNREFUSED'))
  failures.failed('P', '/ip4/192.0.2.7/tcp/2/p2p/P', coded('ETIMEDOUT'))
  failures.failed('P', '/ip4/192.0.2.7/tcp/1/p2p/P', coded('ENETUNREACH'))
  t.deepEqual(failures.of('P'), [
    { address: '/ip4/192.0.2.7/tcp/2', text: 'no answer in time', at: 2 },
    { address: '/ip4/192.0.2.7/tcp/1', text: 'there is no route to that address', at: 3 },
  ])
  failures.reached('P', '/ip4/192.0.2.7/tcp/2/p2p/P')
  t.deepEqual(failures.of('P').length, 1)
  for (let port = 100; port < 200; port++) failures.failed('P', `/ip4/192.0.2.7/tcp/${port}`, coded('ETIMEDOUT'))
  t.is(failures.of('P').length, 16)
  for (let i = 0; i < 1000; i++) failures.failed(`Q${i}`, '/ip4/192.0.2.7/tcp/1', coded('ETIMEDOUT'))
  t.deepEqual(failures.of('P'), [])
  t.deepEqual(failures.of('Q0'), [])
  t.is(failures.of('Q999').length, 1)
})

test('an endpoint has host, port, TLS, name and path of its address', t => {
  const PEER = '12D3KooWEX1BnLQSfRRCZN1dZASHZ1fSKxzRQQUhyXoew7uDmALr'
  for (const [address, endpoint] of [
    ['/ip4/192.0.2.7/tcp/7419', { host: '192.0.2.7', port: 7419 }],
    [`/ip6/2001:db8::1/tcp/1/p2p/${PEER}`, { host: '2001:db8::1', port: 1 }],
    ['/dns4/a.example/tcp/80/ws', { host: 'a.example', port: 80, web: { secure: false, path: '/' } }],
    ['/dns4/a.example/tcp/443/wss', { host: 'a.example', port: 443, web: { secure: true, path: '/' } }],
    [
      `/dns/a.example/tcp/443/tls/sni/b.example/ws/http-path/x%2Fy/p2p/${PEER}`,
      { host: 'a.example', port: 443, web: { secure: true, path: '/x/y', serverName: 'b.example' } },
    ],
    [`/ip4/192.0.2.7/tcp/1/p2p/${PEER}/p2p-circuit`, undefined],
    ['/memory/a', undefined],
  ] as const) {
    t.deepEqual(endpointOf(multiaddr(address)), endpoint)
  }
  t.is(relayOf(multiaddr(`/ip4/192.0.2.7/tcp/1/p2p/${PEER}/p2p-circuit/p2p/${PEER}`)), PEER)
  t.is(relayOf(multiaddr(`/ip4/192.0.2.7/tcp/1/p2p/${PEER}`)), undefined)
})

test('real dials: nobody there, no such name, another peer', async t => {
  const [server, client] = await Promise.all([
    createReachNode({ listen: ['/ip4/127.0.0.1/tcp/0'] }),
    createReachNode({}),
  ])
  const absent = await createReachNode({})
  t.teardown(() => Promise.all([server, client, absent].map(node => node.stop())))
  const [port] = /(?<=\/tcp\/)\d+/.exec(server.addresses()[0]!)!
  const addresses = ['/ip4/127.0.0.1/tcp/1', '/dns4/hospital.invalid/tcp/7419', `/ip4/127.0.0.1/tcp/${port}`]
  await t.throwsAsync(() => client.dial(absent.peer, addresses, within()))
  const texts = new Map(client.reach.failures(absent.peer).map(({ address, text }) => [address, text]))
  t.is(texts.get(addresses[0]!), 'nothing listens there (connection refused)')
  t.regex(texts.get(addresses[1]!)!, /unknown to DNS|DNS does not answer/)
  t.is(texts.get(addresses[2]!), 'another peer id answers at that address')
  await client.dial(server.peer, [addresses[2]!], within())
  t.deepEqual(client.reach.failures(server.peer), [])
})
