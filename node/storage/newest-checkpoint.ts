/** The newest checkpoint of a data folder, read without its database: a running node holds that. @module */

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProtocolError } from '../../protocols/errors.ts'
import { type Checkpoint, checkpointHash, checkpointShape, decodeCheckpoint } from '../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { approvedStudies, selectStudy } from './approved-studies.ts'
import { type NewestCheckpoint, studyFolder } from './round-files.ts'
import type { VerifiedStudy } from './study-file.ts'

export interface FoundCheckpoint {
  /** hex of its id */
  readonly study: string
  readonly document: StudyDocument
  readonly checkpoint: Checkpoint
  /** as peers hash it */
  readonly bytes: Uint8Array
  /** hex */
  readonly hash: string
  readonly round: number
}

/**
 * Reads the checkpoint of the last certified round, of the study that was trained last.
 *
 * @param prefix first hex digits of the id of the study that is meant; without it of any
 * @throws OperatorError `no-checkpoint` (exit code 12), `checkpoint-damaged` (exit code 8); as `selectStudy` with a prefix
 */
export async function readNewestCheckpoint(folder: string, prefix?: string): Promise<FoundCheckpoint> {
  let newest: { found: VerifiedStudy; at: number } | undefined
  for (const found of prefix === undefined ? await approvedStudies(folder) : [await selectStudy(folder, prefix)]) {
    const at = await stat(newestFile(folder, found)).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    )
    if (at !== undefined && at > (newest?.at ?? 0)) newest = { found, at }
  }
  if (newest === undefined) throw noCheckpoint(folder, prefix)
  return await readCheckpointOf(folder, newest.found)
}

/** The same, of one study. @throws OperatorError as `readNewestCheckpoint` */
export async function readCheckpointOf(
  folder: string,
  study: Pick<VerifiedStudy, 'study' | 'document'>,
): Promise<FoundCheckpoint> {
  const { document } = study
  const named = newestFile(folder, study)
  const text = await readFile(named, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? noCheckpoint(folder) : error
  })
  const { hash, round } = JSON.parse(text) as NewestCheckpoint
  const file = join(named, '..', hash)
  const bytes = new Uint8Array(await readFile(file))
  if (Buffer.from(checkpointHash(bytes)).toString('hex') !== hash) {
    throw new OperatorError('checkpoint-damaged', `The checkpoint ${file} is not what its name says`, {
      hint: 'Delete it and restart the node: it fetches the newest checkpoint from another hospital.',
      exitCode: EXIT.verificationFailed,
    })
  }
  return { study: study.study, document, checkpoint: decoded(bytes, { file, document }), bytes, hash, round }
}

function newestFile(folder: string, { study }: Pick<VerifiedStudy, 'study'>): string {
  return join(studyFolder(folder, study), 'checkpoints', 'newest.json')
}

function noCheckpoint(folder: string, prefix?: string): OperatorError {
  const which = prefix === undefined ? '' : ` of the study ${prefix}`
  return new OperatorError('no-checkpoint', `There is no checkpoint${which} in ${folder}`, {
    hint: 'A checkpoint is written at the end of every round: start the node and wait for the first.',
    exitCode: EXIT.dataUnreadable,
  })
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
