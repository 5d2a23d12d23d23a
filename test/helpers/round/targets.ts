/** The decoders under fuzzing: their inputs and their allowed results. @module */

import fc from 'fast-check'
import { verifyEnvelope } from '../../../crypto/envelope.ts'
import type { Signer } from '../../../crypto/signature.ts'
import { CBOR_BYTES_MAX, decode, encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import {
  decodeEnvelope,
  encodeEnvelope,
  type MessageContext,
  openMessage,
} from '../../../protocols/messages/messages.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { Dice } from '../dice.ts'
import type { Form } from '../fields.ts'
import { MUTATIONS, type MutationName, type Sample } from '../mutations.ts'
import {
  BODY_FORMS,
  CONTEXT,
  cheapSignature,
  cheapWire,
  OTHER_FORMS,
  RECEIPT_FORM,
  realWire,
  SIGNERS,
  STRANGER,
} from './messages.ts'

export interface Target {
  readonly name: string
  readonly samples: readonly Sample[]
  /** relative frequency of this target */
  readonly share: number
  /** wraps a mutated frame before it is decoded */
  readonly wrap: (mutated: Uint8Array, dice: Dice) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
  /** throws when a wrong value was accepted */
  readonly check: (decoded: unknown, bytes: Uint8Array) => void
  readonly codes: ReadonlySet<string>
}

export interface Frame {
  readonly target: Target
  readonly mutation: MutationName
  readonly bytes: Uint8Array
}

const CODEC = ['too-large', 'malformed', 'not-canonical']
const DOOR = ['bad-envelope', 'not-in-roster', 'bad-message', 'other-study', 'other-roster', 'bad-signature']
const STUDY = [
  ...['bad-roster', 'bad-profile', 'too-many-colluders', 'bad-noise', 'local-steps-need-local-noise', 'bad-bounds'],
  ...['unsupported-normalisation', 'unsupported-model', 'unsupported-augmentation'],
]
const REAL: MessageContext = { ...CONTEXT, verify: verifyEnvelope }

/** Sample values of a form, the same in every run. */
function valuesOf({ field, name }: Form): unknown[] {
  const drawn = fc.sample(field.good, { numRuns: 24, seed: name.length })
  // values at the bounds are large, so they are drawn less often
  return [...drawn, ...drawn, ...drawn, ...drawn, ...field.edges]
}

function samplesOf(form: Form): Sample[] {
  return valuesOf(form).map(value => ({ value, bytes: encode(value) }))
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

/** Checks that an accepted message is the sender's own and equals its bytes. */
function checkMessage(decoded: unknown, wire: Uint8Array): void {
  const { from, body, bytes } = decoded as ReturnType<typeof openMessage>
  const envelope = decodeEnvelope(wire)
  const signer = SIGNERS[from] as Signer
  demand(same(bytes, wire) && same(encodeEnvelope(envelope), wire), 'not the only bytes of an envelope')
  demand(same(encode(body), envelope.body), 'not the only bytes of a body')
  demand(same(envelope.signer, signer.id), 'taken for somebody else')
}

function checkCheaplySigned(decoded: unknown, wire: Uint8Array): void {
  checkMessage(decoded, wire)
  const { body, signer, signature } = decodeEnvelope(wire)
  demand(same(signature, cheapSignature(body, signer)), 'a signature that nobody made')
}

const bodies = BODY_FORMS.flatMap(samplesOf)
const envelopes = BODY_FORMS.flatMap(form =>
  valuesOf(form).map((value, i) => {
    const body = encode(value)
    const wire = cheapWire(body, SIGNERS[i % SIGNERS.length] as Signer)
    return { value: decode(wire), bytes: wire }
  }),
)
const honest = fc
  .sample(fc.constantFrom(...bodies), { numRuns: 40, seed: 40 })
  .map((sample, i) => realWire(sample.bytes, SIGNERS[i % SIGNERS.length] as Signer))

function signerOf(dice: Dice): Signer {
  return dice.once(50) ? STRANGER : dice.pick(SIGNERS)
}

const router = { check: checkCheaplySigned, codes: new Set([...CODEC, ...DOOR]) }
const DOORS: readonly Target[] = [
  {
    ...router,
    name: 'body, signed after it was mutated',
    samples: bodies,
    share: 36,
    wrap: (body, dice) => cheapWire(body, signerOf(dice)),
    decode: wire => openMessage(wire, CONTEXT),
  },
  {
    ...router,
    name: 'envelope',
    samples: envelopes,
    share: 24,
    wrap: wire => wire,
    decode: wire => openMessage(wire, CONTEXT),
  },
  {
    ...router,
    name: 'envelope, with Ed25519',
    samples: honest.map(bytes => ({ value: decode(bytes), bytes })),
    share: 1,
    wrap: wire => wire,
    decode: wire => openMessage(wire, REAL),
    check: checkMessage,
  },
  {
    ...router,
    name: 'envelope, unopened',
    samples: envelopes,
    share: 5,
    wrap: wire => wire,
    decode: decodeEnvelope,
    check: (decoded, wire) => demand(same(encodeEnvelope(decoded as never), wire), 'not the only bytes'),
  },
]

const SHARES: Readonly<Record<string, number>> = { study: 3, summary: 3, fill: 4, link: 4, hello: 2 }

const RECEIPT: Target = {
  name: 'receipt, signed after it was mutated',
  samples: samplesOf(RECEIPT_FORM),
  share: 3,
  wrap: (body, dice) => cheapWire(body, signerOf(dice)),
  decode: RECEIPT_FORM.decode,
  check: (decoded, wire) => demand(same(encode(decoded), decodeEnvelope(wire).body), 'not the only bytes'),
  codes: new Set([...CODEC, 'bad-envelope', 'bad-receipt']),
}

function targetOf(form: Form): Target {
  return {
    name: form.name,
    samples: samplesOf(form),
    share: SHARES[form.name] ?? (form.name.startsWith('evidence') ? 1 : 2),
    wrap: bytes => bytes,
    decode: form.decode,
    check: (decoded, bytes) => {
      demand(same(encode(decoded), bytes), 'not the only bytes')
      if (form.name === 'study') checkPlan(decoded as StudyDocument)
    },
    codes: new Set([...CODEC, ...form.codes, ...(form.name === 'study' ? STUDY : [])]),
  }
}

/** Checks that a decoded study can be planned, or is refused for its privacy. */
function checkPlan(document: StudyDocument): void {
  try {
    planStudy(document)
  } catch (error) {
    if (!(error instanceof ProtocolError && error.code === 'unsupported-privacy')) throw error
  }
}

export const TARGETS: readonly Target[] = [...DOORS, RECEIPT, ...OTHER_FORMS.map(targetOf)]
const WHEEL = TARGETS.flatMap(target => new Array<Target>(target.share).fill(target))
const PIECE_BYTES_MAX = CBOR_BYTES_MAX + 4096
const NAMES = Object.keys(MUTATIONS) as MutationName[]

/** The frame of an index, the same in every run with this seed. */
export function frameOf(seed: number, index: number): Frame {
  const dice = new Dice(seed, index)
  const target = dice.pick(WHEEL)
  const others = () => dice.pick((dice.once(2) ? target : dice.pick(WHEEL)).samples).bytes
  const mutation = dice.pick(NAMES)
  // no transport delivers larger pieces
  const mutated = MUTATIONS[mutation](dice.pick(target.samples), dice, others).subarray(0, PIECE_BYTES_MAX)
  return { target, mutation, bytes: target.wrap(mutated, dice) }
}

const KEBAB = /^[a-z]+(-[a-z]+)*$/
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u
const REASON_CHARACTERS_MAX = 400

/**
 * Decodes a frame.
 *
 * @returns `accepted`, or the code of the refusal
 * @throws Error for any other outcome
 */
export function judge(target: Target, bytes: Uint8Array): string {
  let decoded: unknown
  try {
    decoded = target.decode(bytes)
  } catch (error) {
    demand(error instanceof ProtocolError, `${error}`)
    const { code, message } = error as ProtocolError
    demand(KEBAB.test(code) && target.codes.has(code), `refused by a code of its own: ${code}`)
    // the reason may quote a peer's input, and goes to logs and terminals
    demand(message.length <= REASON_CHARACTERS_MAX && !UNPRINTABLE.test(message), `reason: ${JSON.stringify(message)}`)
    return code
  }
  target.check(decoded, bytes)
  return 'accepted'
}
