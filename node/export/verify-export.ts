/**
 * Verifies the folder of an export, offline and without a data folder: the study document by its founder's signature,
 * the roster by the certified rounds that changed it, the checkpoint by a quorum's votes for its hash, and every other
 * file by making it again.
 *
 * @module
 */

import { CodedError } from '../../crypto/errors.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { CertifiedResult } from '../../protocols/transcript/certificate.ts'
import { CERTIFICATE_BYTES_MAX } from '../../protocols/transcript/certificate.ts'
import { OperatorError } from '../errors.ts'
import { openStudy, type VerifiedStudy } from '../storage/study-file.ts'
import { AUDIT_BYTES_MAX, decodeAudit } from './audit-result.ts'
import {
  AUDIT_FILE,
  CERTIFICATE_FILE,
  CHECKPOINT_FILE,
  contentsOf,
  DOCUMENT_FILE,
  decodeProvenance,
  type ExportContents,
  PROVENANCE_FILE,
  type Provenance,
  SOURCE_FILES,
  SourceError,
  sha256Hex,
} from './contents.ts'
import { MODEL_BYTES_MAX } from './formats.ts'
import { decodeSafetensors } from './safetensors.ts'
import { type FileFault, readSealedFolder } from './sealed-folder.ts'

const TEXT_BYTES_MAX = 4 << 20
const BYTES_MAX: Readonly<Record<string, number>> = {
  [DOCUMENT_FILE]: 2 << 20,
  [CERTIFICATE_FILE]: CERTIFICATE_BYTES_MAX,
  [AUDIT_FILE]: AUDIT_BYTES_MAX,
  [PROVENANCE_FILE]: TEXT_BYTES_MAX,
  'card.json': TEXT_BYTES_MAX,
  'card.md': TEXT_BYTES_MAX,
}

export interface ExportVerdict {
  /** none: all is as it must be */
  readonly faults: readonly FileFault[]
  /** what was verified, where the files that it follows from are sound */
  readonly proven: {
    readonly study: string
    readonly document: StudyDocument
    readonly checkpoint: string
    readonly certified: CertifiedResult
    readonly files: readonly string[]
  } | null
}

/** @throws OperatorError `export-unreadable`, exit code 2 */
export async function verifyExport(folder: string): Promise<ExportVerdict> {
  const { files, faults: unread } = await readSealedFolder(folder, file => BYTES_MAX[file] ?? MODEL_BYTES_MAX)
  const bytes = files.get(PROVENANCE_FILE)
  const provenance = bytes && decodeProvenance(bytes)
  if (provenance === undefined) {
    const problem = bytes === undefined ? 'it is missing' : 'it was changed, or another version of confrere wrote it'
    return { faults: [...unread, { file: PROVENANCE_FILE, problem }], proven: null }
  }
  try {
    const { study, contents } = remade(files, provenance)
    const faults = [...unread, ...changedSources(files, provenance), ...differences(files, contents)].filter(
      ({ file }, at, all) => all.findIndex(other => other.file === file) === at,
    )
    const { certified, checkpoint } = contents
    const names = [...contents.files.keys()]
    return { faults, proven: { study: study.study, document: study.document, checkpoint, certified, files: names } }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    const { file, message } = error
    const others = listedDifferences(files, provenance).filter(fault => fault.file !== file)
    return { faults: [{ file, problem: message }, ...unread, ...others], proven: null }
  }
}

/** The files as they must be, from those that others are made of. @throws SourceError */
function remade(
  files: ReadonlyMap<string, Uint8Array>,
  { formats, audited, model }: Provenance,
): { study: VerifiedStudy; contents: ExportContents } {
  const source = (name: string): Uint8Array => {
    const bytes = files.get(name)
    if (bytes === undefined) throw new SourceError(name, 'it is missing')
    return bytes
  }
  const study = openedStudy(source(DOCUMENT_FILE))
  const audit = audited ? decodeAudit(source(AUDIT_FILE)) : null
  if (audit === undefined) throw new SourceError(AUDIT_FILE, "it is not an audit's result")
  const [checkpoint, certificate] = [source(CHECKPOINT_FILE), source(CERTIFICATE_FILE)]
  return { study, contents: contentsOf({ study, checkpoint, certificate, audit, which: model, formats }) }
}

function openedStudy(bytes: Uint8Array): VerifiedStudy {
  try {
    return openStudy(bytes, DOCUMENT_FILE)
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause
    throw new SourceError(DOCUMENT_FILE, cause.message, cause)
  }
}

/** Sources whose hashes are not those that the provenance lists: what they are made into would be named alone. */
function changedSources(files: ReadonlyMap<string, Uint8Array>, provenance: Provenance): FileFault[] {
  return listedDifferences(files, provenance).filter(({ file }) => SOURCE_FILES.some(source => source === file))
}

function listedDifferences(files: ReadonlyMap<string, Uint8Array>, { files: listed }: Provenance): FileFault[] {
  return [...files].flatMap(([file, bytes]) => {
    if (file === PROVENANCE_FILE) return []
    if (!Object.hasOwn(listed, file)) return [unlisted(file)]
    return listed[file] === sha256Hex(bytes)
      ? []
      : [{ file, problem: `it is not the file that ${PROVENANCE_FILE} lists` }]
  })
}

function differences(files: ReadonlyMap<string, Uint8Array>, { files: expected }: ExportContents): FileFault[] {
  const found = [...expected].flatMap(([file, content]) => {
    const bytes = files.get(file)
    if (bytes === undefined) return [{ file, problem: 'it is missing' }]
    return Buffer.compare(bytes, content) === 0 ? [] : [{ file, problem: differenceOf(file, bytes, content) }]
  })
  return [...found, ...[...files.keys()].filter(file => !expected.has(file)).map(unlisted)]
}

function differenceOf(file: string, bytes: Uint8Array, content: Uint8Array): string {
  const tensor = file.endsWith('.safetensors') ? differingTensor(bytes, content) : null
  if (tensor !== null) return `its tensor ${JSON.stringify(tensor)} is not that of the certified checkpoint`
  return 'it is not what follows from the certified checkpoint and the study'
}

/** The first tensor whose numbers differ; null where none does, or the file cannot be read. */
function differingTensor(bytes: Uint8Array, content: Uint8Array): string | null {
  try {
    const found = decodeSafetensors(bytes).tensors
    const differing = decodeSafetensors(content).tensors.find(({ name, values }) => {
      const other = found.find(tensor => tensor.name === name)?.values
      return other === undefined || values.some((value, at) => !Object.is(value, other[at]))
    })
    return differing?.name ?? null
  } catch (error) {
    if (error instanceof CodedError) return null
    throw error
  }
}

function unlisted(file: string): FileFault {
  return { file, problem: 'it does not belong to the export' }
}
