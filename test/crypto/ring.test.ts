import test from 'ava'
import fc from 'fast-check'
import { addInto, fromBytes, subtractInto, toBytes, toSigned } from '../../crypto/ring.ts'
import { toHex } from '../helpers/hex.ts'

const words = fc.uint32Array({ minLength: 0, maxLength: 64 })
const pairOfWords = fc
  .integer({ min: 0, max: 64 })
  .chain(length =>
    fc.tuple(
      fc.uint32Array({ minLength: length, maxLength: length }),
      fc.uint32Array({ minLength: length, maxLength: length }),
    ),
  )

test('subtraction undoes addition, and both agree with integers modulo 2^32', t => {
  fc.assert(
    fc.property(pairOfWords, ([a, b]) => {
      const sum = a.slice()
      addInto(sum, b)
      const exact = Array.from(a, (word, i) => Number((BigInt(word) + BigInt(b[i]!)) % 2n ** 32n))
      t.deepEqual(Array.from(sum), exact)
      subtractInto(sum, b)
      t.deepEqual(sum, a)
    }),
  )
})

test('a signed vector adds as its two’s complement', t => {
  const target = Uint32Array.of(5, 0, 2 ** 31)
  addInto(target, Int32Array.of(-7, -1, -(2 ** 31)))
  t.deepEqual(Array.from(toSigned(target)), [-2, -1, 0])
  subtractInto(target, Int32Array.of(-7, -1, -(2 ** 31)))
  t.deepEqual(Array.from(target), [5, 0, 2 ** 31])
})

test('bytes are little-endian and survive the round trip at any offset', t => {
  t.is(toHex(toBytes(Uint32Array.of(1, 0xdeadbeef))), '01000000efbeadde')
  fc.assert(
    fc.property(words, fc.integer({ min: 0, max: 9 }), (value, offset) => {
      const bytes = toBytes(value)
      const shifted = new Uint8Array(bytes.length + offset)
      shifted.set(bytes, offset)
      t.deepEqual(fromBytes(shifted.subarray(offset)), value)
      t.deepEqual(fromBytes(Buffer.from(bytes)), value)
    }),
  )
})

test('a view of part of a vector is written as that part only', t => {
  t.is(toHex(toBytes(Uint32Array.of(1, 2, 3).subarray(1, 2))), '02000000')
})

test('conversions are copies: changing the words does not change the bytes', t => {
  const value = Uint32Array.of(1)
  const bytes = toBytes(value)
  const back = fromBytes(bytes)
  back[0] = 2
  value[0] = 3
  t.is(toHex(bytes), '01000000')
})

test('toSigned is the same memory', t => {
  const value = Uint32Array.of(1, 2, 3)
  toSigned(value.subarray(1))[0] = -1
  t.deepEqual(Array.from(value), [1, 2 ** 32 - 1, 3])
})

test('vectors of different lengths, and bytes that are no whole words, are refused', t => {
  t.throws(() => addInto(new Uint32Array(2), new Uint32Array(1)), { code: 'length-mismatch' })
  t.throws(() => subtractInto(new Uint32Array(1), new Uint32Array(2)), { code: 'length-mismatch' })
  t.throws(() => fromBytes(new Uint8Array(6)), { code: 'length-mismatch' })
})
