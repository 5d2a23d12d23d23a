// Claim: while hospitals join and leave, are late to take a change over, or start again in the middle of it, no honest
// node counts a strike against another, and no node refuses another.

import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { PUSH_PROTOCOL } from '../../../node/network/anti-entropy.ts'
import { ask } from '../../../node/network/request-reply.ts'
import { encodeChange, type RosterChange } from '../../../protocols/roster/change.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import { encodeSync } from '../../../protocols/sync/anti-entropy.ts'
import { createLiveCluster, type LiveCluster } from '../../../sim/cluster/live-cluster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const WITHIN_MS = 60_000
const DIMENSION = 62
const ROUNDS = 400

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + WITHIN_MS
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${WITHIN_MS} ms: ${what}`)
    await sleep(10)
  }
}

async function createCluster(count: number, newcomers: number): Promise<LiveCluster> {
  const { hospitals: _, ...study } = testStudy(testSigners(count), { rounds: ROUNDS, timing: TIMING_LAN })
  return await createLiveCluster(count, { study, newcomers, clippedSum: () => new Float64Array(DIMENSION) })
}

/** Remembers what every node holds against others, also of the nodes that are stopped. */
function watch(cluster: LiveCluster): () => string[] {
  const seen = new Map<unknown, () => string[]>()
  for (const member of cluster.identities.keys()) {
    Object.defineProperty(cluster.nodes, member, { ...watched(cluster.nodes[member], node => note(node, member)) })
  }
  function note(node: LiveCluster['nodes'][number], member: number): void {
    if (node === undefined || seen.has(node)) return
    const named = (peer: string) => cluster.identities.findIndex(one => one.peer === peer)
    seen.set(node, () =>
      node
        .status()
        .strikes.map(({ peer, reason, count }) => `${member} against ${named(peer)}: ${reason} ${count} times`),
    )
  }
  return () => [...seen.values()].flatMap(list => list())
}

/** A property that tells of every value that it is given. */
function watched<T>(first: T, tell: (value: T) => void): PropertyDescriptor {
  let value = first
  tell(first)
  return {
    enumerable: true,
    configurable: true,
    get: () => value,
    set: (next: T) => {
      value = next
      tell(next)
    },
  }
}

function approve(cluster: LiveCluster, change: RosterChange, by: readonly number[]): void {
  for (const member of by) cluster.nodes[member]?.approve(encodeChange(change))
}

function admission(cluster: LiveCluster, member: number): RosterChange {
  const id = cluster.identities[member]!.signer.id
  return { kind: 'admit', hospital: { id, name: `Newcomer ${member}`, addresses: cluster.addresses(member) } }
}

const versionOf = (cluster: LiveCluster, member: number) => cluster.nodes[member]?.status().roster.version ?? -1

test.serial('joining, leaving, starting again in between: nobody counts a strike', async t => {
  const cluster = await createCluster(5, 2)
  t.teardown(() => cluster.close())
  const strikes = watch(cluster)
  const [witness] = cluster.nodes
  const contributes = (member: number) =>
    witness!.rounds().at(-1)?.contributors.includes(cluster.identities[member]!.peer) === true
  await cluster.start(5)
  await until('rounds go on', () => witness!.rounds().length >= 2)

  approve(cluster, admission(cluster, 5), [0, 1, 2, 3, 4])
  // one is away while the change is certified, and takes it over late
  await cluster.stop(2)
  await until('the newcomer is admitted', () => versionOf(cluster, 0) === 1)
  await cluster.start(2)
  await until('it contributes', () => contributes(5))
  await until('the late one goes by the new roster', () => versionOf(cluster, 2) === 1 && contributes(2))
  t.deepEqual(strikes(), [])

  // the ranks of all that come after it move by one
  approve(cluster, { kind: 'remove', id: cluster.identities[1]!.signer.id }, [0, 2, 3, 4, 5])
  await until('one is removed', () => versionOf(cluster, 0) === 2)
  await cluster.stop(3)
  await cluster.start(3)
  await until('the removed one has heard of it', () => cluster.failures.length > 0)
  t.like(cluster.failures.splice(0), [{ code: 'removed-from-roster' }])
  const before = witness!.rounds().length
  await until('the others go on', () => witness!.rounds().length > before + 3)
  await until('all contribute', () => [0, 2, 3, 4, 5].every(contributes))
  t.deepEqual(strikes(), [])

  // a joiner that catches up over both changes
  await cluster.start(6)
  approve(cluster, admission(cluster, 6), [0, 2, 3, 4, 5])
  await until('another is admitted', () => versionOf(cluster, 0) === 3)
  await until('it contributes', () => contributes(6))
  t.deepEqual(strikes(), [])
  t.deepEqual(cluster.failures, [])
})

test.serial(
  'messages of a hospital that has been removed, repeated by one that stays, cost that one no strike',
  async t => {
    const cluster = await createCluster(5, 0)
    t.teardown(() => cluster.close())
    const strikes = watch(cluster)
    const [witness, repeater, hearer, , removed] = cluster.nodes
    const said: Uint8Array[] = []
    const { network } = removed!
    const publish = network.publish.bind(network)
    network.publish = bytes => {
      said.push(bytes)
      publish(bytes)
    }
    await until('rounds go on, and it takes part', () => witness!.rounds().length >= 2 && said.length > 0)
    approve(cluster, { kind: 'remove', id: cluster.identities[4]!.signer.id }, [0, 1, 2, 3])
    await until('it is removed', () => [0, 1, 2, 3].every(member => versionOf(cluster, member) === 1))
    const peer = cluster.identities[2]!.peer
    const signal = AbortSignal.timeout(WITHIN_MS)
    const repeated = encodeSync({
      round: 0,
      links: [],
      messages: said.slice(-8),
      have: new Uint8Array(0),
      tags: new Uint8Array(0),
    })
    const stream = await repeater!.network.open(peer, PUSH_PROTOCOL, signal)
    await ask(repeater!.network.channel(stream, peer), repeated, { bytesMax: 16, signal })
    const before = hearer!.rounds().length
    await until('rounds go on', () => hearer!.rounds().length > before + 3)
    t.deepEqual(strikes(), [])
    t.like(cluster.failures.splice(0), [{ code: 'removed-from-roster' }])
  },
)
