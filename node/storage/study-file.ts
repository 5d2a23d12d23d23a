/**
 * Study documents as files: canonical CBOR of [body, founder's raw PeerId, signature]. One changed byte anywhere and
 * the file is refused.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { equals } from 'uint8arrays/equals'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { type Envelope, seal, verifyEnvelope } from '../../crypto/envelope.ts'
import type { Signer } from '../../crypto/signature.ts'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { decodeStudy, encodeStudy, requireNoise, studyIdOf } from '../../protocols/study/document.ts'
import { STUDY_BYTES_MAX } from '../../protocols/study/limits.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import { peerIdString } from './identity.ts'

/** The envelope around the body: two lengths, an id, a signature. */
const FILE_BYTES_MAX = STUDY_BYTES_MAX + 256

/** Codes of a document that is sound but that this program cannot run. */
const INCOMPATIBLE = new Set(['incompatible-study', 'needs-newer', 'unsupported-model', 'unsupported-privacy'])

/** A study whose file was verified. */
export interface VerifiedStudy {
  document: StudyDocument
  /** hex */
  study: string
  /** base58btc PeerId of who signed the file */
  founder: string
  /** the file, byte for byte */
  bytes: Uint8Array
}

/** Only tests run studies without noise, and say so where they read them. */
export interface ReadOptions {
  noiseOff?: 'tests-only'
}

/** Signs a document: the bytes of a study file. @throws ProtocolError as `encodeStudy` */
export function sealStudy(document: StudyDocument, signer: Signer): Uint8Array {
  const { body, signer: founder, signature } = seal(signer, encodeStudy(document))
  return encode([body, founder, signature])
}

/**
 * Verifies the bytes of a study file.
 *
 * @param file only names it
 * @throws OperatorError exit code 8: `study-damaged` (not what its founder signed), `study-refused` (signed, but not a
 *   valid study), `noise-off`; exit code 11: `study-incompatible`
 */
export function openStudy(bytes: Uint8Array, file: string, options: ReadOptions = {}): VerifiedStudy {
  const envelope = readEnvelope(bytes, file)
  if (!verifyEnvelope(envelope)) throw damaged(file)
  try {
    const document = decodeStudy(envelope.body)
    if (!document.hospitals.some(({ id }) => equals(id, envelope.signer))) {
      throw new ProtocolError('founder-not-in-roster', 'The founder who signed it is not one of its hospitals')
    }
    planStudy(document)
    if (options.noiseOff === undefined) requireNoise(document)
    const study = bytesToString(studyIdOf(document), 'base16')
    return { document, study, founder: peerIdString(envelope.signer), bytes }
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause
    throw INCOMPATIBLE.has(cause.code)
      ? failure('study-incompatible', `${file}: ${cause.message}`, {
          hint: 'Install the version of confrere that the founder used, or move the file away to take part in other studies.',
          exitCode: EXIT.incompatibleStudy,
          cause,
        })
      : failure(cause.code === 'noise-off' ? 'noise-off' : 'study-refused', `${file}: ${cause.message}`, {
          hint: 'Its founder has to write a new study.',
          exitCode: EXIT.verificationFailed,
          cause,
        })
  }
}

/** Reads and verifies a study file. @throws OperatorError `study-unreadable` (exit code 2), else as `openStudy` */
export async function readStudyFile(file: string, options: ReadOptions = {}): Promise<VerifiedStudy> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(await readFile(file))
  } catch (cause) {
    throw failure('study-unreadable', `The study file ${file} cannot be read: ${(cause as Error).message}`, {
      hint: 'Check the path; "confrere study new" writes study files.',
      exitCode: EXIT.usage,
      cause,
    })
  }
  return openStudy(bytes, file, options)
}

function readEnvelope(bytes: Uint8Array, file: string): Envelope {
  try {
    const parts = decode(bytes, FILE_BYTES_MAX)
    if (Array.isArray(parts) && parts.length === 3 && parts.every(part => part instanceof Uint8Array)) {
      const [body, signer, signature] = parts as [Uint8Array, Uint8Array, Uint8Array]
      return { body, signer, signature }
    }
  } catch (cause) {
    if (cause instanceof ProtocolError) throw damaged(file, cause)
    throw cause
  }
  throw damaged(file)
}

export function damaged(file: string, cause?: unknown): OperatorError {
  return failure('study-damaged', `${file} is not a study as its founder signed it: it was changed or damaged`, {
    hint: 'Get the file again from the founder, and compare the study id by telephone.',
    exitCode: EXIT.verificationFailed,
    cause,
  })
}

export function failure(
  code: string,
  message: string,
  rest: { hint: string; exitCode: ExitCode; cause?: unknown },
): OperatorError {
  return new OperatorError(code, message, rest)
}

/** @throws OperatorError `not-in-roster`, exit code 6 */
export function requireMember({ hospitals, name }: Pick<StudyDocument, 'hospitals' | 'name'>, peer: string): void {
  if (hospitals.some(({ id }) => peerIdString(id) === peer)) return
  throw new OperatorError('not-in-roster', `This node, ${peer}, is not one of the hospitals of "${name}"`, {
    hint: 'The founder has to write a study that lists this peer id; or, if the others are to admit it later, say --join.',
    exitCode: EXIT.notInRoster,
  })
}
