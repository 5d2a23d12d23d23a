/**
 * Encodes and decodes all values: canonical CBOR, so that equal values have equal bytes and the hash of the bytes
 * identifies the value.
 *
 * @module RFC 8949, section 4.2.1 (core deterministic encoding), restricted to the types of `Plain`.
 */

import assert from 'node:assert/strict'
import { decode as decodeCbor, encode as encodeCbor, rfc8949EncodeOptions } from 'cborg'
import { equals } from 'uint8arrays/equals'
import { ProtocolError } from '../errors.ts'
import { printable } from './printable.ts'

/** What may be encoded. No undefined, NaN, infinity, tags, dates or maps with other keys than strings. */
export type Plain =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain }

/** Longest input: a frame of a direct stream. */
export const CBOR_BYTES_MAX = 1 << 20

/**
 * Arrays and maps inside each other. A fixed number: with the free stack as the limit, two peers could disagree
 * about the same bytes.
 */
export const CBOR_DEPTH_MAX = 16

/**
 * Values in one piece, a key counting as one. A decoded value takes up to a hundred times the bytes that it came in,
 * so bytes alone do not bound what a frame costs; the largest honest one, an answer of anti-entropy, has 4400.
 */
export const CBOR_ITEMS_MAX = 16 * 1024

const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
} as const

/** A UTF-8 decoder drops a leading byte order mark and replaces lone surrogates: such strings would not come back. */
function isPlainString(text: string): boolean {
  return text.isWellFormed() && !text.startsWith('\ufeff')
}

/** Why the value cannot be encoded, or undefined when it can. */
function whyNotPlain(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined
    case 'bigint':
      return value >= -(2n ** 64n) && value < 2n ** 64n ? undefined : 'an integer of more than 64 bits'
    case 'number':
      return Number.isFinite(value) ? undefined : 'a number that is not finite'
    case 'string':
      return isPlainString(value) ? undefined : 'a string that is not well formed'
    case 'object':
      return value === null ? undefined : whyNotPlainObject(value, depth)
    default:
      return `a value of type ${typeof value}`
  }
}

function whyNotPlainObject(value: object, depth: number): string | undefined {
  if (value instanceof Uint8Array) return undefined
  if (depth === CBOR_DEPTH_MAX) return `more than ${CBOR_DEPTH_MAX} levels`
  if (Array.isArray(value)) return firstReason(value, depth)
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `an object of class ${value.constructor?.name}`
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || !isPlainString(key)) return `the key ${JSON.stringify(key)}`
  }
  return firstReason(Object.values(value), depth)
}

function firstReason(values: readonly unknown[], depth: number): string | undefined {
  for (const value of values) {
    const reason = whyNotPlain(value, depth + 1)
    if (reason !== undefined) return reason
  }
  return undefined
}

/**
 * Encodes a value: keys sorted by their encoded bytes, shortest form of every number, -0 as 0.
 *
 * @param value what `Plain` describes; anything else is the programmer's fault (assertion)
 * @returns canonical CBOR
 */
export function encode(value: unknown): Uint8Array {
  const reason = whyNotPlain(value, 0)
  assert(reason === undefined, `cannot encode ${reason}`)
  // a copy, because cborg may return a Buffer on a pool that it shares with others
  return new Uint8Array(encodeCbor(value, rfc8949EncodeOptions))
}

export interface DecodeLimits {
  /** of the whole; the default is `CBOR_BYTES_MAX` */
  readonly bytesMax?: number
  /** bytes of one text or byte string */
  readonly stringMax?: number
}

/** Bytes of the argument after a head; 28 to 31 have none, and the decoder refuses them later. */
function argumentBytes(head: number): number {
  const info = head & 31
  return info < 24 || info > 27 ? 0 : 1 << (info - 24)
}

/** What is too large about the bytes, found from their heads alone, without building any value. */
function whyTooLarge(bytes: Uint8Array, { bytesMax, stringMax }: Required<DecodeLimits>): string | undefined {
  if (bytes.length > bytesMax) return `${bytes.length} bytes of CBOR where at most ${bytesMax} are allowed`
  if (bytes.length <= CBOR_ITEMS_MAX && bytes.length <= stringMax) return undefined
  let at = 0
  for (let items = 0; at < bytes.length; items++) {
    if (items === CBOR_ITEMS_MAX) return `more than ${CBOR_ITEMS_MAX} values in one piece of CBOR`
    const head = bytes[at++] as number
    const end = at + argumentBytes(head)
    let argument = end === at ? head & 31 : 0
    for (; at < end; at++) argument = argument * 256 + (bytes[at] ?? 0)
    // byte and text strings are their head and that many bytes; other values are only their head
    if (head >> 5 !== 2 && head >> 5 !== 3) continue
    if (argument > stringMax) return `a string of ${argument} bytes where at most ${stringMax} are allowed`
    at += argument
  }
  return undefined
}

/**
 * Decodes bytes from another peer. Only bytes that `encode` would produce are accepted: cborg alone accepts unsorted keys
 * and wide floats, so the value is encoded again and compared.
 *
 * @param limits larger input is refused before it is decoded
 * @returns a fresh value; byte strings are copies, integers above 2^53 are bigint
 * @throws ProtocolError `too-large` (a limit, or `CBOR_ITEMS_MAX`), `malformed` (not CBOR, or a type outside of `Plain`), `not-canonical`
 */
export function decode(bytes: Uint8Array, limits: number | DecodeLimits = CBOR_BYTES_MAX): unknown {
  const { bytesMax = CBOR_BYTES_MAX, stringMax = bytesMax } = typeof limits === 'number' ? { bytesMax: limits } : limits
  const excess = whyTooLarge(bytes, { bytesMax, stringMax })
  if (excess !== undefined) throw new ProtocolError('too-large', excess)
  let value: unknown
  try {
    value = decodeCbor(bytes, STRICT)
  } catch (cause) {
    // very deep input ends here as a RangeError
    throw new ProtocolError('malformed', 'bytes are not strict CBOR', { cause })
  }
  const reason = whyNotPlain(value, 0)
  if (reason !== undefined) throw new ProtocolError('malformed', printable(`CBOR holds ${reason}`))
  if (!equals(encodeCbor(value, rfc8949EncodeOptions), bytes)) {
    throw new ProtocolError('not-canonical', 'CBOR is not in its canonical form')
  }
  return value
}
