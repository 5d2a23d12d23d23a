import test from 'ava'
import { createLiveCluster } from '../../sim/live-cluster.ts'
import { testSigners, testStudy } from '../helpers/study.ts'

test('four real nodes over the memory transport certify every round with equal checkpoints', async t => {
  const { hospitals: _, ...study } = testStudy(testSigners(4), { rounds: 5 })
  const cluster = await createLiveCluster(4, {
    study,
    clippedSum: member => Float64Array.from({ length: 62 }, (_, word) => ((member + 1) * (word + 1)) / 1000),
    logLevel: (process.env['CLUSTER_LOG'] as 'debug') ?? 'silent',
  })
  t.teardown(() => cluster.close())
  await cluster.finished()
  const rounds = cluster.nodes.map(node => node?.rounds() ?? [])
  t.is(rounds[0]?.length, 5)
  for (const own of rounds) {
    t.deepEqual(
      own.map(record => record.checkpoint),
      rounds[0]?.map(record => record.checkpoint),
    )
    for (const record of own) t.is(record.outcome, 'result')
  }
  t.log(rounds[0]?.map(({ durationMs, beyondMs, bytesSent, views }) => ({ durationMs, beyondMs, bytesSent, views })))
})
