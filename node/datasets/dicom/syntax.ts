/**
 * Transfer syntaxes: how a file writes its header and its pixels.
 *
 * @module DICOM PS3.5 section 10 and PS3.6 annex A, https://dicom.nema.org/medical/dicom/current/output/html/part06.html
 */
import { unsupported } from './error.ts'

/** How compressed pixels are read; one codec may read several syntaxes. */
export type CodecName = 'rle' | 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'ht-jpeg-2000'

export interface TransferSyntax {
  readonly name: string
  readonly implicit?: true
  readonly bigEndian?: true
  readonly deflated?: true
  /** absent when the pixels are not compressed */
  readonly codec?: CodecName
}

const ROOT = '1.2.840.10008.1.2'

const READ: Readonly<Record<string, TransferSyntax>> = {
  [ROOT]: { name: 'Implicit VR Little Endian', implicit: true },
  [`${ROOT}.1`]: { name: 'Explicit VR Little Endian' },
  [`${ROOT}.1.99`]: { name: 'Deflated Explicit VR Little Endian', deflated: true },
  [`${ROOT}.2`]: { name: 'Explicit VR Big Endian', bigEndian: true },
  [`${ROOT}.5`]: { name: 'RLE Lossless', codec: 'rle' },
  [`${ROOT}.4.50`]: { name: 'JPEG Baseline', codec: 'jpeg' },
  [`${ROOT}.4.51`]: { name: 'JPEG Extended', codec: 'jpeg' },
  [`${ROOT}.4.57`]: { name: 'JPEG Lossless, Process 14', codec: 'jpeg' },
  [`${ROOT}.4.70`]: { name: 'JPEG Lossless, Process 14, First-Order Prediction', codec: 'jpeg' },
  [`${ROOT}.4.80`]: { name: 'JPEG-LS Lossless', codec: 'jpeg-ls' },
  [`${ROOT}.4.81`]: { name: 'JPEG-LS Near-Lossless', codec: 'jpeg-ls' },
  [`${ROOT}.4.90`]: { name: 'JPEG 2000 Lossless', codec: 'jpeg-2000' },
  [`${ROOT}.4.91`]: { name: 'JPEG 2000', codec: 'jpeg-2000' },
  [`${ROOT}.4.201`]: { name: 'High-Throughput JPEG 2000 Lossless', codec: 'ht-jpeg-2000' },
  [`${ROOT}.4.202`]: { name: 'High-Throughput JPEG 2000 Lossless, RPCL', codec: 'ht-jpeg-2000' },
  [`${ROOT}.4.203`]: { name: 'High-Throughput JPEG 2000', codec: 'ht-jpeg-2000' },
}

/** Families that are named when they are refused, by the start of their identifier. */
const REFUSED: readonly (readonly [string, string])[] = [
  [`${ROOT}.1.98`, 'Encapsulated Uncompressed'],
  [`${ROOT}.4.92`, 'JPEG 2000 Part 2'],
  [`${ROOT}.4.93`, 'JPEG 2000 Part 2'],
  [`${ROOT}.4.94`, 'JPIP'],
  [`${ROOT}.4.95`, 'JPIP'],
  [`${ROOT}.4.10`, 'video (MPEG-2, MPEG-4 or HEVC)'],
  [`${ROOT}.4.11`, 'JPEG XL'],
  [`${ROOT}.4.20`, 'JPIP'],
  [`${ROOT}.4.`, 'a retired JPEG process'],
  [`${ROOT}.8.1`, 'Deflated Image Frame'],
]

export const IMPLICIT_LITTLE: TransferSyntax = READ[ROOT]!
export const EXPLICIT_LITTLE: TransferSyntax = READ[`${ROOT}.1`]!
export const EXPLICIT_BIG: TransferSyntax = READ[`${ROOT}.2`]!

/**
 * The syntax with an identifier.
 *
 * @throws DicomError when it is not read here; an unknown identifier is not quoted, as it may be anything
 */
export function syntaxOf(uid: string): TransferSyntax {
  const syntax = Object.hasOwn(READ, uid) ? READ[uid] : undefined
  if (syntax !== undefined) return syntax
  const name = REFUSED.find(([start]) => uid.startsWith(start))?.[1]
  throw unsupported(`its transfer syntax, ${name ?? 'one that the standard does not list'}, is not read`)
}
