/** WAV files for tests. @module */

import { FileRefused, type OpenedFile } from '../../../../node/datasets/reader.ts'

export interface WavParts {
  rate?: number
  channels?: number
  bits?: number
  /** 1 PCM, 3 float, 0xfffe extensible */
  tag?: number
  /** the samples' bytes */
  data?: Uint8Array
  /** chunks before the format, and between it and the samples */
  before?: Uint8Array[]
  between?: Uint8Array[]
  /** lengths that are stated instead of the true ones */
  riffBytes?: number
  dataBytes?: number
  extra?: Uint8Array
}

export function chunk(name: string, data: Uint8Array, stated = data.length): Uint8Array {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(stated, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

export function formatChunk({ rate = 8000, channels = 1, bits = 16, tag = 1, extra = Buffer.alloc(0) }: WavParts) {
  const format = Buffer.alloc(16)
  format.writeUInt16LE(tag, 0)
  format.writeUInt16LE(channels, 2)
  format.writeUInt32LE(rate, 4)
  format.writeUInt32LE(Math.floor((rate * channels * bits) / 8) % 2 ** 32, 8)
  format.writeUInt16LE((channels * bits) / 8, 12)
  format.writeUInt16LE(bits, 14)
  return chunk('fmt ', Buffer.concat([format, extra]))
}

/** The rest of an extensible format: valid bits, speakers, and the GUID of a format. */
export function extension(kind: number, bits: number): Uint8Array {
  const extra = Buffer.alloc(24)
  extra.writeUInt16LE(22, 0)
  extra.writeUInt16LE(bits, 2)
  extra.writeUInt16LE(kind, 8)
  Buffer.from('000000001000800000aa00389b71', 'hex').copy(extra, 10)
  return extra
}

export function wave(parts: WavParts = {}): Uint8Array {
  const { data = int16([0, 16384, -32768]), before = [], between = [], riffBytes, dataBytes } = parts
  return riff([...before, formatChunk(parts), ...between, chunk('data', data, dataBytes)], riffBytes)
}

export function riff(chunks: Uint8Array[], stated?: number): Uint8Array {
  const body = Buffer.concat([Buffer.from('WAVE', 'latin1'), ...chunks])
  return chunk('RIFF', body, stated)
}

export function int16(values: number[]): Uint8Array {
  return new Uint8Array(Int16Array.from(values).buffer)
}

export function float32(values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

/** A file of a folder that is in memory. */
export function opened(name: string, bytes: Uint8Array): OpenedFile {
  return {
    name,
    bytes: bytes.length,
    whole: async max => {
      if (bytes.length > max) throw new FileRefused('is too long')
      return bytes
    },
    stream: async function* () {
      yield bytes
    },
    part: async (start, length) => bytes.slice(start, start + length),
  }
}
