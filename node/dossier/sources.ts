/**
 * What a dossier is made of, and the list of it that the hospital signs: who changes a byte of a source breaks the
 * signature, and who changes anything else breaks what follows from the sources.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { fromString } from 'uint8arrays/from-string'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { z } from 'zod'
import { seal, verifyEnvelope } from '../../crypto/envelope.ts'
import type { Signer } from '../../crypto/signature.ts'
import { decode, encode } from '../../protocols/encoding/codec.ts'
import { hash32 } from '../../protocols/encoding/fields.ts'
import { decodeEnvelope, encodeEnvelope } from '../../protocols/messages/messages.ts'
import { peerIdString } from '../storage/identity.ts'

const VERSION = 1
const TYPE = 'dossier'
const SIGNATURE_CHARACTERS_MAX = 2000
const BODY_BYTES_MAX = 256

/** The list itself, and the signature of its hash. */
export const SOURCES_FILE = 'sources.json'
export const SIGNATURE_FILE = 'signature.txt'

export const STUDY_SOURCE = 'document.study'
export const CHECKPOINT_SOURCE = 'checkpoint.bin'
export const CERTIFICATE_SOURCE = 'certificate.cbor'
export const TRANSCRIPT_SOURCE = 'transcript.jsonl'
export const LEDGER_SOURCE = 'ledger.txt'
export const ACTIONS_SOURCE = 'actions.jsonl'
export const KEEPING_SOURCE = 'keeping.json'
export const AUDIT_SOURCE = 'audit.json'
export const REPORT_SOURCE = 'report.json'
export const BASELINE_SOURCE = 'report-without-privacy.json'

/** All files that a dossier may be made of, in the order in which it is read; the last three may be missing. */
export const SOURCE_NAMES = [
  ...[STUDY_SOURCE, CHECKPOINT_SOURCE, CERTIFICATE_SOURCE, TRANSCRIPT_SOURCE, LEDGER_SOURCE, ACTIONS_SOURCE],
  ...[KEEPING_SOURCE, AUDIT_SOURCE, REPORT_SOURCE, BASELINE_SOURCE],
] as const

const SOURCES = z.strictObject({
  version: z.literal(VERSION),
  /** ISO 8601, UTC: when the dossier was made */
  at: z.iso.datetime(),
  /** version of this program, whose words the page has */
  program: z.string().max(50),
  site: z.string().max(200),
  peer: z.string().max(100),
  /** hex SHA-256 of each source */
  files: z.record(z.string().max(100), z.string().regex(/^[0-9a-f]{64}$/)),
})
export type SourceList = z.infer<typeof SOURCES>

/** The bytes of sources.json. */
export function encodeSources(
  files: ReadonlyMap<string, Uint8Array>,
  { at, program, site, peer }: Omit<SourceList, 'version' | 'files'>,
): Uint8Array {
  const hashes = Object.fromEntries([...files].map(([name, bytes]) => [name, hexHash(bytes)]))
  const list: SourceList = { version: VERSION, at, program, site, peer, files: hashes }
  return new TextEncoder().encode(`${JSON.stringify(SOURCES.parse(list), null, 2)}\n`)
}

/** Undefined: these are not the bytes of a list of this version. */
export function decodeSources(bytes: Uint8Array): SourceList | undefined {
  try {
    return SOURCES.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data
  } catch {
    return undefined
  }
}

/** Signs a list. @returns the bytes of signature.txt */
export function signSources(signer: Signer, list: Uint8Array): Uint8Array {
  const body = encode({ type: TYPE, sources: fromString(hexHash(list), 'base16') })
  return new TextEncoder().encode(`${bytesToString(encodeEnvelope(seal(signer, body)), 'base64url')}\n`)
}

const BODY = z.strictObject({ type: z.literal(TYPE), sources: hash32 })

/** The peer that has signed a list; undefined: the signature is none, or of another list. */
export function signerOfSources(signature: Uint8Array, list: Uint8Array): string | undefined {
  if (signature.length > SIGNATURE_CHARACTERS_MAX) return undefined
  try {
    const envelope = decodeEnvelope(fromString(new TextDecoder().decode(signature).trim(), 'base64url'))
    if (!verifyEnvelope(envelope)) return undefined
    const parsed = BODY.safeParse(decode(envelope.body, { bytesMax: BODY_BYTES_MAX, stringMax: BODY_BYTES_MAX }))
    const isOurs = parsed.success && bytesToString(parsed.data.sources, 'base16') === hexHash(list)
    return isOurs ? peerIdString(envelope.signer) : undefined
  } catch {
    return undefined
  }
}

export function hexHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
