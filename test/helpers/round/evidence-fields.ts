/** Evidence and receipts, described field by field. @module */

import { encode, type Plain } from '../../../protocols/encoding/codec.ts'
import { decodeEvidence } from '../../../protocols/messages/evidence.ts'
import {
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  PATH_LENGTH_MAX,
  SMALL_MESSAGE_BYTES_MAX,
  VALUE_BYTES_MAX,
} from '../../../protocols/messages/limits.ts'
import { blob, bytes, type Field, type Fields, list, oneOf, only, record, whole } from '../fields.ts'

const wire = blob(MESSAGE_BYTES_MAX)
const small = blob(SMALL_MESSAGE_BYTES_MAX)
const smalls = list(small, { max: MEMBERS_MAX })
const parts = list(record({ words: blob(), path: list(blob(32), { max: PATH_LENGTH_MAX }) }), { max: MEMBERS_MAX })
const loaded = record({ kind: oneOf('loaded'), wire: small })
const certificate = record({ kind: oneOf('certificate'), value: blob(VALUE_BYTES_MAX), precommits: smalls })
const sum = { open: wire, manifests: smalls, releases: smalls, sum: small, parts }
const chunks = list(blob(), { max: MEMBERS_MAX })

/** By name, because `false-sum` can be bound in two ways. */
const KINDS: Readonly<Record<string, Fields>> = {
  equivocation: { kind: oneOf('equivocation'), first: wire, second: wire },
  invalid: { kind: oneOf('invalid'), wire },
  'false release': { kind: oneOf('false-release'), manifest: small, release: small },
  'false sum, bound by a LOADED': { kind: oneOf('false-sum'), ...sum, bound: loaded },
  'false sum, bound by a certificate': { kind: oneOf('false-sum'), ...sum, bound: certificate },
  'false fingerprint': {
    kind: oneOf('false-fingerprint'),
    ...{ open: wire, manifest: small, release: small, fingerprint: small, chunks },
  },
  'false missing': { kind: oneOf('false-missing'), missing: wire, receipt: small },
}

export const EVIDENCE_FORMS = Object.entries(KINDS).map(([name, fields]) => ({
  name: `evidence: ${name}`,
  field: record(fields),
  encode: (value: Plain) => encode(value),
  decode: (bytes: Uint8Array): unknown => decodeEvidence(bytes),
  codes: ['bad-evidence'],
}))

/** The receipt that an owner signs for a chunk. */
export function receiptField(study: Uint8Array, contributor: Uint8Array): Field {
  const hash = bytes(32)
  return record({
    type: oneOf('receipt'),
    study: only(hash, study),
    sid: hash,
    chunk: whole(0, MEMBERS_MAX - 1),
    contributor: only(bytes(38), contributor),
    hash,
  })
}
