/** A data folder as a node leaves it behind after a study's last round, trained in this process. @module */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../crypto/hash.ts'
import { createSigner } from '../../crypto/signature.ts'
import type { Dataset } from '../../node/datasets/dataset.ts'
import { rehearse } from '../../node/privacy-audit/rehearsal.ts'
import { storeApproved } from '../../node/storage/approved-studies.ts'
import { type NewestCheckpoint, studyFolder } from '../../node/storage/round-files.ts'
import { sealStudy } from '../../node/storage/study-file.ts'
import { loadBackend } from '../../node/training/backend.ts'
import { checkpointHash, encodeCheckpoint } from '../../protocols/model/checkpoint.ts'
import { studyIdOf } from '../../protocols/study/document.ts'
import { trainingRounds } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { toHex } from './hex.ts'
import { seededRng } from './seeded-rng.ts'

/**
 * Trains a study whose hospitals are those of a plan, and puts study and newest checkpoint into a data folder.
 *
 * @param parts each hospital's records
 */
export async function addTrainedStudy(
  folder: string,
  document: StudyDocument,
  parts: readonly Dataset[],
): Promise<void> {
  const backend = await loadBackend()
  const checkpoint = encodeCheckpoint(rehearse({ document, parts, backend, rng: seededRng('trained folder') }))
  const signer = createSigner(sha256(new TextEncoder().encode('hospital 0 of a plan')))
  const study = toHex(studyIdOf(document))
  await storeApproved(folder, { study, bytes: sealStudy(document, signer) })
  const hash = toHex(checkpointHash(checkpoint))
  const checkpoints = join(studyFolder(folder, study), 'checkpoints')
  await mkdir(checkpoints, { recursive: true })
  await writeFile(join(checkpoints, hash), checkpoint)
  const newest: NewestCheckpoint = { study, round: trainingRounds(document), hash }
  await writeFile(join(checkpoints, 'newest.json'), JSON.stringify(newest))
}
