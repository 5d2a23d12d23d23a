/** What goes wrong with a DICOM file. @module */

import { CodedError } from '../../../crypto/errors.ts'

/** What to do about a damaged file. */
export const EXPORT_AGAIN = 'Export the file again from the archive, or leave it out.'
/** What to do about an image that this decoder does not read. */
export const CONVERT =
  'Export it uncompressed (Explicit VR Little Endian, MONOCHROME2 or RGB, 8 or 16 bits), or leave it out.'

/**
 * Why a DICOM file cannot be read: a sentence that follows the file's name, and what to do about it.
 *
 * The sentence holds numbers and the standard's own terms only. It never quotes the file, and it has no cause: the
 * parser's exceptions carry the whole header, and a codec's may quote the stream.
 */
export class DicomError extends CodedError {
  readonly hint: string

  constructor(reason: string, hint: string) {
    super('bad-dicom', reason)
    this.hint = hint
  }
}

/** The file is not what it states: cut short, or changed. */
export function damagedDicom(what: string): DicomError {
  return new DicomError(`it is damaged: ${what}`, EXPORT_AGAIN)
}

/** The file is whole, but holds what this decoder does not read. */
export function unsupported(what: string): DicomError {
  return new DicomError(what, CONVERT)
}

/** The file goes beyond a limit. */
export function tooLarge(what: string, limit: number): DicomError {
  return new DicomError(`${what}, more than ${limit}`, 'Leave it out, or export it smaller or in several files.')
}
