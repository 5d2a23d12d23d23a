import test from 'ava'
import fc from 'fast-check'
import { applyMasks, maskStream } from '../../crypto/mask-stream.ts'
import { addInto, subtractInto } from '../../crypto/ring.ts'
import { fromHex } from '../helpers/hex.ts'
import { seededBytes } from '../helpers/seeded-rng.ts'
import vectors from '../vectors/masks.json' with { type: 'json' }

const KEY = seededBytes('mask key', 32)

test('the stream is AES-256-CTR from counter 0 in little-endian words, also far beyond the first 2^32 bytes', t => {
  const key = fromHex(vectors.stream.key)
  for (const { start, words } of vectors.stream.ranges) {
    t.deepEqual(Array.from(maskStream(key, { start, words: words.length })), words, `start ${start}`)
  }
})

test('the stream does not depend on how it is cut', t => {
  const whole = maskStream(KEY, { start: 0, words: 500 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 125 }), fc.integer({ min: 0, max: 500 }), (block, count) => {
      const start = 4 * block
      const words = Math.min(count, 500 - start)
      t.deepEqual(maskStream(KEY, { start, words }), whole.slice(start, start + words))
    }),
  )
})

test('masks applied in place are the stream, at lengths around the step of 2^14 words', t => {
  const other = seededBytes('another mask key', 32)
  for (const length of [0, 1, 5, (1 << 14) - 1, 1 << 14, (1 << 14) + 1, 40_003]) {
    const start = 8
    const words = new Uint32Array(length).fill(9)
    applyMasks(
      words,
      [
        { key: KEY, sign: 1 },
        { key: other, sign: -1 },
      ],
      start,
    )
    subtractInto(words, maskStream(KEY, { start, words: length }))
    addInto(words, maskStream(other, { start, words: length }))
    t.true(
      words.every(word => word === 9),
      `length ${length}`,
    )
  }
})

test('masks can be applied to a view, and touch nothing outside it', t => {
  const words = new Uint32Array(12)
  applyMasks(words.subarray(4, 8), [{ key: KEY, sign: 1 }], 4)
  t.deepEqual(words.slice(4, 8), maskStream(KEY, { start: 4, words: 4 }))
  t.true([...words.slice(0, 4), ...words.slice(8)].every(word => word === 0))
})

test('keys that differ in one bit give unrelated streams', t => {
  const words = 4096
  const reference = maskStream(KEY, { start: 0, words })
  for (const bit of [0, 77, 255]) {
    const key = KEY.slice()
    key[bit >> 3]! ^= 1 << (bit & 7)
    const stream = maskStream(key, { start: 0, words })
    const equal = stream.reduce((count, word, i) => count + (word === reference[i] ? 1 : 0), 0)
    t.true(equal < 3, `${equal} equal words`)
  }
})

test('a wrong key length, an unaligned start and a range out of bounds are refused', t => {
  const range = { start: 0, words: 4 }
  t.throws(() => maskStream(new Uint8Array(16), range), { code: 'length-mismatch' })
  t.throws(() => maskStream(KEY, { start: 2, words: 4 }), { code: 'unaligned' })
  t.throws(() => maskStream(KEY, { start: -4, words: 4 }), { code: 'out-of-range' })
  t.throws(() => maskStream(KEY, { start: 2 ** 32 - 4, words: 5 }), { code: 'out-of-range' })
  t.throws(() => maskStream(KEY, { start: 0, words: 0.5 }), { code: 'out-of-range' })
  t.throws(() => applyMasks(new Uint32Array(4), [{ key: KEY, sign: 1 }], 1), { code: 'unaligned' })
})

test('an empty range is empty wherever it begins', t => {
  t.is(maskStream(KEY, { start: 7, words: 0 }).length, 0)
})
