/** Writes Protocol Buffers messages (the wire format alone): as much of it as ONNX files need. @module */

const VARINT = 0
const LENGTH = 2

/** A field of a message by its number; messages and bytes are given as bytes. */
export type Field = readonly [number: number, value: Uint8Array]

/** A whole number as a field; negative ones take ten bytes, as int64 does. */
export function wholeField(number: number, value: number): Field {
  return [number, concatenated([varint((number << 3) | VARINT), varint(value)])]
}

export function textField(number: number, value: string): Field {
  return bytesField(number, new TextEncoder().encode(value))
}

export function bytesField(number: number, value: Uint8Array): Field {
  return [number, concatenated([varint((number << 3) | LENGTH), varint(value.length), value])]
}

/** Whole numbers as one packed field. */
export function packedField(number: number, values: readonly number[]): Field {
  return bytesField(number, concatenated(values.map(varint)))
}

export function messageField(number: number, fields: readonly Field[]): Field {
  return bytesField(number, encodeMessage(fields))
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
