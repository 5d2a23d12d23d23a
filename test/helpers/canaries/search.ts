/** Looks for traces of canaries in bytes, however they may have been written there. @module */

import { createHash } from 'node:crypto'

/**
 * Stands in every canary. Nothing else has it, so that one search finds them all; letters of both cases and no text of
 * any language.
 */
export const MARK = 'Qz7Kw9Xv'
/** The same for what has to be digits: dates, numbers and UIDs. */
export const DIGITS = '84719362'

/** A way in which a canary may stand in bytes. */
interface Needle {
  readonly how: string
  readonly bytes: Buffer
}

/** Bytes, and what they are, such as a file's name in a data folder. */
export interface Haystack {
  readonly name: string
  readonly bytes: Uint8Array
}

const SHOWN_BYTES = 40
/** Of a hash, so many are enough to tell it. */
const HASH_BYTES = 8

/**
 * Makes a search for canaries.
 *
 * @param identifiers texts whose hashes without a key would give them away
 * @returns what was found, in one line each; empty: nothing
 */
export function canarySearch(identifiers: readonly string[]): (haystacks: Iterable<Haystack>) => string[] {
  const texts = [MARK, MARK.toLowerCase(), MARK.toUpperCase(), DIGITS]
  const needles = [...texts.flatMap(writingsOf), ...identifiers.flatMap(hashesOf)]
  return haystacks => [...haystacks].flatMap(haystack => found(haystack, needles))
}

function found({ name, bytes }: Haystack, needles: readonly Needle[]): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return needles.flatMap(({ how, bytes: needle }) => {
    const at = buffer.indexOf(needle)
    if (at < 0) return []
    const around = buffer.subarray(Math.max(0, at - SHOWN_BYTES), at + needle.length + SHOWN_BYTES)
    return [`${name}: ${how} at ${at}: ${JSON.stringify(around.toString('latin1'))}`]
  })
}

/** A text in encodings. Latin-1 and UTF-8 are the same for it, and so is JSON. */
function writingsOf(text: string): Needle[] {
  const plain = Buffer.from(text)
  const wide = Buffer.from(text, 'utf16le')
  const codes = [...plain].map(byte => byte.toString(16))
  return [
    { how: 'plain', bytes: plain },
    { how: 'UTF-16LE', bytes: wide },
    { how: 'UTF-16BE', bytes: Buffer.from(wide).swap16() },
    { how: 'reversed bytes', bytes: Buffer.from(plain).reverse() },
    ...[plain, wide].flatMap(bytes => hexOf(bytes).concat(base64Of(bytes))),
    { how: 'escaped for a URL', bytes: Buffer.from(codes.map(code => `%${code}`).join('')) },
    { how: 'escaped for JSON', bytes: Buffer.from(codes.map(code => `\\u00${code}`).join('')) },
    { how: 'as JSON of bytes', bytes: Buffer.from([...plain].join(',')) },
    { how: 'as XML entities', bytes: Buffer.from([...plain].map(byte => `&#${byte};`).join('')) },
  ]
}

function hexOf(bytes: Buffer): Needle[] {
  const hex = bytes.toString('hex')
  return [...new Set([hex, hex.toUpperCase()])].map(text => ({ how: 'hex', bytes: Buffer.from(text) }))
}

/** In base64 a text looks different at each of three places; its ends mix with their neighbours and are left out. */
function base64Of(bytes: Buffer): Needle[] {
  return [0, 1, 2].flatMap(offset => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const inner = text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
    const url = inner.replaceAll('+', '-').replaceAll('/', '_')
    return [...new Set([inner, url])].map(one => ({ how: 'base64', bytes: Buffer.from(one) }))
  })
}

function hashesOf(text: string): Needle[] {
  return ['sha256', 'sha1', 'md5'].flatMap(algorithm => {
    const bytes = createHash(algorithm).update(text).digest().subarray(0, HASH_BYTES)
    return [
      { how: `${algorithm} of an identifier`, bytes },
      ...hexOf(bytes).map(needle => ({ ...needle, how: `hex of the ${algorithm} of an identifier` })),
    ]
  })
}
