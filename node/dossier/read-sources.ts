/** The sources of a dossier, from a node's data folder. @module */

import { readFile } from 'node:fs/promises'
import { readLinks, readNewestModel } from '../export/export-sources.ts'
import { ledgerPath } from '../privacy/ledger-file.ts'
import { readActionText } from '../storage/action-log.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import { encodeKept, keptIn } from './keeping.ts'
import { transcriptText } from './opened-sources.ts'
import {
  ACTIONS_SOURCE,
  CERTIFICATE_SOURCE,
  CHECKPOINT_SOURCE,
  KEEPING_SOURCE,
  LEDGER_SOURCE,
  STUDY_SOURCE,
  TRANSCRIPT_SOURCE,
} from './sources.ts'

/**
 * Reads all that the node knows. The node has to be stopped meanwhile.
 *
 * @returns the files by name, and the checkpoint's hash in hex
 * @throws OperatorError as `readNewestModel`; errors of the file system
 */
export async function readDossierSources(
  folder: string,
  study: VerifiedStudy,
): Promise<{ files: Map<string, Uint8Array>; checkpoint: string }> {
  const { checkpoint, certificate, hash } = await readNewestModel(folder, study)
  const text = new TextEncoder()
  const files = new Map<string, Uint8Array>([
    [STUDY_SOURCE, study.bytes],
    [CHECKPOINT_SOURCE, checkpoint],
    [CERTIFICATE_SOURCE, certificate],
    [TRANSCRIPT_SOURCE, text.encode(transcriptText(await readLinks(folder, study)))],
    [LEDGER_SOURCE, new Uint8Array(await readFile(ledgerPath(folder)))],
    [ACTIONS_SOURCE, text.encode(await readActionText(folder))],
    [KEEPING_SOURCE, encodeKept(await keptIn(folder))],
  ])
  return { files, checkpoint: hash }
}
