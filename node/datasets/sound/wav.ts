/**
 * WAV files: PCM of 8, 16, 24 or 32 bits and 32-bit floats, of any number of channels up to WAV_CHANNELS_MAX.
 *
 * @module Multimedia Programming Interface and Data Specifications 1.0, IBM and Microsoft, 1991; WAVEFORMATEXTENSIBLE,
 *   Microsoft, 2001.
 */

import { SOUND_RATE_MAX } from '../../../protocols/study/limits.ts'
import { FileRefused } from '../reader.ts'

/** Over half an hour of 16-bit mono at 48 kHz. The file is in memory, its samples are not. */
export const WAV_BYTES_MAX = 2 ** 28
export const WAV_CHANNELS_MAX = 64
/** A real file has a few. */
const CHUNKS_MAX = 1024

const RIFF_BYTES = 12
const CHUNK_HEAD_BYTES = 8
const FORMAT_BYTES = 16
const EXTENSIBLE_BYTES = 40
const PCM = 1
const FLOAT = 3
const EXTENSIBLE = 0xfffe
/** The rest of an extensible format's GUID, after the two bytes of the format itself. */
const GUID_REST = '000000001000800000aa00389b71'

const EXPORT_AGAIN = 'export it again, or leave it out'
const CONVERT = 'convert it to a WAV of 16-bit PCM'

export interface Wav {
  /** samples a second */
  readonly rate: number
  /** samples of one channel */
  readonly length: number
  /**
   * Samples from `start` to before `end`, of −1 to 1 (floats may lie outside): the mean over the channels.
   *
   * @throws FileRefused where a float is not finite
   */
  readonly samples: (start: number, end: number) => Float64Array
}

/** Whether a file is some kind of WAV, also one that `readWav` refuses. */
export function isWav(head: Uint8Array): boolean {
  return /^(RIFF|RIFX|RF64|BW64)$/.test(ascii(head, 0)) && ascii(head, 8) === 'WAVE'
}

/**
 * Reads the structure of a WAV file. Its samples are decoded when they are asked for.
 *
 * @param bytes  the whole file
 * @throws FileRefused with what is wrong and what to do
 */
export function readWav(bytes: Uint8Array): Wav {
  const { format, data } = chunksOf(bytes)
  const { kind, channels, rate, bits } = formatOf(format)
  const frameBytes = (channels * bits) / 8
  if (data.length === 0) throw new FileRefused(`it holds no samples: ${EXPORT_AGAIN}`)
  if (data.length % frameBytes !== 0) throw damaged(`its last sample is incomplete`)
  const sample = DECODERS[`${kind}/${bits}`]!
  const view = viewOf(data)
  const samples: Wav['samples'] = (start, end) => {
    const values = new Float64Array(end - start)
    for (let i = 0; i < values.length; i++) {
      let sum = 0
      for (let channel = 0; channel < channels; channel++) {
        sum += sample(view, (start + i) * frameBytes + (channel * bits) / 8)
      }
      if (!Number.isFinite(sum)) throw damaged(`sample ${start + i + 1} is not a finite number`)
      values[i] = sum / channels
    }
    return values
  }
  return { rate, length: data.length / frameBytes, samples }
}

const DECODERS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  // 8-bit PCM is unsigned, all others are signed
  [`${PCM}/8`]: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
  [`${PCM}/16`]: (view, at) => view.getInt16(at, true) / 2 ** 15,
  [`${PCM}/24`]: (view, at) => (view.getInt16(at + 1, true) * 2 ** 8 + view.getUint8(at)) / 2 ** 23,
  [`${PCM}/32`]: (view, at) => view.getInt32(at, true) / 2 ** 31,
  [`${FLOAT}/32`]: (view, at) => view.getFloat32(at, true),
}

/** Finds the one format and the one data chunk, in any order and among others. */
function chunksOf(bytes: Uint8Array): { format: Uint8Array; data: Uint8Array } {
  const kind = ascii(bytes, 0)
  if (!isWav(bytes)) throw new FileRefused(`it is no WAV file: ${EXPORT_AGAIN}`)
  if (kind !== 'RIFF') throw new FileRefused(`it is a WAV of the kind ${kind}, which is not read: ${CONVERT}`)
  const view = viewOf(bytes)
  const end = CHUNK_HEAD_BYTES + view.getUint32(4, true)
  // one byte less: some writers do not pad an odd last chunk, but count the padding
  if (end - 1 > bytes.length) throw cutShort(end, bytes.length)
  const found = new Map<string, Uint8Array>()
  let at = RIFF_BYTES
  // what follows the end is no part of the sound, such as a tag that a player has appended
  for (let count = 0; at + CHUNK_HEAD_BYTES <= end; count++) {
    if (count === CHUNKS_MAX) throw damaged(`it has more than ${CHUNKS_MAX} chunks`)
    if (at + CHUNK_HEAD_BYTES > bytes.length) throw cutShort(end, bytes.length)
    const name = ascii(bytes, at)
    const start = at + CHUNK_HEAD_BYTES
    at = start + view.getUint32(at + 4, true)
    if (at > Math.min(end, bytes.length)) throw cutShort(at, Math.min(end, bytes.length))
    if (name === 'fmt ' || name === 'data') {
      if (found.has(name)) throw damaged(`it has two chunks "${name.trim()}"`)
      found.set(name, bytes.subarray(start, at))
    }
    at += at % 2
  }
  const [format, data] = [found.get('fmt '), found.get('data')]
  if (format === undefined) throw damaged('it does not say what format its samples have')
  if (data === undefined) throw damaged('it has no chunk of samples')
  return { format, data }
}

interface Format {
  readonly kind: number
  readonly channels: number
  readonly rate: number
  readonly bits: number
}

function formatOf(chunk: Uint8Array): Format {
  if (chunk.length < FORMAT_BYTES) throw damaged(`its format has ${chunk.length} bytes, and needs ${FORMAT_BYTES}`)
  const view = viewOf(chunk)
  const kind = kindOf(view)
  const [channels, rate] = [view.getUint16(2, true), view.getUint32(4, true)]
  const [frameBytes, bits] = [view.getUint16(12, true), view.getUint16(14, true)]
  if (!Object.hasOwn(DECODERS, `${kind}/${bits}`)) {
    throw new FileRefused(`it holds samples of format ${kind} with ${bits} bits, which is not read: ${CONVERT}`)
  }
  if (channels < 1 || channels > WAV_CHANNELS_MAX) {
    throw new FileRefused(`it has ${channels} channels, not 1 to ${WAV_CHANNELS_MAX}: mix them down to one`)
  }
  if (rate < 1 || rate > SOUND_RATE_MAX) {
    throw new FileRefused(`it has ${rate} samples a second, not 1 to ${SOUND_RATE_MAX}: resample it`)
  }
  if (frameBytes !== (channels * bits) / 8) throw damaged(`its format contradicts itself about the size of a sample`)
  return { kind, channels, rate, bits }
}

/** What samples are: the format's own tag, or the one inside of an extensible format. */
function kindOf(view: DataView): number {
  const tag = view.getUint16(0, true)
  if (tag !== EXTENSIBLE) return tag
  if (view.byteLength < EXTENSIBLE_BYTES) throw damaged(`its extensible format is incomplete`)
  const rest = Buffer.from(view.buffer, view.byteOffset + 26, 14).toString('hex')
  if (rest !== GUID_REST) throw new FileRefused(`it holds samples of a format that is not read: ${CONVERT}`)
  return view.getUint16(24, true)
}

function cutShort(stated: number, there: number): FileRefused {
  return damaged(`it is cut short, or states a wrong length: bytes to ${stated} are stated, and there are ${there}`)
}

function damaged(what: string): FileRefused {
  return new FileRefused(`it is damaged, ${what}: ${EXPORT_AGAIN}`)
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
