import test from 'ava'
import { RandomReader, READER_WORDS_MAX } from '../../crypto/rng.ts'
import { seededBytes, seededRng } from '../helpers/seeded-rng.ts'

test('a reader hands out its generator’s words, each once, in order', t => {
  const reader = new RandomReader(seededRng('order'), 8)
  const words = Array.from({ length: 20 }, () => reader.uniformUint32())
  // three draws of eight words are one stream of 96 bytes
  const expected = new Uint32Array(seededBytes('order', 96).buffer)
  t.deepEqual(words, Array.from(expected.subarray(0, 20)))
})

test('uniformBelow is uniform for limits that are no power of two', t => {
  const reader = new RandomReader(seededRng('uniform'))
  for (const limit of [1, 2, 3, 5, 10, 48, 257]) {
    const counts = new Float64Array(limit)
    const draws = 2000 * limit
    for (let i = 0; i < draws; i++) counts[reader.uniformBelow(limit)]!++
    const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
    t.true(chiSquare <= limit - 1 + 5 * Math.sqrt(2 * limit), `limit ${limit}: ${chiSquare}`)
  }
})

test('uniformBelow reaches its largest limit, and refuses what lies outside', t => {
  const reader = new RandomReader(target => target.fill(0xff))
  t.is(reader.uniformBelow(2 ** 31), 2 ** 31 - 1)
  for (const limit of [0, -1, 1.5, 2 ** 31 + 1, Number.NaN]) {
    t.throws(() => reader.uniformBelow(limit), { code: 'out-of-range' })
  }
  t.throws(() => new RandomReader(seededRng(''), 0), { code: 'out-of-range' })
  t.throws(() => new RandomReader(seededRng(''), READER_WORDS_MAX + 1), { code: 'out-of-range' })
})

test('a wiped reader forgets what it had drawn', t => {
  const reader = new RandomReader(seededRng('wipe'), 4)
  const first = reader.uniformUint32()
  reader.wipe()
  const fresh = new RandomReader(seededRng('wipe'), 4)
  for (let i = 0; i < 4; i++) fresh.uniformUint32()
  t.is(reader.uniformUint32(), fresh.uniformUint32(), 'the next draw, not the rest of the last')
  t.not(first, 0)
})
