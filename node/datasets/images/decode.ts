/**
 * The stored values of JPEG, PNG and TIFF files. sharp only decodes: its colour management, which would change values by an
 * embedded profile, is off, and so is whatever else it does by itself.
 *
 * What is clear is read: palettes, opaque alpha and the orientation that a camera writes (the picture is turned upright).
 * What is not is refused by name: several pages or frames, transparency, CMYK, Lab, numbers of other than 8 or 16 bits.
 *
 * @module
 */
import sharp, { type Metadata, type Sharp } from 'sharp'
import { FileRefused } from '../reader.ts'

export const IMAGE_BYTES_MAX = 2 ** 28
/** A camera's picture has 12 to 30 million. */
export const IMAGE_PIXELS_MAX = 2 ** 25
/** Decoding the largest picture takes about a second. */
const DECODE_SECONDS_MAX = 20

sharp.cache(false)
sharp.concurrency(1)
// the only formats that a file can be, whatever its bytes say
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadTiffBuffer'],
})

export type ImageFormat = 'jpeg' | 'png' | 'tiff'

const MAGIC: readonly (readonly [ImageFormat, readonly number[]])[] = [
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['tiff', [0x49, 0x49, 0x2a, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2a]],
  ['tiff', [0x49, 0x49, 0x2b, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2b]],
]

/** The format that a file begins as; null: none of the three. */
export function imageFormat(head: Uint8Array): ImageFormat | null {
  return MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0] ?? null
}

export interface ImageHeader {
  /** of the upright picture */
  readonly height: number
  readonly width: number
  /** 1 for grey, 3 for colour; without alpha */
  readonly channels: 1 | 3
  readonly bits: 8 | 16
}

export interface StoredImage extends ImageHeader {
  /** height x width x channels, row after row, 0 to 2^bits - 1 */
  readonly values: Uint8Array | Uint16Array
}

/**
 * Decodes a file of one picture.
 *
 * @param check refuses by the header before the picture is decoded
 * @throws FileRefused
 */
export async function decodeImage(file: Uint8Array, check: (header: ImageHeader) => void): Promise<StoredImage> {
  const format = imageFormat(file)
  if (format === null) throw new FileRefused('it is no JPEG, PNG or TIFF file: leave it out')
  if (format === 'png') requireWholePng(file)
  // a warning of libjpeg means a damaged picture that is shown nevertheless
  const options = { failOn: 'warning', ignoreIcc: true, autoOrient: true, limitInputPixels: IMAGE_PIXELS_MAX } as const
  const metadata = await sharp(file, options).metadata().catch(damaged)
  if (metadata.format !== format) throw new FileRefused(DAMAGED)
  const header = headerOf(format, metadata)
  check(header)
  return valuesOf(header, metadata.hasAlpha, sharp(file, options))
}

const DAMAGED = 'it is damaged or cut short: export it again, or leave it out'

function damaged(error: unknown): never {
  const { message } = error as Error
  if (/pixel limit/i.test(message)) throw tooManyPixels()
  if (/timeout/i.test(message))
    throw new FileRefused(`it takes more than ${DECODE_SECONDS_MAX} s to decode: leave it out`)
  throw new FileRefused(DAMAGED)
}

function tooManyPixels(): FileRefused {
  return new FileRefused(`it has more than ${IMAGE_PIXELS_MAX} pixels: export it smaller, or leave it out`)
}

function headerOf(format: ImageFormat, metadata: Metadata): ImageHeader {
  const { pages = 1, space, depth, channels, hasAlpha, bitsPerSample, autoOrient } = metadata
  if (pages > 1) throw new FileRefused(`it has ${pages} pages: save each as a file of its own`)
  if (space === 'cmyk') throw new FileRefused('its colours are CMYK: save it as grey or RGB')
  if (!['b-w', 'grey16', 'srgb', 'rgb16'].includes(space)) {
    throw new FileRefused('its colours are neither grey nor RGB: save it as one of them')
  }
  const narrow = format === 'tiff' && bitsPerSample !== 8 && bitsPerSample !== 16
  const deep = depth === 'ushort' && format !== 'jpeg'
  if (narrow || (depth !== 'uchar' && !deep)) {
    throw new FileRefused('its values are no whole numbers of 8 or 16 bits: save it with 8 or 16 bits')
  }
  const colours = channels - (hasAlpha ? 1 : 0)
  if (colours !== 1 && colours !== 3) throw new FileRefused(`it has ${channels} channels: save it as grey or RGB`)
  const { height, width } = autoOrient
  if (height * width > IMAGE_PIXELS_MAX) throw tooManyPixels()
  return { height, width, channels: colours, bits: deep ? 16 : 8 }
}

async function valuesOf(header: ImageHeader, hasAlpha: boolean, decoder: Sharp): Promise<StoredImage> {
  const { height, width, channels, bits } = header
  // asked for grey of 8 bits, sharp drops alpha before it can be looked at
  const grey = bits === 16 ? 'grey16' : hasAlpha ? 'srgb' : 'b-w'
  const space = channels === 1 ? grey : bits === 16 ? 'rgb16' : 'srgb'
  const { data, info } = await decoder
    .timeout({ seconds: DECODE_SECONDS_MAX })
    .toColourspace(space)
    // without a depth, 16 bits come out as 8
    .raw({ depth: bits === 16 ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(damaged)
  const stored = bits === 16 ? wordsOf(data) : data
  const pixels = height * width
  const all = info.channels
  if (info.height !== height || info.width !== width || stored.length !== pixels * all) throw new FileRefused(DAMAGED)
  if (hasAlpha) requireOpaque(stored, all, 2 ** bits - 1)
  else if (all !== channels) throw new FileRefused(DAMAGED)
  if (all === channels) return { ...header, values: stored }
  const values = bits === 16 ? new Uint16Array(pixels * channels) : new Uint8Array(pixels * channels)
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      values[pixel * channels + channel] = stored[pixel * all + channel]!
    }
  }
  return { ...header, values }
}

/** The decoder writes words in the machine's order; a view of them has to lie on a whole word. */
function wordsOf(data: Buffer): Uint16Array {
  const { buffer, byteOffset, length } = data.byteOffset % 2 === 0 ? data : Uint8Array.from(data)
  return new Uint16Array(buffer, byteOffset, Math.floor(length / 2))
}

function requireOpaque(stored: Uint8Array | Uint16Array, channels: number, top: number): void {
  for (let at = channels - 1; at < stored.length; at += channels) {
    if (stored[at] !== top) throw new FileRefused('it is transparent in places: save it without transparency')
  }
}

/** The decoder shows a PNG without its end, and the first frame of an animation. */
function requireWholePng(file: Uint8Array): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let at = 8
  while (at + 12 <= file.length) {
    const type = view.getUint32(at + 4)
    if (type === IEND) return
    if (type === ACTL) throw new FileRefused('it is animated: save one frame of it')
    at += 12 + view.getUint32(at)
  }
  throw new FileRefused(DAMAGED)
}

const IEND = 0x49454e44
const ACTL = 0x6163544c
