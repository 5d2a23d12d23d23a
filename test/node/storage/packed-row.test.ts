// Claims of node/storage/packed-row.ts: every row comes back bit for bit; those of 8-bit and 16-bit pixels take one and two
// bytes a value, and one value that came from no pixel makes its row a row of float32.

import test from 'ava'
import fc from 'fast-check'
import { packedBytes, packedBytesMax, packRow, unpackRow } from '../../../node/storage/packed-row.ts'

function back(values: Float32Array): Uint32Array {
  const into = new Float32Array(values.length).fill(7)
  unpackRow(packRow(values), into)
  return new Uint32Array(into.buffer)
}

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.slice().buffer)

test('every 8-bit and every 16-bit pixel comes back bit for bit, in one and two bytes a value', t => {
  for (const [white, bytes] of [
    [255, 1],
    [65535, 2],
  ] as const) {
    const pixels = Float32Array.from({ length: white + 1 }, (_, pixel) => pixel / white)
    t.is(packRow(pixels).length, 1 + pixels.length * bytes)
    t.deepEqual(back(pixels), bitsOf(pixels))
  }
})

test('any row comes back bit for bit, and takes no more than was foretold', t => {
  const value = fc.oneof(
    fc.float({ noNaN: true }),
    fc.nat(255).map(pixel => Math.fround(pixel / 255)),
    fc.nat(65535).map(pixel => Math.fround(pixel / 65535)),
    fc.constantFrom(0, -0, 1, Number.POSITIVE_INFINITY, Math.fround(1 / 255 + 2 ** -31), -1 / 255, 256 / 255),
  )
  fc.assert(
    fc.property(fc.array(value, { maxLength: 12 }), values => {
      const row = Float32Array.from(values)
      t.deepEqual(back(row), bitsOf(row))
      const packed = packRow(row)
      t.true(packed.length <= packedBytesMax(row.length))
      t.is(packedBytes(packed[0], row.length), packed.length)
    }),
  )
})

test('one value that came from no pixel makes its row one of float32', t => {
  for (const odd of [-0, Number.NaN, 1.5, Math.fround(0.1), 256 / 255, -1 / 65535]) {
    t.is(packRow(Float32Array.of(0, 1, odd)).length, packedBytesMax(3), String(odd))
  }
  t.is(packRow(Float32Array.of(0, 1)).length, 3)
})

test('a first byte that is none of a packed row is told apart', t => {
  for (const kind of [0, 3, 5, 255, undefined]) t.is(packedBytes(kind, 4), null)
})
