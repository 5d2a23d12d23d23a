import test from 'ava'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import type { StudyTiming } from '../../../protocols/study/types.ts'
import { createLiveCluster, type LiveCluster } from '../../../sim/cluster/live-cluster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const DIMENSION = 62

async function createCluster(rounds: number, timing: Partial<StudyTiming> = {}): Promise<LiveCluster> {
  const { hospitals: _, ...study } = testStudy(testSigners(4), { rounds, timing: { ...TIMING_LAN, ...timing } })
  return await createLiveCluster(4, {
    study,
    clippedSum: member => Float64Array.from({ length: DIMENSION }, (_, word) => ((member + 1) * (word + 1)) / 1000),
  })
}

function checkpoints(cluster: LiveCluster): string[][] {
  return cluster.nodes.flatMap(node => (node ? [node.rounds().map(record => record.checkpoint)] : []))
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
}

test('four real nodes over the memory transport certify every round with equal checkpoints', async t => {
  const cluster = await createCluster(5)
  t.teardown(() => cluster.close())
  await cluster.finished()
  const [first, ...others] = checkpoints(cluster)
  t.is(first?.length, 5)
  for (const other of others) t.deepEqual(other, first)
  for (const node of cluster.nodes) {
    // the first round may begin before the last node has started
    for (const { outcome, contributors, views } of node?.rounds().slice(1) ?? []) {
      t.deepEqual({ outcome, views, count: contributors.length }, { outcome: 'result', views: 1, count: 4 })
    }
  }
})

test('a node that stops and comes back catches up by hash and contributes again', async t => {
  const cluster = await createCluster(60)
  t.teardown(() => cluster.close())
  const [witness] = cluster.nodes
  await until(() => (witness?.rounds().length ?? 0) >= 3)
  await cluster.stop(2)
  const gone = witness!.rounds().length
  await until(() => witness!.rounds().length >= gone + 3)
  const back = await cluster.start(2)
  await cluster.finished()
  const self = back.status().peer
  const lists = checkpoints(cluster)
  t.is(new Set(lists.map(list => list.at(-1))).size, 1)
  t.true(witness!.rounds().some(record => record.round > gone && !record.contributors.includes(self)))
  t.true(witness!.rounds().at(-1)?.contributors.includes(self))
  t.true(witness!.rounds().every(record => record.outcome === 'result'))
})

test('a round that asks for a timer at its very beginning gets it', async t => {
  const cluster = await createCluster(4, { trainedDelayMs: 50 })
  t.teardown(() => cluster.close())
  await cluster.finished()
  t.is(new Set(checkpoints(cluster).map(list => list.at(-1))).size, 1)
})
