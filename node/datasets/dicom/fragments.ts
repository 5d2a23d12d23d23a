/**
 * Which bytes of encapsulated pixels belong to a frame.
 *
 * @module DICOM PS3.5 annex A.4, https://dicom.nema.org/medical/dicom/current/output/html/part05.html
 */
import { endsWhole } from './codestream.ts'
import { type DicomError, damagedDicom } from './error.ts'
import { FRAGMENTS_MAX } from './limits.ts'

interface Fragment {
  /** from the end of the offset table */
  readonly offset: number
  readonly bytes: Uint8Array
}

const ITEM = 0xfffee000
const END = 0xfffee0dd
const ITEM_HEADER_BYTES = 8

/**
 * Splits encapsulated pixels into frames.
 *
 * @param bytes  the file; parts of it are shared, not copied, when a frame is one fragment
 * @param start  where the offset table's item begins
 * @param frames what the header states
 * @returns the compressed bytes of each frame
 * @throws DicomError when the pieces end early or cannot be told apart
 */
export function framesOf(bytes: Uint8Array, start: number, frames: number): (() => Uint8Array)[] {
  const { offsets, fragments } = fragmentsOf(bytes, start)
  const firsts = firstFragments(offsets, fragments, frames)
  return firsts.map((first, frame) => () => joined(fragments.slice(first, firsts[frame + 1] ?? fragments.length)))
}

/** Whether bytes begin as encapsulated pixels do. */
export function beginsAsItem(bytes: Uint8Array, start: number): boolean {
  return Buffer.compare(bytes.subarray(start, start + 4), Buffer.of(0xfe, 0xff, 0x00, 0xe0)) === 0
}

function fragmentsOf(bytes: Uint8Array, start: number): { offsets: number[]; fragments: Fragment[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const items: { position: number; length: number }[] = []
  for (let position = start; ; ) {
    if (position + ITEM_HEADER_BYTES > bytes.length) throw damagedDicom('its compressed pixels end early')
    const tag = view.getUint16(position, true) * 65_536 + view.getUint16(position + 2, true)
    if (tag === END) break
    const length = view.getUint32(position + 4, true)
    position += ITEM_HEADER_BYTES
    if (tag !== ITEM) throw damagedDicom('its compressed pixels hold something that is no item')
    if (position + length > bytes.length) throw damagedDicom('its compressed pixels end early')
    if (items.length > FRAGMENTS_MAX) throw damagedDicom(`its pixels are in more than ${FRAGMENTS_MAX} pieces`)
    items.push({ position, length })
    position += length
  }
  const [table, ...rest] = items
  if (table === undefined || rest.length === 0) throw damagedDicom('it has no compressed pixels')
  const base = table.position + table.length
  const offsets = Array.from({ length: Math.min(table.length >> 2, FRAGMENTS_MAX) }, (_, index) =>
    view.getUint32(table.position + 4 * index, true),
  )
  const fragments = rest.map(({ position, length }) => ({
    offset: position - ITEM_HEADER_BYTES - base,
    bytes: bytes.subarray(position, position + length),
  }))
  return { offsets, fragments }
}

/** The first fragment of each frame: by the offset table, one each, or by the end markers. */
function firstFragments(offsets: readonly number[], fragments: readonly Fragment[], frames: number): number[] {
  if (frames === 1) {
    if (beginsAgain(fragments)) throw moreFrames(frames)
    return [0]
  }
  if (offsets.length === frames) {
    const index = new Map(fragments.map(({ offset }, fragment) => [offset, fragment]))
    const firsts = offsets.map(offset => index.get(offset) ?? -1)
    const grows = firsts.every((first, frame) => first > (firsts[frame - 1] ?? -1))
    if (!grows || firsts[0] !== 0) throw damagedDicom('its offset table does not point at its frames')
    return firsts
  }
  if (fragments.length === frames) return fragments.map((_, fragment) => fragment)
  const firsts = fragments.flatMap((_, fragment) =>
    fragment === 0 || endsWhole(fragments[fragment - 1]!.bytes) ? [fragment] : [],
  )
  if (firsts.length !== frames) {
    throw damagedDicom(`it states ${frames} frames, and its compressed pixels are in ${fragments.length} pieces`)
  }
  return firsts
}

/** First bytes that frames of one writer share: marker and length of JPEG streams, number of segments and start of RLE. */
const BEGINNING_BYTES = 8

/** Whether pieces of what should be one frame are two: a later one begins as the first does. */
function beginsAgain([first, ...rest]: readonly Fragment[]): boolean {
  const start = first!.bytes.subarray(0, BEGINNING_BYTES)
  if (start.length < BEGINNING_BYTES) return false
  return rest.some(({ bytes }) => Buffer.compare(bytes.subarray(0, BEGINNING_BYTES), start) === 0)
}

/** The error for pixels that hold more than the header says: which of them is meant is not known. */
export function moreFrames(stated: number): DicomError {
  return damagedDicom(`its pixels hold more frames than the ${stated} that its header states`)
}

function joined(fragments: readonly Fragment[]): Uint8Array {
  return fragments.length === 1 ? fragments[0]!.bytes : Buffer.concat(fragments.map(({ bytes }) => bytes))
}
