/** Writes Protocol Buffers messages (the wire format alone): as much of it as ONNX files need. @module */

const VARINT = 0
const LENGTH = 2
const FIXED32 = 5

/** A field of a message by its number; messages and bytes are given as bytes. */
export type Field = readonly [number: number, value: Uint8Array]

/** A whole number as a field; negative ones take ten bytes, as int64 does. */
export function whole(number: number, value: number): Field {
  return [number, concatenated([varint((number << 3) | VARINT), varint(value)])]
}

/** A float32 as a field. */
export function float(number: number, value: number): Field {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return [number, concatenated([varint((number << 3) | FIXED32), bytes])]
}

export function text(number: number, value: string): Field {
  return bytes(number, new TextEncoder().encode(value))
}

export function bytes(number: number, value: Uint8Array): Field {
  return [number, concatenated([varint((number << 3) | LENGTH), varint(value.length), value])]
}

/** Whole numbers as one packed field. */
export function packed(number: number, values: readonly number[]): Field {
  return bytes(number, concatenated(values.map(varint)))
}

export function message(number: number, fields: readonly Field[]): Field {
  return bytes(number, encodeMessage(fields))
}

/** The bytes of a message, its fields in the order of their numbers. */
export function encodeMessage(fields: readonly Field[]): Uint8Array {
  return concatenated([...fields].sort(([a], [b]) => a - b).map(([, value]) => value))
}

function varint(value: number): Uint8Array {
  const out: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  out.push(Number(rest))
  return Uint8Array.from(out)
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let start = 0
  for (const part of parts) {
    all.set(part, start)
    start += part.length
  }
  return all
}
