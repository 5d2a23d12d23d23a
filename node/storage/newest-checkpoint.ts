/** The newest checkpoint of a data folder, read without its database: a running node holds that. @module */

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProtocolError } from '../../protocols/errors.ts'
import { type Checkpoint, checkpointHash, checkpointShape, decodeCheckpoint } from '../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { approvedStudies } from './approved-studies.ts'
import { type NewestCheckpoint, studyFolder } from './round-files.ts'
import type { VerifiedStudy } from './study-file.ts'

export interface FoundCheckpoint {
  readonly document: StudyDocument
  readonly checkpoint: Checkpoint
  /** hex */
  readonly hash: string
  readonly round: number
}

/**
 * Reads the checkpoint of the last certified round, of the study that was trained last.
 *
 * @throws OperatorError `no-checkpoint` (exit code 12), `checkpoint-damaged` (exit code 8)
 */
export async function readNewestCheckpoint(folder: string): Promise<FoundCheckpoint> {
  let newest: { found: VerifiedStudy; at: number } | undefined
  for (const found of await approvedStudies(folder)) {
    const at = await stat(newestFile(folder, found.study)).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    )
    if (at !== undefined && at > (newest?.at ?? 0)) newest = { found, at }
  }
  const checkpoint = newest === undefined ? null : await readCheckpointOf(folder, newest.found)
  if (checkpoint !== null) return checkpoint
  throw new OperatorError('no-checkpoint', `There is no checkpoint in ${folder}`, {
    hint: 'A checkpoint is written at the end of every round: start the node and wait for the first.',
    exitCode: EXIT.dataUnreadable,
  })
}

/** The checkpoint of a study's last certified round; null before the first. @throws OperatorError `checkpoint-damaged` */
export async function readCheckpointOf(
  folder: string,
  { study, document }: Pick<VerifiedStudy, 'study' | 'document'>,
): Promise<FoundCheckpoint | null> {
  const newest = newestFile(folder, study)
  const text = await readFile(newest, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  const { hash, round } = JSON.parse(text) as NewestCheckpoint
  const file = join(newest, '..', hash)
  const bytes = new Uint8Array(await readFile(file))
  if (Buffer.from(checkpointHash(bytes)).toString('hex') !== hash) {
    throw new OperatorError('checkpoint-damaged', `The checkpoint ${file} is not what its name says`, {
      hint: 'Delete it and restart the node: it fetches the newest checkpoint from another hospital.',
      exitCode: EXIT.verificationFailed,
    })
  }
  return { document, checkpoint: decoded(bytes, { file, document }), hash, round }
}

function newestFile(folder: string, study: string): string {
  return join(studyFolder(folder, study), 'checkpoints', 'newest.json')
}

function decoded(bytes: Uint8Array, { file, document }: { file: string; document: StudyDocument }): Checkpoint {
  try {
    return decodeCheckpoint(bytes, checkpointShape(document))
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw new OperatorError('checkpoint-damaged', `The checkpoint ${file} cannot be used: ${cause.message}`, {
      hint: 'Another version of this program may have written it: use that one for this study.',
      exitCode: EXIT.verificationFailed,
      cause,
    })
  }
}
