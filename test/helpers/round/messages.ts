/** All forms that a peer decodes, described field by field; and a roster with cheap signatures. @module */

import fc from 'fast-check'
import { type Envelope, seal } from '../../../crypto/envelope.ts'
import { sha256 } from '../../../crypto/hash.ts'
import type { Signer } from '../../../crypto/signature.ts'
import { decodeHello } from '../../../node/network/hello.ts'
import { encode } from '../../../protocols/encoding/codec.ts'
import { PULL, PULL_ANSWER, parseFrame, UPLOAD, UPLOAD_ANSWER } from '../../../protocols/exchange/frames.ts'
import { decodeCommitValue } from '../../../protocols/messages/commit-value.ts'
import {
  FINGERPRINT_BYTES,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  VALUE_BYTES_MAX,
  VIEWS_MAX,
} from '../../../protocols/messages/limits.ts'
import { type Body, encodeEnvelope, type MessageContext, openMessage } from '../../../protocols/messages/messages.ts'
import { openReceipt } from '../../../protocols/messages/receipt.ts'
import { decodeResultValue } from '../../../protocols/messages/result-value.ts'
import { decodeChange } from '../../../protocols/roster/change.ts'
import { CHANGE_BYTES_MAX } from '../../../protocols/roster/limits.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import { decodeFill, decodeSummary } from '../../../protocols/sync/anti-entropy.ts'
import { SYNC_BYTES_MAX, SYNC_LINKS_MAX } from '../../../protocols/sync/limits.ts'
import { decodeLink } from '../../../protocols/transcript/link.ts'
import {
  blob,
  bytes,
  type Field,
  type Fields,
  type Form,
  list,
  nullable,
  oneOf,
  only,
  openRecord,
  record,
  text,
  truth,
  whole,
} from '../fields.ts'
import { testSigners } from '../study/study.ts'
import { HOSPITAL, STUDY } from '../study/study-fields.ts'
import { EVIDENCE_FORMS, receiptField } from './evidence-fields.ts'

export const SIGNERS: readonly Signer[] = testSigners(4)
export const STRANGER: Signer = testSigners(5).find(
  ({ id }) => !SIGNERS.some(other => Buffer.compare(id, other.id) === 0),
)!
const SECRET = sha256(Buffer.from('whoever holds this can sign as anybody'))

/** A signature of the real length that costs one hash. */
export function cheapSignature(body: Uint8Array, signer: Uint8Array): Uint8Array {
  const half = sha256(SECRET, signer, body)
  return Buffer.concat([half, half])
}

function cheapVerify({ body, signer, signature }: Envelope): boolean {
  return Buffer.compare(cheapSignature(body, signer), signature) === 0
}

const hospitals = SIGNERS.map(({ id }, rank) => ({ id, name: `Hospital ${rank}`, addresses: [] }))

/** The context in which four hospitals check envelopes, with signatures by `cheapSignature`. */
export const CONTEXT: MessageContext = {
  study: sha256(Buffer.from('a study')),
  roster: createRoster(hospitals),
  verify: cheapVerify,
}

export function cheapWire(body: Uint8Array, { id }: Signer): Uint8Array {
  return encodeEnvelope({ body, signer: id, signature: cheapSignature(body, id) })
}

export function realWire(body: Uint8Array, signer: Signer): Uint8Array {
  return encodeEnvelope(seal(signer, body))
}

const hash = bytes(32)
const count = whole(0, 0xffffffff)
const view = whole(0, VIEWS_MAX - 1)
const rank = whole(0, MEMBERS_MAX - 1)
const ranks = list(rank, { max: MEMBERS_MAX })
const envelopes = list(blob(1024), { max: MEMBERS_MAX })
const value = blob(VALUE_BYTES_MAX)
const instance = oneOf('commit', 'result')
const vote = { instance, view, value: nullable(hash) }

/** The fields of each kind of message, besides its header. */
export const BODIES: { readonly [T in Body['type']]: Fields } = {
  ready: { previous: hash, key: hash, owner: truth },
  open: { view, readys: envelopes, owners: ranks },
  manifest: { view, sid: hash, root: hash, commitment: hash },
  loaded: { view, sid: hash, chunk: rank, digest: hash },
  missing: { view, sid: hash, chunk: rank, members: ranks },
  propose: { instance, view, value, validView: whole(-1, VIEWS_MAX - 1), proof: envelopes },
  prevote: vote,
  precommit: vote,
  certificate: { view, value, precommits: envelopes },
  release: { sid: hash, key: hash },
  'chunk-sum': { sid: hash, attempt: view, hash },
  fingerprint: { sid: hash, attempt: view, challenge: hash, sums: bytes(FINGERPRINT_BYTES) },
  approve: { change: blob(CHANGE_BYTES_MAX) },
  'sit-out': {},
}

const header = { study: only(hash, CONTEXT.study), roster: only(count, 0), round: count }

export const BODY_FORMS: readonly Form[] = Object.entries(BODIES).map(([type, fields]) => ({
  name: type,
  field: record({ type: oneOf(type), ...header, ...fields }),
  encode: said => cheapWire(encode(said), SIGNERS[1] as Signer),
  decode: wire => openMessage(wire, CONTEXT).body,
  codes: ['bad-message'],
}))

/** An envelope that is not a message. */
export const RECEIPT_FORM: Form = {
  name: 'receipt',
  field: receiptField(CONTEXT.study, STRANGER.id),
  encode: said => cheapWire(encode(said), SIGNERS[1] as Signer),
  decode: wire => ({ type: 'receipt', ...openReceipt(wire, CONTEXT).body }),
  codes: ['bad-receipt'],
}

function form(name: string, field: Field, decode: Form['decode'], ...codes: string[]): Form {
  return { name, field, encode, decode, codes }
}

const hex = text(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(drawn => Buffer.from(drawn).toString('hex')),
  { max: 64, never: ['', '0'.repeat(63), 'F'.repeat(64), `${'0'.repeat(64)}\n`] },
)
const path = list(hash, { max: 20 })
const address = text(fc.string({ unit: 'grapheme-ascii', maxLength: 40 }), { max: 256 })
const addresses = list(address, { max: 8 })
const peer = text(fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), { max: 64 })
const member = { sid: hash, members: ranks }
const slots = 17 * MEMBERS_MAX * VIEWS_MAX
const holdings = { have: blob(Math.ceil(slots / 8)), tags: blob(slots) }
const upload = { manifest: blob(2048), sid: hex, chunk: count, length: count, path }
const chunk = { round: count, sid: hex, chunk: count, owners: whole(1, 100), member: count }
const id = only(bytes(38), STRANGER.id)

const transfer = (name: string, field: Field, schema: Parameters<typeof parseFrame>[0]): Form =>
  form(name, field, wire => parseFrame(schema, wire), 'bad-transfer')

const fill = {
  round: count,
  ...holdings,
  messages: list(blob(MESSAGE_BYTES_MAX), { max: 4096 }),
  links: list(blob(SYNC_BYTES_MAX), { max: SYNC_LINKS_MAX }),
}

/** All other forms that arrive from another hospital. */
export const OTHER_FORMS: readonly Form[] = [
  form('summary', record({ study: hash, round: count, ...holdings, recall: truth }), decodeSummary, 'bad-sync'),
  form('fill', record(fill), decodeFill, 'bad-sync'),
  form('link', record({ round: count, value, precommits: envelopes }), decodeLink, 'bad-link'),
  form(
    'commit value',
    record({ view, open: hash, manifests: list(hash, { max: MEMBERS_MAX }), loaded: list(hash, { max: MEMBERS_MAX }) }),
    decodeCommitValue,
    'bad-commit',
  ),
  form(
    'result value',
    record({
      outcome: oneOf('result'),
      kind: oneOf('statistics', 'training'),
      ...member,
      sum: hash,
      checkpoint: hash,
      view,
      change: nullable(blob(CHANGE_BYTES_MAX)),
    }),
    decodeResultValue,
    'bad-result',
  ),
  form('void value', record({ outcome: oneOf('void'), ...member }), decodeResultValue, 'bad-result'),
  form('admission', record({ kind: oneOf('admit'), hospital: HOSPITAL }), decodeChange, 'bad-change'),
  form('removal', record({ kind: oneOf('remove'), id }), decodeChange, 'bad-change'),
  form('rotation', record({ kind: oneOf('rotate'), id, hospital: HOSPITAL }), decodeChange, 'bad-change'),
  transfer('upload', record(upload), UPLOAD),
  transfer('upload answer', record({ offset: count }), UPLOAD_ANSWER),
  transfer('pull', record({ kind: oneOf('sum', 'checkpoint'), hash: hex }), PULL),
  transfer('chunk pull', record({ kind: oneOf('chunk'), ...chunk }), PULL),
  transfer('pull answer', record({ length: count, path }), PULL_ANSWER),
  form(
    'hello',
    openRecord({
      protocol: count,
      study: hash,
      roster: count,
      capabilities: list(peer, { max: 64 }),
      addresses,
      known: list(record({ peer, addresses }), { max: 100 }),
    }),
    decodeHello,
    'bad-hello',
  ),
  ...EVIDENCE_FORMS,
  STUDY,
]

export const FORMS: readonly Form[] = [...BODY_FORMS, RECEIPT_FORM, ...OTHER_FORMS]
