// Claims: a member that says two things is shown to have lied by a file at every honest node, which `evidence verify`
// accepts with nothing but the study file; whatever else is brought as evidence is refused with a sentence; what a node
// keeps is bounded, one file for each lie.

import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { seal } from '../../../crypto/envelope.ts'
import type { Signer } from '../../../crypto/signature.ts'
import {
  EVIDENCE_FOLDER,
  EVIDENCE_PER_PEER_MAX,
  EvidenceFolder,
  listEvidence,
} from '../../../node/storage/evidence-folder.ts'
import { sealStudy } from '../../../node/storage/study-file.ts'
import {
  decodeEvidenceFile,
  type EvidenceFile,
  encodeEvidenceFile,
  judgeEvidenceFile,
} from '../../../protocols/evidence/evidence-file.ts'
import { type Body, encodeBody, encodeEnvelope } from '../../../protocols/messages/messages.ts'
import { encodeChange } from '../../../protocols/roster/change.ts'
import { peerString } from '../../../protocols/roster/roster.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import { withRounds } from '../../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { createLiveCluster } from '../../../sim/cluster/live-cluster.ts'
import { confrere, fails, works } from '../../helpers/cli.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const PRIVACY = { noise: 'distributed', noiseMultiplier: 1, epsilon: 100 } as const

/** Two consents in one place: a lie that any member can tell in any round. */
function lie(document: StudyDocument, liar: Signer, round: number): [Uint8Array, Uint8Array] {
  const say = (victim: number) => {
    const change = encodeChange({ kind: 'remove', id: document.hospitals[victim]!.id })
    const body = { type: 'approve', study: studyIdOf(document), roster: 0, round, change } as Body
    return encodeEnvelope(seal(liar, encodeBody(body)))
  }
  return [say(0), say(1)]
}

const signers = testSigners(4)
const study = testStudy(signers, {})
const noisy = { ...study, privacy: { ...study.privacy, ...PRIVACY } }

function caseOf(round: number, document = noisy): EvidenceFile {
  const [first, second] = lie(document, signers[2]!, round)
  return { study: studyIdOf(document), round, evidence: { kind: 'equivocation', first, second }, links: [] }
}

test.serial('a member that says two things: every honest node keeps a proof that anybody can verify', async t => {
  const { hospitals: _, ...rest } = noisy
  const cluster = await createLiveCluster(4, {
    study: withRounds(rest, 40),
    clippedSum: () => new Float64Array(62),
  })
  t.teardown(() => cluster.close())
  const liar = cluster.identities[3]!
  const honest = cluster.folders.slice(0, 3)
  const found = async () => await Promise.all(honest.map(listEvidence))
  while (!(await found()).every(entries => entries.length > 0)) {
    const { round } = cluster.nodes[0]!.status()
    for (const bytes of lie(cluster.document, liar.signer, round)) cluster.nodes[3]!.network.publish(bytes)
    await sleep(50)
  }
  const file = join(await temporaryFolder(t), 'a.study')
  await writeFile(file, sealStudy(cluster.document, liar.signer))
  for (const entries of await found()) {
    const [entry] = entries
    t.is(entry?.peer, liar.peer)
    t.is(entry?.code, 'equivocation')
    const said = await works(t, 'evidence', 'verify', entry!.file, '--study', file)
    t.regex(said, /^Proven: Hospital “Hospital 4” .* signed two APPROVE/)
  }
  t.true(cluster.nodes[0]!.status().evidence > 0)
  const { evidence: listed } = JSON.parse(await works(t, 'evidence', 'list', '--data', honest[0]!, '--json'))
  t.is(listed[0].peer, liar.peer)
  t.deepEqual(cluster.failures, [])
})

test('a case goes through its file; one changed byte, another study or nonsense prove nothing', async t => {
  const folder = await temporaryFolder(t)
  const [path, other] = [join(folder, 'a.study'), join(folder, 'b.study')]
  await writeFile(path, sealStudy(noisy, signers[0]!))
  await writeFile(other, sealStudy({ ...noisy, name: 'Another' }, signers[0]!))
  const bytes = encodeEvidenceFile(caseOf(1))
  t.deepEqual(decodeEvidenceFile(bytes), caseOf(1))
  t.is(judgeEvidenceFile(noisy, caseOf(1)).peer, peerString(signers[2]!.id))
  const file = join(folder, 'good.evidence')
  await writeFile(file, bytes)
  const verdict = JSON.parse(await works(t, 'evidence', 'verify', file, '--study', path, '--json'))
  t.like(verdict, { proven: true, code: 'equivocation', kind: 'equivocation' })
  t.regex(await fails(t, 8, 'evidence', 'verify', file, '--study', other), /another study/)

  const bad = join(folder, 'bad.evidence')
  const refuse = async (content: Uint8Array) => {
    await writeFile(bad, content)
    await fails(t, 8, 'evidence', 'verify', bad, '--study', path)
  }
  await refuse(new Uint8Array(0))
  await refuse(bytes.subarray(0, bytes.length - 1))
  for (let at = 0; at < bytes.length; at += 97) {
    const flipped = bytes.with(at, bytes[at]! ^ 1)
    t.throws(() => judgeEvidenceFile(noisy, decodeEvidenceFile(flipped)), { code: 'bad-evidence' }, `byte ${at}`)
  }
  await refuse(bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1))
})

test('a folder, a missing file and a huge one are refused with a sentence', async t => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'a.study')
  await writeFile(path, sealStudy(noisy, signers[0]!))
  const huge = join(folder, 'huge')
  await writeFile(huge, '')
  await truncate(huge, 4 * 2 ** 30)
  t.regex(await fails(t, 2, 'evidence', 'verify', huge, '--study', path), /at most/)
  await fails(t, 2, 'evidence', 'verify', folder, '--study', path)
  await fails(t, 2, 'evidence', 'verify', join(folder, 'none'), '--study', path)
  t.is((await confrere('evidence', 'list', '--data', join(folder, 'none'))).code, 3)
})

test('one file for each lie, and so many for a hospital; files of other names are not ours', async t => {
  const folder = await temporaryFolder(t)
  const kept = new EvidenceFolder(folder, '12345678ab')
  await kept.open()
  const accused = { peer: peerString(signers[2]!.id), code: 'equivocation' }
  const first = await kept.keep(accused, caseOf(1))
  t.deepEqual(decodeEvidenceFile(new Uint8Array(await readFile(first!))), caseOf(1))
  t.is(await kept.keep(accused, caseOf(1)), null)
  await Promise.all(Array.from({ length: 2 * EVIDENCE_PER_PEER_MAX }, (_, at) => kept.keep(accused, caseOf(at + 2))))
  await mkdir(join(folder, EVIDENCE_FOLDER, 'strange.evidence'))
  await writeFile(join(folder, EVIDENCE_FOLDER, '..evidence'), '')
  t.is((await listEvidence(folder)).length, EVIDENCE_PER_PEER_MAX)
  t.is(kept.count, EVIDENCE_PER_PEER_MAX)
  const again = new EvidenceFolder(folder, '12345678ab')
  await again.open()
  t.is(again.count, EVIDENCE_PER_PEER_MAX)
})
