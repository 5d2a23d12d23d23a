// Claim of node/network/reach: a study runs although three of its four hospitals can be dialled by nobody.

import test from 'ava'
import { createLiveCluster } from '../../../../sim/cluster/live-cluster.ts'
import { until } from '../../../helpers/reach/reach-node.ts'
import { testSigners, testStudy } from '../../../helpers/study/study.ts'

const ROUNDS = 4
const DIMENSION = 62
const ALONE = 0
/** Timers that no load of the machine lets run out. */
const PATIENT = {
  ...{ openDelayMs: 10_000, voteTimeoutMs: 20_000, voteTimeoutMsMax: 60_000, lostAfterMs: 20_000 },
  ...{ resendAfterMs: 20_000, dataBaseMs: 20_000, voidAfterMs: 120_000 },
}

test('three hospitals behind NAT and one that relays run a study, every round with all four', async t => {
  const signers = testSigners(4)
  const { timing } = testStudy(signers)
  const { hospitals: _, ...study } = testStudy(signers, { rounds: ROUNDS, timing: { ...timing, ...PATIENT } })
  const cluster = await createLiveCluster(4, {
    ...{ transport: 'tcp', study, hidden: new Set([1, 2, 3]) },
    clippedSum: member => Float64Array.from({ length: DIMENSION }, (_, word) => ((member + 1) * (word + 1)) / 1000),
  })
  t.teardown(() => cluster.close())
  const networks = cluster.nodes.map(node => node!.network)
  const [relay, ...others] = networks
  const all = () => networks.every(one => networks.every(other => one === other || one.connected(other.peer)))
  await until('all are connected', all)
  for (const one of others) {
    t.deepEqual(one.addresses(), [])
    for (const other of others) {
      if (one !== other) t.like(one.reach.way(other.peer), { via: 'relay', relay: relay!.peer })
    }
  }
  await cluster.finished()
  const [first, ...same] = cluster.nodes.map(node => node!.rounds().map(({ checkpoint }) => checkpoint))
  t.is(first?.length, ROUNDS)
  for (const checkpoints of same) t.deepEqual(checkpoints, first)
  for (const { outcome, contributors } of cluster.nodes[ALONE]!.rounds().slice(1)) {
    t.deepEqual({ outcome, count: contributors.length }, { outcome: 'result', count: 4 })
  }
  const { circuits, places, bytes } = relay!.reach.relayed!
  t.log(`${places} places, ${circuits} circuits, ${(bytes / 1e6).toFixed(2)} MB relayed`)
  for (const one of networks) for (const other of networks) t.is(one.guard.strikes.weight(other.peer), 0)
})
