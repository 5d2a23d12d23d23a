// Claim: a hospital that runs another study is nobody's fault: both sides say so in words, neither holds anything against
// the other, and the others go on.

import test from 'ava'
import { withRounds } from '../../../protocols/study/rounds.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import { createLiveCluster } from '../../../sim/cluster/live-cluster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

test('one of four runs another study: it is told apart, not struck, and three finish', async t => {
  const { hospitals: _, ...study } = testStudy(testSigners(4))
  const cluster = await createLiveCluster(4, {
    study: { ...withRounds(study, 3), timing: { ...TIMING_LAN, openDelayMs: 300 } },
    clippedSum: (_member, parameters) => new Float64Array(parameters.length),
    elsewhere: new Map([[3, { name: 'Another study' }]]),
  })
  t.teardown(() => cluster.close())
  const [first, , , other] = cluster.nodes
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      if (cluster.failures.length > 0) throw cluster.failures[0]
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  await until(() => [0, 1, 2].every(at => cluster.nodes[at]?.status().phase === 'finished'))
  const theirs = (at: number, peer: number) => cluster.nodes[at]?.status().peers[peer]
  await until(() => theirs(0, 3)?.reason !== null && theirs(3, 0)?.reason !== null)
  t.regex(theirs(0, 3)?.reason ?? '', /^Hospital 4 runs study [0-9a-f]{12}, and this node runs [0-9a-f]{12}$/)
  t.regex(theirs(3, 0)?.reason ?? '', /^Hospital 1 runs study [0-9a-f]{12}, and this node runs [0-9a-f]{12}$/)
  t.is(theirs(0, 3)?.state, 'absent')
  t.is(theirs(0, 1)?.reason, null)
  for (const node of cluster.nodes) t.deepEqual(node?.status().strikes, [])
  t.true(first?.ready().ready)
  const { ready, reasons } = other?.ready() ?? { ready: true, reasons: [] }
  t.false(ready)
  t.true(
    reasons.some(reason => /runs study/.test(reason)),
    reasons.join('; '),
  )
})
