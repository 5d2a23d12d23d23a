/**
 * The elements of a DICOM file up to its pixels: where each one lies, and nothing of what it says.
 *
 * Parsed by dicom-parser, in a bounded prefix of the file. It descends into sequences by recursion: a stack overflow is
 * caught and means what it is, a header that nests too deeply.
 *
 * @module DICOM PS3.10 section 7, https://dicom.nema.org/medical/dicom/current/output/html/part10.html
 */
import { inflateRawSync } from 'node:zlib'
import dicomParser, { type ByteArray, type ByteArrayParser, type DataSet, type Element } from 'dicom-parser'
import { DicomError, damagedDicom, EXPORT_AGAIN, tooLarge } from './error.ts'
import {
  DICOM_BYTES_MAX,
  HEADER_BYTES_MAX,
  HEADER_STRING_BYTES_MAX,
  INFLATED_BYTES_MAX,
  NESTING_MAX,
} from './limits.ts'
import { trimmed } from './patient.ts'
import { EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, syntaxOf, type TransferSyntax } from './syntax.ts'

const PREAMBLE_BYTES = 128
const META_START = PREAMBLE_BYTES + 4
const PIXEL_DATA = 'x7fe00010'
const TRANSFER_SYNTAX = 'x00020010'

export interface ParsedFile {
  /** the whole file; inflated when it is deflated */
  readonly bytes: Uint8Array
  readonly syntax: TransferSyntax
  /** what was assumed, in words, where the file does not say how it is written */
  readonly guess?: string
  readonly elements: DataSet
  /** the pixels' element; its content is not looked at */
  readonly pixels: Element
}

/**
 * Finds the elements of a file.
 *
 * @param file the whole file
 * @throws DicomError when it is no DICOM file, is damaged, holds no image or goes beyond a limit
 */
export function parseFile(file: Uint8Array): ParsedFile {
  if (file.length === 0) throw new DicomError('it is empty', EXPORT_AGAIN)
  if (file.length > DICOM_BYTES_MAX) throw tooLarge(`it has ${file.length} bytes`, DICOM_BYTES_MAX)
  const start = startOf(file)
  const { syntax } = start
  const bytes = syntax.deflated ? inflated(start.bytes.subarray(start.position)) : start.bytes
  const position = syntax.deflated ? 0 : start.position
  const elements = elementsOf(bytes, position, syntax)
  checkNesting(elements)
  const pixels = elements.elements[PIXEL_DATA]
  if (pixels === undefined) throw new DicomError('it holds no image', 'Leave it out.')
  return { bytes, syntax, elements, pixels, ...(start.guess === undefined ? {} : { guess: start.guess }) }
}

interface Start {
  readonly bytes: Uint8Array
  readonly position: number
  readonly syntax: TransferSyntax
  readonly guess?: string
}

function startOf(bytes: Uint8Array): Start {
  if (ascii(bytes, PREAMBLE_BYTES, 4) === 'DICM') return { bytes, ...metaOf(bytes) }
  if (begins(bytes, [2, 0])) {
    const whole = new Uint8Array(META_START + bytes.length)
    whole.set(Buffer.from('DICM'), PREAMBLE_BYTES)
    whole.set(bytes, META_START)
    return { bytes: whole, ...metaOf(whole), guess: 'it lacks the preamble: read as if it had one' }
  }
  // some exports put a space before the first element
  if (begins(bytes, [0x20, 8, 0])) return headless(bytes.subarray(1), 'one byte skipped and ')
  return headless(bytes, '')
}

/** Guesses how a file without a header is written from its first element, which belongs to group 0008. */
function headless(bytes: Uint8Array, skipped: string): Start {
  const explicit = /^[A-Z]{2}$/.test(ascii(bytes, 4, 2))
  const big = explicit && begins(bytes, [0, 8])
  if (!big && !begins(bytes, [8, 0])) throw new DicomError('it is not a DICOM file', 'Leave it out.')
  const syntax = big ? EXPLICIT_BIG : explicit ? EXPLICIT_LITTLE : IMPLICIT_LITTLE
  return { bytes, position: 0, syntax, guess: `it has no file header: ${skipped}read as ${syntax.name}` }
}

/** Whether a file begins with these bytes and is long enough for one element. */
function begins(bytes: Uint8Array, first: readonly number[]): boolean {
  return bytes.length >= 9 && first.every((byte, index) => bytes[index] === byte)
}

/** Reads the file header (group 0002), whose length its first element states. */
function metaOf(bytes: Uint8Array): { position: number; syntax: TransferSyntax } {
  const prefix = bytes.subarray(0, HEADER_BYTES_MAX)
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length)
  const stated = prefix.length >= META_START + 12 && view.getUint32(META_START, true) === 0x00000002
  const end = stated ? META_START + 12 + view.getUint32(META_START + 8, true) : prefix.length
  const meta = guarded(() => dicomParser.readPart10Header(prefix.subarray(0, end))) as DataSet & { position: number }
  const element = meta.elements[TRANSFER_SYNTAX]
  if (element === undefined) throw damagedDicom('its file header does not name the transfer syntax')
  return { position: meta.position, syntax: syntaxOf(textOf(meta, TRANSFER_SYNTAX) ?? '') }
}

function inflated(deflated: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(deflated, { maxOutputLength: INFLATED_BYTES_MAX })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('it inflates to too many bytes', INFLATED_BYTES_MAX)
    throw damagedDicom('it does not inflate')
  }
}

type DataSetClass = new (parser: ByteArrayParser, bytes: ByteArray, elements: DataSet['elements']) => DataSet

function elementsOf(bytes: Uint8Array, position: number, syntax: TransferSyntax): DataSet {
  const { bigEndianByteArrayParser, littleEndianByteArrayParser, ByteStream } = dicomParser
  const parser = syntax.bigEndian ? bigEndianByteArrayParser : littleEndianByteArrayParser
  const prefix = bytes.subarray(0, HEADER_BYTES_MAX)
  // its types declare the class as an interface
  const elements = new (dicomParser as unknown as { DataSet: DataSetClass }).DataSet(parser, prefix, {})
  const parse = syntax.implicit ? dicomParser.parseDicomDataSetImplicit : dicomParser.parseDicomDataSetExplicit
  guarded(
    () => parse(elements, new ByteStream(parser, prefix, position), prefix.length, { untilTag: PIXEL_DATA }),
    prefix.length < bytes.length ? `its header does not end within ${HEADER_BYTES_MAX} bytes` : undefined,
  )
  return elements
}

/** Runs the parser; its exceptions are strings, errors or objects that hold the header, and go no further. */
function guarded<T>(parse: () => T, otherwise = 'its header ends early, or has an element of a wrong length'): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RangeError && /call stack/.test(error.message)) throw tooDeep()
    throw damagedDicom(otherwise)
  }
}

function checkNesting(root: DataSet): void {
  let level = [root]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > NESTING_MAX) throw tooDeep()
    level = level.flatMap(set =>
      Object.values(set.elements).flatMap(({ items }) => (items ?? []).flatMap(item => item.dataSet ?? [])),
    )
  }
}

function tooDeep(): DicomError {
  return new DicomError(`its header nests more than ${NESTING_MAX} sequences`, EXPORT_AGAIN)
}

function ascii(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length))
}

/**
 * A string of a set, without its padding; undefined when it is absent or empty.
 *
 * @throws DicomError when it is longer than HEADER_STRING_BYTES_MAX
 */
export function textOf(set: DataSet, tag: string): string | undefined {
  const element = set.elements[tag]
  if (element === undefined || element.length === 0) return undefined
  if (element.length > HEADER_STRING_BYTES_MAX) {
    throw damagedDicom(`a string of its header has more than ${HEADER_STRING_BYTES_MAX} bytes`)
  }
  const { byteArray } = set
  const bytes = Buffer.from(byteArray.buffer, byteArray.byteOffset + element.dataOffset, element.length)
  return trimmed(bytes.toString('latin1')) || undefined
}
