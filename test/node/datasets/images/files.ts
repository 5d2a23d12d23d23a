/** Images written by the tests, byte by byte where an encoder would not lie. @module */

import { crc32 } from 'node:zlib'
import { encode, type ImageData } from 'fast-png'

export function pngOf(image: ImageData): Buffer {
  return Buffer.from(encode(image))
}

export function chunk(type: string, body: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const bytes = Buffer.alloc(named.length + 8)
  bytes.writeUInt32BE(body.length)
  named.copy(bytes, 4)
  bytes.writeUInt32BE(crc32(named), named.length + 4)
  return bytes
}

export interface Tiff {
  readonly width: number
  readonly height: number
  readonly values: Uint8Array | Uint16Array | Uint32Array | Float32Array
  /** 0: white is 0; 1: black is 0 */
  readonly photometric?: number
  readonly pages?: number
  /** big-endian */
  readonly big?: boolean
}

/** An uncompressed grey TIFF with the same picture on each page (TIFF 6.0, section 3). */
export function tiffOf({ width, height, values, photometric = 1, pages = 1, big = false }: Tiff): Buffer {
  const bytes = Buffer.from(values.buffer.slice(0))
  const bits = 8 * values.BYTES_PER_ELEMENT
  if (big && bits === 16) bytes.swap16()
  const tags = (at: number): [number, number, number][] => [
    [256, 4, width],
    [257, 4, height],
    [258, 3, bits],
    [259, 3, 1],
    [262, 3, photometric],
    [273, 4, at],
    [277, 3, 1],
    [278, 4, height],
    [279, 4, bytes.length],
    [339, 3, values instanceof Float32Array ? 3 : 1],
  ]
  const count = tags(0).length
  const length = 2 + 12 * count + 4
  const start = Buffer.alloc(8)
  const put16 = (to: Buffer, word: number, at: number) =>
    big ? to.writeUInt16BE(word, at) : to.writeUInt16LE(word, at)
  const put32 = (to: Buffer, word: number, at: number) =>
    big ? to.writeUInt32BE(word, at) : to.writeUInt32LE(word, at)
  start.write(big ? 'MM' : 'II')
  put16(start, 42, 2)
  put32(start, 8, 4)
  const folders = Array.from({ length: pages }, (_, page) => {
    const folder = Buffer.alloc(length)
    put16(folder, count, 0)
    for (const [index, [tag, type, value]] of tags(8 + pages * length).entries()) {
      const at = 2 + 12 * index
      put16(folder, tag, at)
      put16(folder, type, at + 2)
      put32(folder, 1, at + 4)
      if (type === 3) put16(folder, value, at + 8)
      else put32(folder, value, at + 8)
    }
    put32(folder, page + 1 < pages ? 8 + (page + 1) * length : 0, length - 4)
    return folder
  })
  return Buffer.concat([start, ...folders, bytes])
}
