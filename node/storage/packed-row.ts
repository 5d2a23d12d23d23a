/**
 * Rows of float32 in as few bytes as give them back bit for bit: values that came from 8-bit or 16-bit pixels
 * (value = k / white) take one or two bytes each, all others four.
 *
 * A packed row: one byte that says how many bytes a value takes (1, 2 or 4), then the values, little-endian.
 *
 * @module
 */

import assert from 'node:assert/strict'

export const KIND_BYTES = 1
const FLOAT_BYTES = 4

/** How many bytes a value takes, and what is the white of the pixels that it came from. */
const PIXEL_KINDS = [
  { bytes: 1, white: 255 },
  { bytes: 2, white: 65535 },
] as const

/** The bytes of a packed row, at most. @param length values of it */
export function packedBytesMax(length: number): number {
  return KIND_BYTES + length * FLOAT_BYTES
}

/** The bytes of a packed row by its first one; null where that is none of a packed row. */
export function packedBytes(kind: number | undefined, length: number): number | null {
  return kind === 1 || kind === 2 || kind === FLOAT_BYTES ? KIND_BYTES + length * kind : null
}

/** Packs a row. @returns a copy of its own */
export function packRow(values: Float32Array): Buffer {
  for (const { bytes, white } of PIXEL_KINDS) {
    if (!values.every(value => isPixel(value, white))) continue
    const row = rowOf(bytes, values.length)
    values.forEach((value, at) => void row.writeUIntLE(Math.round(value * white), KIND_BYTES + at * bytes, bytes))
    return row
  }
  const row = rowOf(FLOAT_BYTES, values.length)
  values.forEach((value, at) => void row.writeFloatLE(value, KIND_BYTES + at * FLOAT_BYTES))
  return row
}

/** Gives the values of a packed row back. @param into as many values as were packed */
export function unpackRow(row: Buffer, into: Float32Array): void {
  const kind = row[0]
  assert.equal(row.length, packedBytes(kind, into.length), 'a whole row')
  const pixels = PIXEL_KINDS.find(({ bytes }) => bytes === kind)
  for (let at = 0; at < into.length; at++) {
    const start = KIND_BYTES + at * (kind as number)
    if (pixels === undefined) into[at] = row.readFloatLE(start)
    else into[at] = (pixels.bytes === 1 ? row[start]! : row.readUInt16LE(start)) / pixels.white
  }
}

/** Whether a value is the float32 of k / white for a whole k of 0 to white. -0 is none: it would come back as 0. */
function isPixel(value: number, white: number): boolean {
  return value >= 0 && value <= 1 && Object.is(Math.fround((Math.round(value * white) + 0) / white), value)
}

function rowOf(bytes: number, length: number): Buffer {
  const row = Buffer.allocUnsafe(KIND_BYTES + length * bytes)
  row[0] = bytes
  return row
}
