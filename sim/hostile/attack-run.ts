/**
 * Three honest nodes of four in this process, and a hostile member that attacks them from its own process. Measures the
 * attack's cost to the honest process: memory in use after garbage collection, and rounds.
 *
 * @module
 */

import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { studyIdOf } from '../../protocols/study/document.ts'
import { createLiveCluster, type LiveCluster } from '../cluster/live-cluster.ts'
import { attackStudy } from './attack-study.ts'
import { ATTACKS } from './attacks.ts'
import type { Orders } from './member.ts'

const HOSTILE = 3
const WARM_MS_MAX = 30_000
const WARM_ROUNDS = 3
const SAMPLE_MS = 1000
const PATIENCE_MS = 60_000

export interface AttackOptions {
  readonly seconds: number
  /** extends the run, by a minute at most, until this many rounds are certified: a busy machine slows rounds too */
  readonly roundsMin?: number
  /** names; absent: all attacks at once */
  readonly attacks?: readonly string[]
  readonly dimension?: number
}

export interface AttackReport {
  /** largest growth of memory in use after garbage collection; MB of 10^6 bytes */
  readonly megabytesMax: number
  readonly rounds: number
  /** certified without the hostile member, and with the same checkpoint at all three */
  readonly agreed: number
  readonly voided: number
  readonly megabytesReceived: number
  readonly longestRoundMs: number
  /** strikes against honest peers */
  readonly honestStrikes: number
  readonly strikes: Readonly<Record<string, number>>
  readonly failures: readonly unknown[]
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use after a collection. `external` includes array buffers. */
async function bytesInUse(): Promise<number> {
  collect()
  // finalizers free buffers
  await sleep(0)
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function honest(cluster: LiveCluster) {
  return cluster.nodes.filter(node => node !== undefined)
}

function roundsOf(cluster: LiveCluster): number {
  return Math.min(...honest(cluster).map(node => node.rounds().length))
}

function ordersOf(cluster: LiveCluster, attacks: readonly string[]): Orders {
  return {
    seed: Buffer.from(cluster.identities[HOSTILE]?.seed as Uint8Array).toString('hex'),
    study: Buffer.from(studyIdOf(cluster.document)).toString('hex'),
    victims: honest(cluster).map(({ network }) => ({ peer: network.peer, addresses: network.addresses() })),
    attacks,
  }
}

function report(cluster: LiveCluster, { before, bytesMax }: { before: number; bytesMax: number }): AttackReport {
  const nodes = honest(cluster)
  const guilty = cluster.identities[HOSTILE]?.peer
  const records = nodes.map(node => node.rounds().slice(before))
  const common = Math.min(...records.map(list => list.length))
  const strikes: Record<string, number> = {}
  let honestStrikes = 0
  for (const { peer, reason, count } of nodes.flatMap(node => node.status().strikes)) {
    if (peer === guilty) strikes[reason] = (strikes[reason] ?? 0) + count
    else honestStrikes += count
  }
  const first = records[0]?.slice(0, common) ?? []
  const same = (at: number) => new Set(records.map(list => list[at]?.checkpoint)).size === 1
  return {
    megabytesMax: bytesMax / 1e6,
    rounds: common,
    agreed: first.filter(({ outcome }, at) => outcome === 'result' && same(at)).length,
    voided: first.filter(({ outcome }) => outcome === 'void').length,
    megabytesReceived: nodes.reduce((sum, { network }) => sum + network.guard.bytesReceived, 0) / 1e6,
    longestRoundMs: Math.max(0, ...first.map(({ durationMs }) => durationMs)),
    honestStrikes,
    strikes,
    failures: cluster.failures,
  }
}

/** Attacks three nodes for that long. */
export async function runAttack({
  seconds,
  roundsMin = 0,
  attacks = Object.keys(ATTACKS),
  dimension = 62,
}: AttackOptions): Promise<AttackReport> {
  const update = new Float64Array(dimension).fill(1 / dimension)
  const cluster = await createLiveCluster(4, {
    transport: 'tcp',
    study: attackStudy(dimension),
    clippedSum: () => update,
  })
  const member = fork(new URL('./member.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  try {
    await cluster.stop(HOSTILE)
    const warmUntil = performance.now() + WARM_MS_MAX
    while (roundsOf(cluster) < WARM_ROUNDS && performance.now() < warmUntil) await sleep(50)
    const atRest = await bytesInUse()
    const before = roundsOf(cluster)
    member.send(ordersOf(cluster, attacks))
    const until = performance.now() + seconds * 1000
    let bytesMax = 0
    const wanting = () => roundsOf(cluster) < before + roundsMin && performance.now() < until + PATIENCE_MS
    while (performance.now() < until || wanting()) {
      await sleep(SAMPLE_MS)
      bytesMax = Math.max(bytesMax, (await bytesInUse()) - atRest)
    }
    return report(cluster, { before, bytesMax })
  } finally {
    member.kill('SIGKILL')
    await cluster.close()
  }
}
