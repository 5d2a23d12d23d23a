// Claims: a field takes exactly what its name says, and what is refused is told what was expected; the kinds of messages
// that several schemas share are bounded alike.

import test from 'ava'
import fc from 'fast-check'
import { bytesOf, bytesUpTo, hash32, placeIn, record, uint32, whole } from '../../../protocols/encoding/fields.ts'

const other = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.nat({ max: 255 })))

test('a byte string of an exact length takes that length and nothing else', t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat({ max: 70 }), (bytes, length) => {
      t.is(bytesOf(length).safeParse(bytes).success, bytes.length === length)
      t.is(bytesUpTo(length).safeParse(bytes).success, bytes.length <= length)
      t.is(hash32.safeParse(bytes).success, bytes.length === 32)
    }),
  )
})

test('what is no byte string is none of any length', t => {
  fc.assert(
    fc.property(other, value => {
      t.false(bytesOf(2).safeParse(value).success)
      t.false(bytesUpTo(100).safeParse(value).success)
    }),
  )
})

test('a refusal says what was expected', t => {
  const reason = (schema: typeof hash32) => schema.safeParse(new Uint8Array(40)).error?.issues[0]?.message
  t.is(reason(hash32), 'expected 32 bytes')
  t.is(reason(bytesUpTo(39)), 'expected at most 39 bytes')
  t.is(reason(bytesOf(38, 'must be a raw PeerId')), 'must be a raw PeerId')
})

test('numbers are whole, and both bounds are in', t => {
  for (const [value, fits] of [
    [0, true],
    [2, true],
    [3, false],
    [-1, false],
    [0.5, false],
    ['1', false],
  ] as const) {
    t.is(placeIn(3).safeParse(value).success, fits, `${value}`)
    t.is(whole(0, 2).safeParse(value).success, fits, `${value}`)
  }
  t.true(uint32.safeParse(2 ** 32 - 1).success)
  t.false(uint32.safeParse(2 ** 32).success)
})

test('a record has exactly its fields, and a byte string is none', t => {
  const schema = record({ a: uint32 })
  t.true(schema.safeParse({ a: 1 }).success)
  for (const bad of [{}, { a: 1, b: 2 }, new Uint8Array(3), null, []]) t.false(schema.safeParse(bad).success)
})
