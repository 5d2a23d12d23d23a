// Claims of node/daemon/roster-status.ts: a node knows which hospitals approve which change of the roster, its own at once
// and others' as they say it; what was withdrawn, and what holds, is shown no more; and the interface names them.

import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { rosterAnswer } from '../../../node/daemon/view/study-answers.ts'
import { encodeChange } from '../../../protocols/roster/change.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import { createLiveCluster } from '../../../sim/cluster/live-cluster.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const WITHIN_MS = 60_000

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + WITHIN_MS
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${WITHIN_MS} ms: ${what}`)
    await sleep(10)
  }
}

test('who approves a change is known at every hospital, until it is withdrawn or holds', async t => {
  const { hospitals: _, ...study } = testStudy(testSigners(4), { rounds: 400, timing: TIMING_LAN })
  const cluster = await createLiveCluster(4, { study, newcomers: 1, clippedSum: () => new Float64Array(62) })
  t.teardown(() => cluster.close())
  const [witness, first, second, third] = cluster.nodes
  const id = cluster.identities[4]!.signer.id
  const change = encodeChange({ kind: 'admit', hospital: { id, name: 'Newcomer', addresses: cluster.addresses(4) } })
  const peers = cluster.identities.map(({ peer }) => peer)
  const by = () => (witness!.status().roster.approvals[0]?.by ?? []).map(peer => peers.indexOf(peer)).sort()

  first!.approve(change)
  t.deepEqual(first!.status().roster.approvals[0]?.by, [peers[1]], 'its own at once')
  await until('one is heard', () => by().join() === '1')
  second!.approve(change)
  await until('two are heard', () => by().join() === '1,2')
  t.regex(witness!.status().roster.approvals[0]!.text, /^admit "Newcomer"/)
  t.is(witness!.status().roster.approving, null)
  first!.approve(null)
  await until('one is withdrawn', () => by().join() === '2')

  const known = {
    study: { document: cluster.document, study: '07'.repeat(32), founder: peers[0]!, bytes: new Uint8Array() },
    entry: { running: { status: () => witness!.status(), changes: () => witness!.changes() } } as never,
    proposal: null,
  }
  const place = { number: 1, before: [], population: null }
  const local = { peer: peers[0]!, dataset: null, datasets: [], result: [], place }
  const { pending } = rosterAnswer(known, local)
  t.like(pending, [{ needed: 3, approvedHere: false, since: null }])
  t.deepEqual(
    pending[0]?.approvedBy.map(({ peer }) => peer),
    [peers[2]],
  )

  for (const node of [witness, first, third]) node!.approve(change)
  await until('it holds', () => witness!.status().roster.version === 1)
  t.deepEqual(witness!.status().roster.approvals, [])
  await until('nobody shows it any more', () => [first, second, third].every(one => one!.status().roster.version === 1))
  for (const node of [first, second, third]) t.deepEqual(node!.status().roster.approvals, [])
})
