/**
 * Stored values of a file's frames: pixel after pixel, colour within the pixel, as the modality wrote them.
 *
 * @module DICOM PS3.5 section 8, https://dicom.nema.org/medical/dicom/current/output/html/part05.html
 */

import type { Codec } from './codec.ts'
import type { CodecFrame } from './codec-worker.ts'
import { checkCodestream } from './codestream.ts'
import { damagedDicom, unsupported } from './error.ts'
import { beginsAsItem, framesOf, moreFrames } from './fragments.ts'
import type { DicomFile, DicomHeader } from './header.ts'
import type { CodecName } from './syntax.ts'

/** rows x columns x samples; signed as the header states. */
export type StoredValues = Uint8Array | Int8Array | Uint16Array | Int16Array

/**
 * The frames of a file, one at a time: memory holds one of them.
 *
 * @param file  what readDicom gave
 * @param codec decodes compressed frames; uncompressed ones do not need it
 * @throws DicomError when a frame is damaged, or of a kind that is not read
 */
export async function* storedFrames(file: DicomFile, codec: Codec): AsyncGenerator<StoredValues> {
  const { header, parsed } = file
  const { codec: name, bigEndian } = parsed.syntax
  const shift = header.highBit + 1 - header.bitsStored
  if (name === undefined) {
    if (header.colour.startsWith('YBR')) throw unsupported(`its uncompressed colours are ${header.colour}, not RGB`)
    // bytes that were written as words come swapped in pairs
    const swapped = bigEndian === true && (header.bitsAllocated === 16 || parsed.pixels.vr === 'OW')
    for (const bytes of nativeFrames(header, parsed.bytes, parsed.pixels)) {
      yield valuesOf(header, { bytes: swapped ? swappedPairs(bytes) : bytes, planar: header.planar, shift })
    }
    return
  }
  if (!parsed.pixels.hadUndefinedLength)
    throw damagedDicom(`it is ${parsed.syntax.name}, and its pixels are not compressed`)
  checkColour(header, name)
  for (const bytesOf of framesOf(parsed.bytes, parsed.pixels.dataOffset, header.frames)) {
    const bytes = bytesOf()
    checkCodestream(name, bytes, header)
    const frame = await codec.decode({ ...jobOf(header), codec: name, bytes })
    checkDecoded(header, frame)
    // JPEG values begin at bit 0
    yield valuesOf(header, { bytes: frame.bytes, planar: frame.planar, shift: name === 'rle' ? shift : 0 })
  }
}

/** The first frame of a file; see storedFrames. */
export async function firstFrame(file: DicomFile, codec: Codec): Promise<StoredValues> {
  for await (const frame of storedFrames(file, codec)) return frame
  throw damagedDicom('it has no frame')
}

function jobOf({ rows, columns, samples, bitsAllocated, bitsStored, signed, planar, colour }: DicomHeader) {
  return { rows, columns, samples, bitsAllocated, bitsStored, signed, planar, colour }
}

/** Colours that a codec gives back as RGB. */
function checkColour({ colour }: DicomHeader, codec: CodecName): void {
  const jpeg2000 = codec === 'jpeg-2000' || codec === 'ht-jpeg-2000'
  const read = colour.startsWith('YBR_FULL')
    ? codec === 'jpeg'
    : colour === 'YBR_ICT' || colour === 'YBR_RCT'
      ? jpeg2000
      : true
  if (!read) throw unsupported(`its colours are ${colour} in ${codec.toUpperCase()}`)
}

function checkDecoded(header: DicomHeader, frame: CodecFrame): void {
  const bytes = (header.rows * header.columns * header.samples * header.bitsAllocated) / 8
  const same = (['rows', 'columns', 'samples', 'bitsAllocated'] as const).every(name => frame[name] === header[name])
  if (!same || frame.bytes.length !== bytes) {
    throw damagedDicom('a compressed frame decodes to another size than the header states')
  }
}

const UNSAID = 'its pixels are compressed, and it does not say how'

function* nativeFrames(
  header: DicomHeader,
  bytes: Uint8Array,
  pixels: { readonly dataOffset: number; readonly length: number; readonly hadUndefinedLength?: boolean },
): Generator<Uint8Array> {
  if (pixels.hadUndefinedLength) throw damagedDicom(UNSAID)
  const frameBytes = (header.rows * header.columns * header.samples * header.bitsAllocated) / 8
  const expected = frameBytes * header.frames
  const there = Math.min(pixels.length, bytes.length - pixels.dataOffset)
  if (there < expected) throw damagedDicom(`it holds ${there} of the ${expected} bytes of its pixels`)
  // an odd number of bytes is padded by one; a whole frame more is one that would be lost
  const surplus = there - expected - (expected % 2)
  if (surplus > 0 && beginsAsItem(bytes, pixels.dataOffset)) throw damagedDicom(UNSAID)
  if (surplus >= frameBytes) throw moreFrames(header.frames)
  for (let frame = 0; frame < header.frames; frame += 1) {
    const start = pixels.dataOffset + frame * frameBytes
    // a pair of bytes may straddle the end of a frame of odd length
    yield bytes.subarray(start, start + frameBytes)
  }
}

function swappedPairs(bytes: Uint8Array): Uint8Array {
  if (bytes.length % 2 !== 0) throw unsupported('it has bytes written as big-endian words, and an odd number of them')
  return Buffer.from(bytes).swap16()
}

interface Layout {
  readonly bytes: Uint8Array
  /** colour after colour */
  readonly planar: boolean
  /** bits below the stored ones */
  readonly shift: number
}

/** Takes the stored bits out of each value, extends their sign, and puts the colours of a pixel side by side. */
function valuesOf(header: DicomHeader, { bytes, planar, shift }: Layout): StoredValues {
  const { rows, columns, samples, bitsAllocated, bitsStored, signed } = header
  const pixels = rows * columns
  const values = emptyValues(pixels * samples, bitsAllocated, signed)
  const unused = 32 - bitsStored
  for (let index = 0; index < values.length; index += 1) {
    const at = planar && samples > 1 ? (index % samples) * pixels + Math.floor(index / samples) : index
    const raw = bitsAllocated === 8 ? bytes[at]! : bytes[2 * at]! | (bytes[2 * at + 1]! << 8)
    const top = (raw >>> shift) << unused
    values[index] = signed ? top >> unused : top >>> unused
  }
  return values
}

function emptyValues(length: number, bitsAllocated: 8 | 16, signed: boolean): StoredValues {
  if (bitsAllocated === 8) return signed ? new Int8Array(length) : new Uint8Array(length)
  return signed ? new Int16Array(length) : new Uint16Array(length)
}
