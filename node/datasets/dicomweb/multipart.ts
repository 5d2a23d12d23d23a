/**
 * The parts of a multipart body, each as a view of it: nothing is copied. Lines end in CRLF; no part holds parts.
 *
 * @module RFC 2046, section 5.1; RFC 2045, section 5.1 for the parameters of a media type
 */
import { BOUNDARY_CHARACTERS_MAX, PART_HEADER_BYTES_MAX, PARTS_MAX } from './limits.ts'
import { badAnswer } from './pacs-error.ts'

const BROKEN = 'Try again; if it stays so, a proxy between may change its answers.'

export interface MediaType {
  /** in small letters, such as `application/dicom`; '' where there is none */
  readonly type: string
  /** names in small letters */
  readonly parameters: ReadonlyMap<string, string>
}

/** Reads a header `Content-Type`. */
export function mediaType(header: string): MediaType {
  const type = /^\s*([\w!#$&^.+-]+\/[\w!#$&^.+-]+)\s*(?:;|$)/.exec(header)?.[1]?.toLowerCase() ?? ''
  const parameters = new Map<string, string>()
  for (const [, name, text] of header.matchAll(/;\s*([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s;"]+)/g)) {
    const value = text!.startsWith('"') ? text!.slice(1, -1).replace(/\\(.)/g, '$1') : text!
    // the first one stands: two programs that take different ones would read different parts
    if (!parameters.has(name!.toLowerCase())) parameters.set(name!.toLowerCase(), value)
  }
  return { type, parameters }
}

export interface MultipartItem {
  readonly type: MediaType
  readonly body: Uint8Array
}

/**
 * Splits a multipart body.
 *
 * @param boundary parameter of the body's media type
 * @throws PacsError `pacs-answer` when it is cut short, states a wrong length or goes beyond a limit
 */
export function multipartParts(body: Uint8Array, boundary: string): MultipartItem[] {
  if (!/^[\x20-\x7e]+$/.test(boundary) || boundary.length > BOUNDARY_CHARACTERS_MAX) {
    throw badAnswer('names no usable boundary of the parts of its answer', BROKEN)
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const mark = Buffer.from(`--${boundary}`, 'latin1')
  const parts: MultipartItem[] = []
  let delimiter = delimiterAfter(bytes, mark, 0)
  while (!delimiter.last) {
    if (parts.length >= PARTS_MAX) throw badAnswer(`answers with more than ${PARTS_MAX} parts`, BROKEN)
    const next = delimiterAfter(bytes, mark, delimiter.end)
    parts.push(partOf(bytes.subarray(delimiter.end, Math.max(delimiter.end, next.start))))
    delimiter = next
  }
  return parts
}

interface Delimiter {
  /** where the line break before it begins: it belongs to the delimiter, not to the part */
  readonly start: number
  /** behind its own line break */
  readonly end: number
  readonly last: boolean
}

function delimiterAfter(bytes: Buffer, mark: Buffer, from: number): Delimiter {
  for (let at = bytes.indexOf(mark, from); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    if (at > 0 && !(at >= 2 && isBreak(bytes, at - 2))) continue
    let end = at + mark.length
    const last = bytes[end] === 0x2d && bytes[end + 1] === 0x2d
    if (last) return { start: at - 2, end, last }
    // spaces and tabs that a gateway may add
    while (bytes[end] === 0x20 || bytes[end] === 0x09) end += 1
    if (isBreak(bytes, end)) return { start: at - 2, end: end + 2, last }
  }
  throw badAnswer('broke its answer off, or names another boundary than it uses', BROKEN)
}

function isBreak(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x0d && bytes[at + 1] === 0x0a
}

function partOf(bytes: Buffer): MultipartItem {
  const ends = isBreak(bytes, 0) ? 0 : bytes.subarray(0, PART_HEADER_BYTES_MAX).indexOf('\r\n\r\n')
  if (ends < 0) throw badAnswer('answers with a part whose headers do not end', BROKEN)
  const lines = bytes.subarray(0, ends).toString('latin1').split('\r\n')
  const headerOf = (name: string): string | undefined =>
    lines.find(line => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1)
  const body = bytes.subarray(ends === 0 ? 2 : ends + 4)
  const length = headerOf('content-length')?.trim()
  if (length !== undefined && length !== String(body.length)) {
    throw badAnswer('answers with a part that has another length than it states', BROKEN)
  }
  return {
    type: mediaType(headerOf('content-type') ?? ''),
    body: new Uint8Array(body.buffer, body.byteOffset, body.length),
  }
}
