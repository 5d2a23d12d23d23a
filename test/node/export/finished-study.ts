/** A data folder of a node that has finished a study, with certificates that its hospitals have signed; nothing is trained. @module */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Signer } from '../../../crypto/signature.ts'
import { storeApproved } from '../../../node/storage/approved-studies.ts'
import { studyFolder } from '../../../node/storage/round-files.ts'
import { openStore } from '../../../node/storage/store.ts'
import { sealStudy } from '../../../node/storage/study-file.ts'
import { checkpointHash, encodeCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { studyIdOf } from '../../../protocols/study/document.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { certifiedLink, sidOf } from '../../helpers/study/links.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { randomCheckpoint } from './models.ts'

export const FOUNDERS: readonly Signer[] = testSigners(4)
const NEWCOMER = testSigners(5).find(({ id }) => FOUNDERS.every(other => Buffer.compare(other.id, id) !== 0))!
/** The roster after the newcomer was admitted. */
const ALL = testSigners(5)

export interface FinishedStudy {
  readonly document: StudyDocument
  /** hex */
  readonly study: string
  readonly checkpoint: string
}

/** The study: three rounds, columns that are normalised, a hospital that comes in after the first. */
export function finishedDocument(): StudyDocument {
  const privacy = { ...testStudy(FOUNDERS).privacy, noise: 'distributed', noiseMultiplier: 2, epsilon: 100 } as const
  return testStudy(FOUNDERS, {
    name: 'Beds & <b>hearts</b>',
    privacy,
    contract: {
      ...{ kind: 'vector', shape: [3], classes: ['no', 'yes'] },
      bounds: [
        [0, 1],
        [-5, 5],
        [10, 300],
      ],
    },
    model: { preset: 'mlp', units: [4] },
    normalisation: { kind: 'columns', noiseMultiplier: 4 },
  })
}

/** Writes the folder: the study, its newest checkpoint, and the certified rounds. */
export async function writeFinished(folder: string): Promise<FinishedStudy> {
  const document = finishedDocument()
  const id = studyIdOf(document)
  const study = Buffer.from(id).toString('hex')
  await mkdir(folder, { recursive: true })
  await storeApproved(folder, { study, bytes: sealStudy(document, FOUNDERS[0]!) })
  const bytes = encodeCheckpoint({ ...randomCheckpoint(document, 'finished'), round: 3 })
  const hash = checkpointHash(bytes)
  const checkpoint = Buffer.from(hash).toString('hex')
  const checkpoints = join(studyFolder(folder, study), 'checkpoints')
  await mkdir(checkpoints, { recursive: true })
  await writeFile(join(checkpoints, checkpoint), bytes)
  await writeFile(join(checkpoints, 'newest.json'), JSON.stringify({ study, round: 3, hash: checkpoint }))
  const store = await openStore(folder, id)
  const before = { signers: FOUNDERS.slice(0, 3), roster: 0, checkpoint: sidOf(201) }
  const hospital = { id: NEWCOMER.id, name: 'Newcomer', addresses: [] }
  const after = { signers: ALL.slice(0, 4), roster: 1, checkpoint: sidOf(202) }
  for (const link of [
    certifiedLink(document, 0, before),
    certifiedLink(document, 1, { ...before, change: { kind: 'admit', hospital } }),
    certifiedLink(document, 2, after),
    certifiedLink(document, 3, { ...after, checkpoint: hash }),
  ]) {
    await store.write([{ kind: 'link', link }])
  }
  await store.close()
  return { document, study, checkpoint }
}

/** What `confrere audit --json` prints of it. */
export function auditOutput(
  { study, checkpoint }: Pick<FinishedStudy, 'study' | 'checkpoint'>,
  refuted = false,
): string {
  const finding = { claimed: 3.2, epsilon: 0.7, exceeded: refuted }
  const findings = ['model', 'colluding'].map(observer => ({ observer, ...finding }))
  const canary = { canaries: 1000, included: 512, rounds: 3, hospitals: 4, findings }
  return JSON.stringify({ schemaVersion: 1, study, checkpoint, rounds: 3, records: 100, refuted, canary })
}
