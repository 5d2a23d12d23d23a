/** Verifies the folder of a dossier, offline and without a data folder. @module */

import { SourceError } from '../export/contents.ts'
import { type FileFault, readSealedFolder } from '../export/sealed-folder.ts'
import { readVersion } from '../version.ts'
import { dossierOf } from './contents.ts'
import type { OpenedSources } from './opened-sources.ts'
import {
  decodeSources,
  hexHash,
  SIGNATURE_FILE,
  SOURCE_NAMES,
  SOURCES_FILE,
  type SourceList,
  signerOfSources,
} from './sources.ts'

export const DOSSIER_BYTES_MAX: number = 512 << 20

export interface DossierVerdict {
  /** none: all is as it must be */
  readonly faults: readonly FileFault[]
  /** what was verified; null where a source is not sound */
  readonly proven: {
    readonly opened: OpenedSources
    readonly list: SourceList
    readonly files: readonly string[]
  } | null
}

/** @throws OperatorError `export-unreadable`, exit code 2 */
export async function verifyDossier(folder: string): Promise<DossierVerdict> {
  const { files, faults: unread } = await readSealedFolder(folder, () => DOSSIER_BYTES_MAX)
  const [bytes, signature] = [files.get(SOURCES_FILE), files.get(SIGNATURE_FILE)]
  const list = bytes && decodeSources(bytes)
  if (list === undefined) {
    return { faults: [...unread, { file: SOURCES_FILE, problem: 'it is missing or was changed' }], proven: null }
  }
  const signer = signature && signerOfSources(signature, bytes!)
  const unsigned =
    signer === list.peer
      ? []
      : [{ file: SIGNATURE_FILE, problem: `it is not the signature of ${list.peer} over ${SOURCES_FILE}` }]
  const changed = [...unread, ...unsigned, ...changedFiles(files, list)]
  try {
    const { opened, made } = dossierOf(files, list)
    const expected = [SOURCES_FILE, SIGNATURE_FILE, ...Object.keys(list.files), ...made.keys()]
    const differing = [...made].flatMap(([file, content]) =>
      differenceOf(file, { bytes: files.get(file), content, program: list.program }),
    )
    const strange = [...files.keys()]
      .filter(file => !expected.includes(file))
      .map(file => ({ file, problem: 'it does not belong to the dossier' }))
    const faults = [...changed, ...differing, ...strange]
    return { faults, proven: { opened, list, files: expected } }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return { faults: [{ file: error.file, problem: error.message }, ...changed], proven: null }
  }
}

/** Sources that are not those that were signed. */
function changedFiles(files: ReadonlyMap<string, Uint8Array>, list: SourceList): FileFault[] {
  const unknown = Object.keys(list.files).filter(name => !SOURCE_NAMES.some(source => source === name))
  return [
    ...unknown.map(file => ({ file: SOURCES_FILE, problem: `it lists ${JSON.stringify(file)}, which is no source` })),
    ...SOURCE_NAMES.flatMap(file => {
      const [bytes, hash] = [files.get(file), list.files[file]]
      if (bytes === undefined) return hash === undefined ? [] : [{ file, problem: 'it is missing' }]
      if (hash === undefined) return [{ file, problem: `${SOURCES_FILE} does not list it` }]
      return hexHash(bytes) === hash ? [] : [{ file, problem: 'it is not the file that was signed' }]
    }),
  ]
}

function differenceOf(
  file: string,
  { bytes, content, program }: { bytes: Uint8Array | undefined; content: Uint8Array; program: string },
): FileFault[] {
  if (bytes === undefined) return [{ file, problem: 'it is missing' }]
  if (Buffer.compare(bytes, content) === 0) return []
  const here = readVersion()
  const other =
    program === here ? '' : `; it was written by version ${program} of confrere, and this is ${here}: use that one`
  return [{ file, problem: `it is not what follows from the sources${other}` }]
}
