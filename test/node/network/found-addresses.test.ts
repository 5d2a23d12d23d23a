// Claims of node/network/found-addresses.ts: what was told once is kept for studies that begin later, within limits.

import test from 'ava'
import { FoundAddresses } from '../../../node/network/found-addresses.ts'
import { ADDRESSES_PER_PEER_MAX } from '../../../node/network/hello.ts'

test('addresses of the config are kept under the peer that they end in; others are passed over', t => {
  const found = new FoundAddresses()
  found.addNamed(['/ip4/192.0.2.7/tcp/1/p2p/a', '/ip4/192.0.2.8/tcp/1/p2p/a', '/ip4/192.0.2.9/tcp/1'])
  t.deepEqual([...found.all], [['a', ['/ip4/192.0.2.7/tcp/1/p2p/a', '/ip4/192.0.2.8/tcp/1/p2p/a']]])
})

test('the oldest addresses and peers go first', t => {
  const found = new FoundAddresses()
  for (let at = 0; at < 20; at++) found.add('a', [`/dns/h/tcp/${at}`])
  t.is(found.all.get('a')?.length, ADDRESSES_PER_PEER_MAX)
  t.is(found.all.get('a')?.at(-1), '/dns/h/tcp/19')
  for (let at = 0; at < 600; at++) found.add(`peer-${at}`, ['/dns/h/tcp/1'])
  t.is(found.all.size, 512)
  t.false(found.all.has('a'))
})
