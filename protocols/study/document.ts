/**
 * The study document: the terms that every hospital approves once, identified by the hash of its bytes.
 *
 * It comes from another hospital, so decoding checks everything: shape, limits, and the rules across fields. A document
 * that decodes can be planned, shown and trained.
 *
 * @module
 */

import { TAG_STUDY } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import { decode, encode } from '../encoding/codec.ts'
import { printable } from '../encoding/printable.ts'
import { ProtocolError } from '../errors.ts'
import * as limit from './limits.ts'
import { noiseModeOf } from './noise/list.ts'
import { checkRules } from './rules.ts'
import { STUDY_SCHEMA } from './schema.ts'
import { needsNewer } from './terms.ts'
import type { StudyDocument } from './types.ts'

/**
 * Checks a value against all requirements of a study.
 *
 * @returns the document, typed
 * @throws ProtocolError `incompatible-study` (another version), `needs-newer` (a term or value that a later version may know), `malformed-study` (shape or limit, naming the field),
 *   `too-few-hospitals`, `bad-roster`, `bad-profile`, `too-many-colluders`, `bad-noise`,
 *   `local-steps-need-local-noise`, `bad-bounds`, `unsupported-normalisation`, `unsupported-model`,
 *   `unsupported-augmentation`
 */
export function validateStudy(value: unknown): StudyDocument {
  const version = (value as { version?: unknown } | null)?.version
  if (Number.isInteger(version) && version !== limit.STUDY_VERSION) {
    const how = (version as number) > limit.STUDY_VERSION ? 'it needs a newer Confrère' : 'an older Confrère wrote it'
    throw new ProtocolError(
      'incompatible-study',
      `The study has version ${version}, and this program reads version ${limit.STUDY_VERSION}: ${how}`,
    )
  }
  const parsed = STUDY_SCHEMA.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    // what has no version is no study, so no newer one either
    const newer = parsed.error.issues.map(one => needsNewer(one, value)).find(found => found !== undefined)
    if (newer !== undefined && version === limit.STUDY_VERSION) throw newer
    const where = issue?.path.join('.') || 'the document'
    throw new ProtocolError('malformed-study', printable(`The study is malformed: ${where}: ${issue?.message}`))
  }
  checkRules(parsed.data)
  return parsed.data
}

/** The document's canonical bytes. @throws ProtocolError as `validateStudy` */
export function encodeStudy(document: StudyDocument): Uint8Array {
  return encode(validateStudy(document))
}

/** Decodes a document from another hospital's bytes. @throws ProtocolError as `decode` and `validateStudy` */
export function decodeStudy(bytes: Uint8Array): StudyDocument {
  return validateStudy(decode(bytes, { bytesMax: limit.STUDY_BYTES_MAX, stringMax: limit.STRING_BYTES_MAX }))
}

/** The study's id: SHA-256(tag ‖ canonical bytes), 32 bytes. */
export function studyIdOf(document: StudyDocument): Uint8Array {
  return sha256(TAG_STUDY, encodeStudy(document))
}

/** Refuses a study without noise. @throws ProtocolError `noise-off` */
export function requireNoise(document: StudyDocument): void {
  if (!noiseModeOf(document.privacy).isPrivate) {
    throw new ProtocolError('noise-off', 'The study has its noise turned off: that exists for tests, never for records')
  }
}
