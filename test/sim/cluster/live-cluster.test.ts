import test from 'ava'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import type { StudyTiming } from '../../../protocols/study/types.ts'
import { createLiveCluster, type LiveCluster, type LiveClusterOptions } from '../../../sim/cluster/live-cluster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const DIMENSION = 62

async function createCluster(
  rounds: number,
  timing: Partial<StudyTiming> = {},
  options: Pick<LiveClusterOptions, 'worker'> = {},
): Promise<LiveCluster> {
  const { hospitals: _, ...study } = testStudy(testSigners(4), { rounds, timing: { ...TIMING_LAN, ...timing } })
  return await createLiveCluster(4, {
    ...options,
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

/** Timers that no load of the machine lets run out. */
const PATIENT = {
  openDelayMs: 20_000,
  voteTimeoutMs: 20_000,
  voteTimeoutMsMax: 60_000,
  lostAfterMs: 20_000,
  resendAfterMs: 20_000,
  dataBaseMs: 20_000,
  voidAfterMs: 120_000,
}

test('four real nodes over the memory transport certify every round with equal checkpoints', async t => {
  const cluster = await createCluster(5, PATIENT)
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

/** The first hospital never adds its chunk up; `chunkless` ones give each of their chunks once, to its owner, and no more. */
function withheldSum(chunkless: readonly number[]) {
  const calls = { pulled: 0, parts: 0 }
  const worker: LiveClusterOptions['worker'] = (member, given) => {
    const uploaded = new Set<string>()
    return {
      ...given,
      run: job => (member === 0 && job.kind === 'sum' ? new Promise(() => {}) : given.run(job)),
      chunk: async wanted => {
        const key = `${wanted.sid}/${wanted.chunk}`
        const again = uploaded.has(key)
        uploaded.add(key)
        if (again) calls.pulled += 1
        return again && chunkless.includes(member) ? undefined : await given.chunk(wanted)
      },
      part: async wanted => {
        const found = await given.part(wanted)
        if (found !== undefined) calls.parts += 1
        return found
      },
    }
  }
  return { calls, worker }
}

test('when an owner does not add its chunk up, a stand-in pulls the chunk from the contributors and the round ends', async t => {
  const { calls, worker } = withheldSum([])
  const cluster = await createCluster(2, { resendAfterMs: 1000 }, { worker })
  t.teardown(() => cluster.close())
  await cluster.finished()
  t.true(calls.pulled >= 2, 'those that are neither the owner nor the stand-in gave theirs')
  t.is(new Set(checkpoints(cluster).map(list => list.join())).size, 1)
  t.true(cluster.nodes[1]!.rounds().every(({ outcome }) => outcome === 'result'))
})

test('a contributor that gives its chunk no more is made up for: the owner serves the part that it holds', async t => {
  const { calls, worker } = withheldSum([1, 2, 3])
  const cluster = await createCluster(2, { resendAfterMs: 1000 }, { worker })
  t.teardown(() => cluster.close())
  await cluster.finished()
  t.true(calls.parts >= 2, 'the owner was asked for the parts of two others')
  t.is(new Set(checkpoints(cluster).map(list => list.join())).size, 1)
  t.true(cluster.nodes[1]!.rounds().every(({ outcome }) => outcome === 'result'))
})
