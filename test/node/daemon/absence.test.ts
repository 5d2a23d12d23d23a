// Claims of node/daemon/absence.ts: why a hospital is away is told by its name, in words that stay the same while nothing new is
// known; and nothing is said while nothing is known.

import test from 'ava'
import fc from 'fast-check'
import { absenceText, peerStatuses, wayText } from '../../../node/daemon/absence.ts'
import type { Obstacle } from '../../../node/network/neighbours.ts'
import { OWN_PLACE } from '../../../node/network/reach/dial-failures.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const { hospitals } = testStudy(testSigners(4))
const now = { roster: createRoster(hospitals), study: new Uint8Array(32).fill(7) }
const [self, peer] = now.roster.peers as [string, string]
const name = now.roster.hospitals[1]!.name

const failure = (address: string, text = 'nothing listens there (connection refused)') => ({ address, text, at: 0 })
const textOf = (obstacle: Obstacle | null, failures: readonly ReturnType<typeof failure>[] = []) =>
  absenceText(now, { peer, obstacle, failures })

test('dials that failed are told with their addresses, and a way by a relay only where there is no other', t => {
  const direct = failure('/ip4/192.0.2.7/tcp/7419')
  const relayed = failure('/ip4/192.0.2.9/tcp/1/p2p/x/p2p-circuit', 'the relay does not have that peer at present')
  t.is(textOf(null, [direct, relayed]), `${name}: /ip4/192.0.2.7/tcp/7419: nothing listens there (connection refused)`)
  t.regex(textOf(null, [relayed]) ?? '', /the relay does not have that peer/)
})

test('a relay that keeps no place for this node is no address that failed', t => {
  const place = failure(OWN_PLACE, 'as a relay it has no place left')
  t.is(textOf(null, [place]), null)
  t.is(textOf({ kind: 'no-address' }, [place]), textOf({ kind: 'no-address' }))
  t.notRegex(textOf(null, [place, failure('/dns/a/tcp/1')]) ?? '', /relay/)
})

test('the same failures in another order are told by the same words, and at most two are named', t => {
  const some = fc.uniqueArray(fc.stringMatching(/^\/dns\/[a-z]{1,6}\/tcp\/1$/), { minLength: 1, maxLength: 16 })
  fc.assert(
    fc.property(some, addresses => {
      const failures = addresses.map(address => failure(address))
      const text = textOf(null, failures)
      t.is(textOf(null, [...failures].reverse()), text)
      t.is(text?.split('; ').length, Math.min(3, addresses.length))
    }),
  )
})

test('what a hospital said of itself goes before dials that fail', t => {
  const failed = [failure('/dns/a/tcp/1')]
  t.regex(textOf({ kind: 'difference', difference: { study: 'ab'.repeat(32) } }, failed) ?? '', /runs study ab/)
  t.regex(textOf({ kind: 'silent' }, failed) ?? '', /has not approved it, or is starting/)
  t.regex(textOf({ kind: 'refused' }, failed) ?? '', /this node refuses/)
})

test('without an address that is said; while nothing is known nothing is', t => {
  t.is(textOf({ kind: 'no-address' }), `no address of ${name} is known, and it has not called`)
  t.is(textOf(null), null)
})

test('every hospital of the roster is told of: how it is reached, or why it is away', t => {
  const statuses = peerStatuses(now, {
    ...{ connected: [peer], self, obstacleOf: () => ({ kind: 'no-address' }) },
    reach: { failures: () => [], way: () => ({ via: 'direct', address: '/dns/a/tcp/1' }) },
  })
  t.deepEqual(
    statuses.map(({ state }) => state),
    ['self', 'connected', 'absent', 'absent'],
  )
  t.is(statuses[1]?.reached, 'directly')
  t.regex(statuses[2]?.reason ?? '', /no address/)
})

test('a way is told with the proxy or the relay that it goes through', t => {
  t.is(
    wayText({ via: 'proxy', address: '', proxy: 'p:3128' }, () => null),
    'through the proxy p:3128',
  )
  t.regex(
    wayText({ via: 'relay', address: '', relay: 'id' }, () => 'Hospital C'),
    /^through Hospital C, .*ciphertext/,
  )
})
