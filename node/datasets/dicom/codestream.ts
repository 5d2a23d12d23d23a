/**
 * What a compressed frame states about itself, checked before a codec sees it: its size, its components, its depth, and
 * that it is whole. Codecs fill in what a truncated stream lacks and say nothing: 59 of 60 truncated JPEGs "decode".
 *
 * @module ITU-T T.81 annex B (JPEG), T.87 annex C (JPEG-LS), T.800 annex A (JPEG 2000); DICOM PS3.5 annex G (RLE)
 */
import { damagedDicom, unsupported } from './error.ts'
import { TILES_MAX } from './limits.ts'
import type { CodecName } from './syntax.ts'

export interface FrameShape {
  readonly rows: number
  readonly columns: number
  readonly samples: number
  readonly bitsAllocated: number
}

/** Bytes that may follow the end marker: a frame is padded to an even length, and some writers pad to 16. */
const PADDING_BYTES_MAX = 16

/**
 * Checks a frame against the header of its file.
 *
 * @throws DicomError when it is cut short, is not of the codec's format, or states another size than the file
 */
export function checkCodestream(codec: CodecName, bytes: Uint8Array, shape: FrameShape): void {
  if (codec === 'rle') return checkRle(bytes, shape)
  const jpeg2000 = codec === 'jpeg-2000' || codec === 'ht-jpeg-2000'
  const stated = jpeg2000 ? sizeOfJpeg2000(bytes) : sizeOfJpeg(bytes, codec === 'jpeg-ls')
  if (!endsWhole(bytes)) throw damagedDicom('a compressed frame lacks its end marker')
  const { rows, columns, samples, bitsAllocated } = shape
  if (stated.rows !== rows || stated.columns !== columns || stated.samples !== samples) {
    const own = `${stated.rows} x ${stated.columns} x ${stated.samples}`
    throw damagedDicom(`a compressed frame has ${own} values, the header states ${rows} x ${columns} x ${samples}`)
  }
  if (stated.bits > bitsAllocated) {
    throw damagedDicom(`a compressed frame has ${stated.bits} bits a value, the header states ${bitsAllocated}`)
  }
}

/** Whether a stream ends with its end marker FFD9, which JPEG and JPEG 2000 share, and padding. */
export function endsWhole(bytes: Uint8Array): boolean {
  const first = Math.max(1, bytes.length - 1 - PADDING_BYTES_MAX)
  for (let last = bytes.length - 1; last >= first; last -= 1) {
    if (bytes[last] === 0xd9) return bytes[last - 1] === 0xff
    if (bytes[last] !== 0 && bytes[last] !== 0xff) return false
  }
  return false
}

interface Stated {
  readonly rows: number
  readonly columns: number
  readonly samples: number
  readonly bits: number
}

const JPEG_LS_FRAME = 0xf7
/** Baseline, extended, progressive and lossless, all with Huffman codes. */
const JPEG_FRAMES: readonly number[] = [0xc0, 0xc1, 0xc2, 0xc3]
/** Every other start of a frame: hierarchical or arithmetic. */
const OTHER_FRAMES: readonly number[] = [0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]
const START_OF_SCAN = 0xda

function sizeOfJpeg(bytes: Uint8Array, ls: boolean): Stated {
  const name = ls ? 'JPEG-LS' : 'JPEG'
  const view = viewOf(bytes)
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) throw damagedDicom(`a frame is no ${name} stream`)
  const headless = (): never => {
    throw damagedDicom(`a ${name} frame ends before it states its size`)
  }
  let position = 2
  while (position + 4 <= bytes.length) {
    if (bytes[position] !== 0xff) break
    const marker = bytes[position + 1]!
    if (marker === 0xff) {
      position += 1
      continue
    }
    const length = view.getUint16(position + 2)
    if (ls ? marker === JPEG_LS_FRAME : JPEG_FRAMES.includes(marker)) {
      if (length < 8 || position + 10 > bytes.length) return headless()
      const [rows, columns] = [view.getUint16(position + 5), view.getUint16(position + 7)]
      return { rows, columns, samples: bytes[position + 9]!, bits: bytes[position + 4]! }
    }
    if (marker === JPEG_LS_FRAME || JPEG_FRAMES.includes(marker) || OTHER_FRAMES.includes(marker)) {
      throw unsupported(`a frame is of a JPEG process (marker ${marker.toString(16)}) that ${name} does not read`)
    }
    if (marker === START_OF_SCAN || length < 2) break
    position += 2 + length
  }
  return headless()
}

function sizeOfJpeg2000(bytes: Uint8Array): Stated {
  const view = viewOf(bytes)
  if (bytes.length < 12 || view.getUint32(0) !== 0xff4fff51) {
    if (bytes.length >= 8 && view.getUint32(4) === 0x6a502020) {
      throw unsupported('a frame is a JP2 file instead of a JPEG 2000 code stream')
    }
    throw damagedDicom('a frame is no JPEG 2000 code stream')
  }
  const samples = bytes.length >= 42 ? view.getUint16(40) : 0
  if (samples === 0 || bytes.length < 42 + 3 * samples) throw damagedDicom('a frame ends before it states its size')
  const word = (index: number): number => view.getUint32(8 + 4 * index)
  const [width, height, left, top, tileWidth, tileHeight, tileLeft, tileTop] = Array.from({ length: 8 }, (_, index) =>
    word(index),
  ) as [number, number, number, number, number, number, number, number]
  const tiles = Math.ceil((width - tileLeft) / tileWidth) * Math.ceil((height - tileTop) / tileHeight)
  if (!(tiles >= 1 && tiles <= TILES_MAX)) throw damagedDicom(`a frame has no tiles, or more than ${TILES_MAX}`)
  let bits = 0
  for (let sample = 0; sample < samples; sample += 1) {
    bits = Math.max(bits, (bytes[42 + 3 * sample]! & 0x7f) + 1)
    const subsampled = bytes[43 + 3 * sample] !== 1 || bytes[44 + 3 * sample] !== 1
    if (subsampled) throw unsupported('a frame has fewer values in one colour than in another')
  }
  return { rows: height - top, columns: width - left, samples, bits }
}

const RLE_HEADER_BYTES = 64

/** Walks every run: a segment must give exactly one byte of each pixel. */
function checkRle(bytes: Uint8Array, { rows, columns, samples, bitsAllocated }: FrameShape): void {
  if (bytes.length < RLE_HEADER_BYTES) throw damagedDicom('an RLE frame is shorter than its header')
  const view = viewOf(bytes)
  const segments = view.getUint32(0, true)
  const expected = (samples * bitsAllocated) / 8
  if (segments !== expected) throw damagedDicom(`an RLE frame has ${segments} segments instead of ${expected}`)
  const starts = Array.from({ length: segments }, (_, index) => view.getUint32(4 + 4 * index, true))
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? bytes.length
    if (start < RLE_HEADER_BYTES || end < start || end > bytes.length) {
      throw damagedDicom('an RLE frame has a segment outside itself')
    }
    if (lengthOfRuns(bytes, start, end, rows * columns) !== rows * columns) {
      throw damagedDicom('an RLE frame has a segment that is cut short or too long')
    }
  }
}

/** Bytes that the runs of a segment give; it may be padded once they are enough. */
function lengthOfRuns(bytes: Uint8Array, start: number, end: number, enough: number): number {
  let [position, total] = [start, 0]
  while (position < end && total < enough) {
    const run = bytes[position]!
    if (run === 128) {
      position += 1
      continue
    }
    const literal = run < 128
    const next = position + (literal ? run + 2 : 2)
    if (next > end) return -1
    total += literal ? run + 1 : 257 - run
    position = next
  }
  return total
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
