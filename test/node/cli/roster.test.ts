// Claims: operators change the roster with nothing but files that they approve: a hospital is admitted and contributes,
// another is removed, cut off at once, and neither stays nor comes back; a file that is no change is refused.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import { PendingChange, storeApproval, withdrawApproval } from '../../../node/storage/pending-change.ts'
import { encodeChange, type RosterChange } from '../../../protocols/roster/change.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import { TIMING_LAN } from '../../../protocols/study/timing.ts'
import { createLiveCluster, type LiveCluster } from '../../../sim/cluster/live-cluster.ts'
import { fails, works } from '../../helpers/cli.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const WITHIN_MS = 60_000

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + WITHIN_MS
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${WITHIN_MS} ms: ${what}`)
    await sleep(10)
  }
}

function approve(cluster: LiveCluster, change: RosterChange, by: readonly number[]): void {
  for (const member of by) cluster.nodes[member]?.approve(encodeChange(change))
}

test.serial('a hospital is admitted and contributes; another is removed, cut off, and does not come back', async t => {
  const { hospitals: _, ...study } = testStudy(testSigners(4), { rounds: 200, timing: TIMING_LAN })
  const cluster = await createLiveCluster(4, { study, newcomers: 1, clippedSum: () => new Float64Array(62) })
  t.teardown(() => cluster.close())
  const [witness] = cluster.nodes
  const newcomer = cluster.identities[4]!
  await cluster.start(4)
  t.is(cluster.nodes[4]!.status().phase, 'outside')
  const hospital = { id: newcomer.signer.id, name: 'Newcomer', addresses: cluster.addresses(4) }
  approve(cluster, { kind: 'admit', hospital }, [0, 1, 2])
  const contributes = (peer: string) => witness!.rounds().at(-1)?.contributors.includes(peer) === true
  await until('the newcomer contributes', () => contributes(newcomer.peer))
  t.is(witness!.status().roster.version, 1)
  t.is(cluster.nodes[4]!.status().roster.version, 1)
  t.is(witness!.status().peers.length, 5)

  const gone = cluster.identities[3]!
  const started = witness!.rounds().length
  approve(cluster, { kind: 'remove', id: gone.signer.id }, [0, 1, 2, 4])
  await until('it is removed', () => witness!.status().roster.version === 2)
  await until('it has ended', () => cluster.failures.length > 0)
  const [error] = cluster.failures.splice(0) as OperatorError[]
  t.like(error, { code: 'removed-from-roster', exitCode: EXIT.notInRoster })
  await until('its lines are closed', () => !witness!.network.connected(gone.peer))
  await cluster.stop(3)
  const refused = await t.throwsAsync(cluster.start(3), { instanceOf: OperatorError })
  t.like(refused, { code: 'removed-from-roster', exitCode: EXIT.notInRoster })
  await until('the others go on', () => witness!.rounds().length > started + 3)
  t.false(contributes(gone.peer))
  t.true(contributes(newcomer.peer))
  t.deepEqual(cluster.failures, [])
  const rounds = (at: number) =>
    new Map(cluster.nodes[at]!.rounds().map(({ round, checkpoint }) => [round, checkpoint]))
  const common = [...rounds(4)].filter(([round]) => rounds(0).has(round))
  t.true(common.length > 3)
  for (const [round, checkpoint] of common) t.is(rounds(0).get(round), checkpoint)
})

const ids = testSigners(2).map(({ id }) => peerString(id))

test('admit, remove and rotate write what operators send each other, and refuse what is none', async t => {
  const folder = await temporaryFolder(t)
  const out = (name: string) => join(folder, name)
  const admitted = await works(t, 'roster', 'admit', ids[0]!, '--name', 'Hôpital B', '--out', out('a'))
  t.regex(admitted, /admit "Hôpital B"[\s\S]*Check: {2}([0-9a-f]{4} ){3}[0-9a-f]{4}/)
  t.regex(await works(t, 'roster', 'remove', ids[0]!, '--out', out('b')), /remove 12D3KooW/)
  await works(t, 'roster', 'rotate', ids[0]!, ids[1]!, '--name', 'C', '--out', out('c'))
  t.regex(await fails(t, EXIT.usage, 'roster', 'remove', ids[0]!, '--out', out('b')), /not overwritten/)
  t.regex(await fails(t, EXIT.config, 'roster', 'remove', 'somebody', '--out', out('d')), /peer id/)
  await fails(t, EXIT.usage, 'roster', 'admit', ids[0]!, '--name', 'a\nb', '--out', out('d'))
  await fails(t, EXIT.usage, 'roster', 'admit', ids[0]!, '--name', 'B', '--address', 'nowhere', '--out', out('d'))
  await fails(t, EXIT.config, 'roster', 'approve', out('a'), '--data', out('none'))
})

test('an approval is seen while the node runs, also when it is withdrawn; nonsense approves nothing', async t => {
  const folder = await temporaryFolder(t)
  const study = 'ab'.repeat(32)
  const warnings: unknown[] = []
  const pending = new PendingChange(folder, study, { warn: (...said: unknown[]) => void warnings.push(said) })
  const seen: (string | null)[] = []
  t.teardown(() => pending.stop())
  pending.watch(change => seen.push(change && Buffer.from(change).toString('hex')))
  const change: RosterChange = { kind: 'remove', id: testSigners(1)[0]!.id }
  const file = await storeApproval(folder, study, change)
  t.deepEqual(new Uint8Array(await readFile(file)), encodeChange(change))
  await until('it is seen', () => seen.length === 1)
  await withdrawApproval(folder, study)
  await until('it is gone', () => seen.length === 2)
  await writeFile(file, Buffer.alloc(1 << 20))
  await until('nonsense is told of', () => warnings.length > 0)
  await storeApproval(folder, study, change)
  await until('it is seen again', () => seen.length === 3)
  await pending.settle()
  await until('it is settled', () => seen.length === 4)
  const bytes = Buffer.from(encodeChange(change)).toString('hex')
  t.deepEqual(seen, [bytes, null, bytes, null])
})
