/** What an export is made of, from a node's data folder. @module */

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { decodeResultValue } from '../../protocols/messages/result-value.ts'
import { studyIdOf } from '../../protocols/study/document.ts'
import { certificateFrom, encodeCertificate } from '../../protocols/transcript/certificate.ts'
import { decodeLink } from '../../protocols/transcript/link.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { readCheckpointOf } from '../storage/newest-checkpoint.ts'
import { requireModel } from '../storage/requires-model.ts'
import { openStores, STORE_FOLDER } from '../storage/store.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'

export interface NewestModel {
  readonly checkpoint: Uint8Array
  /** hex */
  readonly hash: string
  readonly certificate: Uint8Array
}

/**
 * Reads a study's newest checkpoint and what certifies it. The certificates are in the node's database, which a running
 * node holds; so the node has to be stopped meanwhile.
 *
 * @throws OperatorError `node-running`, `no-checkpoint`, `not-certified`, `no-model-in-study`; as `readCheckpointOf` and `openStores`
 */
export async function readNewestModel(folder: string, study: VerifiedStudy): Promise<NewestModel> {
  requireModel(study.document, 'export')
  const { bytes, hash } = await readCheckpointOf(folder, study)
  const certificate = await readCertificate(folder, study)
  const named = certificate && decodeResultValue(certificate.result.value)
  if (named?.outcome !== 'result' || bytesToString(named.checkpoint, 'base16') !== hash) {
    throw new OperatorError('not-certified', `The database in ${folder} has no certificate of the newest checkpoint`, {
      hint: 'Start the node: it fetches what it lacks from the other hospitals. Then stop it and export again.',
      exitCode: EXIT.dataUnreadable,
    })
  }
  return { checkpoint: bytes, hash, certificate: encodeCertificate(certificate!) }
}

async function readCertificate(folder: string, study: VerifiedStudy) {
  return certificateFrom((await readLinks(folder, study)).map(decodeLink))
}

/**
 * Reads the certified rounds of a study, oldest first, as they were received. The node has to be stopped meanwhile.
 *
 * @returns encoded links; none where the node has no database yet
 * @throws OperatorError `node-running`; as `openStores`
 */
export async function readLinks(folder: string, { document }: VerifiedStudy): Promise<Uint8Array[]> {
  const isThere = await stat(join(folder, STORE_FOLDER)).then(
    () => true,
    () => false,
  )
  // opening it would make one
  if (!isThere) return []
  const stores = await openStores(folder).catch((error: OperatorError) => {
    if (error.code !== 'folder-in-use') throw error
    throw new OperatorError('node-running', `The node on ${folder} is running, and holds what certifies its model`, {
      hint: `Stop it for a moment, "confrere stop --data ${folder}", do this again, and start it: it takes up where it was.`,
      exitCode: EXIT.config,
      cause: error,
    })
  })
  try {
    return await stores.of(studyIdOf(document)).links(0, Number.MAX_SAFE_INTEGER)
  } finally {
    await stores.close()
  }
}
