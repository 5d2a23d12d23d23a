/**
 * All files of an export, from what it is made of: the study document, the checkpoint, the certificate, and an audit. The
 * same sources give the same bytes, so that anybody can make the files again and compare.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { z } from 'zod'
import { ProtocolError } from '../../protocols/errors.ts'
import { checkpointHash, checkpointShape, decodeCheckpoint } from '../../protocols/model/checkpoint.ts'
import { presetOf } from '../../protocols/study/models/list.ts'
import { type CertifiedResult, verifyCertificate } from '../../protocols/transcript/certificate.ts'
import type { VerifiedStudy } from '../storage/study-file.ts'
import { evaluationFigures } from '../study/evaluation-figures.ts'
import { type AuditResult, encodeAudit } from './audit-result.ts'
import { EXPORT_FORMATS, type ExportFormat, filesOfFormat } from './formats.ts'
import { modelCard } from './model-card.ts'
import { chosenModel, WHICH_MODELS, type WhichModel } from './which-model.ts'

/** Of a folder's files. It grows when a file is written in another way. */
const CONTENTS_VERSION = 1

export const DOCUMENT_FILE = 'document.study'
export const CHECKPOINT_FILE = 'checkpoint.bin'
export const CERTIFICATE_FILE = 'certificate.cbor'
export const AUDIT_FILE = 'audit.json'
export const PROVENANCE_FILE = 'provenance.json'

/** Files that others are made of. */
export const SOURCE_FILES = [DOCUMENT_FILE, CHECKPOINT_FILE, CERTIFICATE_FILE, AUDIT_FILE] as const

export interface ExportSources {
  readonly study: VerifiedStudy
  readonly checkpoint: Uint8Array
  readonly certificate: Uint8Array
  readonly audit: AuditResult | null
  /** by default the newest */
  readonly which?: WhichModel
  readonly formats: readonly ExportFormat[]
}

export interface ExportContents {
  /** by name, in the order of the names; `/` between folders */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly certified: CertifiedResult
  /** hex */
  readonly checkpoint: string
}

/** A source that does not hold what it must. */
export class SourceError extends Error {
  readonly file: string

  constructor(file: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.file = file
  }
}

const PROVENANCE = z.strictObject({
  version: z.literal(CONTENTS_VERSION),
  study: z.string().max(64),
  checkpoint: z.string().max(64),
  round: z.int(),
  rosterVersion: z.int(),
  hospitals: z.array(z.string().max(100)).max(100),
  formats: z.array(z.enum(EXPORT_FORMATS)).min(1).max(EXPORT_FORMATS.length),
  audited: z.boolean(),
  model: z.enum(WHICH_MODELS),
  /** hex SHA-256 of every other file */
  files: z.record(z.string().max(100), z.string().regex(/^[0-9a-f]{64}$/)),
})
export type Provenance = z.infer<typeof PROVENANCE>

/** Undefined: these are not the bytes of a provenance file of this version. */
export function decodeProvenance(bytes: Uint8Array): Provenance | undefined {
  try {
    return PROVENANCE.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data
  } catch {
    return undefined
  }
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * Verifies the sources and makes all files.
 *
 * @throws SourceError that names the first source that does not belong to the others
 */
export function contentsOf({
  study: found,
  checkpoint,
  certificate,
  audit,
  which = 'newest',
  formats,
}: ExportSources): ExportContents {
  const { document, study, founder, bytes } = found
  const certified = checked(CERTIFICATE_FILE, () => verifyCertificate(document, certificate))
  const hash = bytesToString(checkpointHash(checkpoint), 'base16')
  const named = bytesToString(certified.value.checkpoint, 'base16')
  if (hash !== named) {
    throw new SourceError(CHECKPOINT_FILE, `it has the hash ${hash}, and the hospitals have certified ${named}`)
  }
  const decoded = checked(CHECKPOINT_FILE, () => decodeCheckpoint(checkpoint, checkpointShape(document)))
  const weights = chosenModel(decoded, which)
  if (weights === null) throw new SourceError(CHECKPOINT_FILE, 'no evaluation in it says which model is the best')
  const figures = decoded.evaluation && evaluationFigures(document, decoded.evaluation, which)
  if (audit !== null && (audit.study !== study || audit.checkpoint !== hash)) {
    throw new SourceError(AUDIT_FILE, 'it is of another study or checkpoint')
  }
  const { round, roster } = certified
  const words = {
    name: document.name,
    description: `${presetOf(document.model).sentence(document.model)}. A research tool, not a medical device; see card.md.`,
    metadata: { study, checkpoint: hash, round: String(round), classes: document.contract.classes.join(', ') },
  }
  const card = modelCard({ document, study, founder, checkpoint: hash, which, figures, certified, formats, audit })
  const files = new Map<string, Uint8Array>([
    [DOCUMENT_FILE, bytes],
    [CHECKPOINT_FILE, checkpoint],
    [CERTIFICATE_FILE, certificate],
    ...(audit === null ? [] : [[AUDIT_FILE, encodeAudit(audit)] as const]),
    ['card.json', card.json],
    ['card.md', card.markdown],
    ...formats.flatMap(format => filesOfFormat(format, document, weights, words)),
  ])
  const provenance: Provenance = {
    version: CONTENTS_VERSION,
    study,
    checkpoint: hash,
    round,
    rosterVersion: roster.version,
    hospitals: [...roster.peers],
    formats: [...formats],
    audited: audit !== null,
    model: which,
    files: Object.fromEntries([...files].map(([name, content]) => [name, sha256Hex(content)])),
  }
  files.set(PROVENANCE_FILE, new TextEncoder().encode(`${JSON.stringify(provenance, null, 2)}\n`))
  return { files, certified, checkpoint: hash }
}

function checked<T>(file: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof ProtocolError) throw new SourceError(file, cause.message, cause)
    throw cause
  }
}
