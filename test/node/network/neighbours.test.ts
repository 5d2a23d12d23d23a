// Claim of node/network/neighbours.ts: a dial that neither fails nor succeeds is given up, so that it keeps no hospital away
// for good; until then there is one dial at a time.

import test from 'ava'
import { HelloDesk } from '../../../node/network/hello-desk.ts'
import { Neighbours } from '../../../node/network/neighbours.ts'
import type { Network } from '../../../node/network/network.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import type { StepContext } from '../../../protocols/round/context.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

test('a dial that hangs is given up after a minute, and not before', t => {
  const { hospitals } = testStudy(testSigners(4))
  const addressed = hospitals.map(hospital => ({ ...hospital, addresses: ['/ip4/192.0.2.7/tcp/7419'] }))
  const founding = createRoster(addressed)
  const [self, peer] = founding.peers as [string, string]
  let [time, dials] = [0, 0]
  const network = {
    guard: { strikes: { refuses: () => false } },
    connected: () => false,
    dialable: () => true,
    dial: () => {
      dials += 1
      return new Promise<void>(() => {})
    },
  } as unknown as Network
  const neighbours = new Neighbours({
    context: { peer: self, founding } as StepContext,
    network: () => network,
    hellos: new HelloDesk(network as never),
    ...{ joined: () => {}, left: () => {}, elsewhere: () => {} },
    now: () => time,
  })
  neighbours.opened(peer)
  time = 59_999
  neighbours.opened(peer)
  t.is(dials, 1)
  time = 60_000
  neighbours.opened(peer)
  t.is(dials, 2)
})
