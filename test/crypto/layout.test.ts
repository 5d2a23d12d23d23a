import test from 'ava'
import fc from 'fast-check'
import { CHUNK_ALIGNMENT_WORDS, chunkLayout } from '../../crypto/layout.ts'
import vectors from '../vectors/layout.json' with { type: 'json' }

test('the layout is the documented formula', t => {
  for (const { dimension, owners, chunks } of vectors.cases) {
    const expected = chunks.map(([start, words], index) => ({ index, start, words }))
    t.deepEqual(chunkLayout(dimension, owners) as unknown[], expected, `${dimension} words, ${owners} owners`)
  }
})

test('chunks are contiguous, cover every word once, begin aligned and are equal but for the last ones', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 28 }), fc.integer({ min: 1, max: 300 }), (dimension, owners) => {
      const chunks = chunkLayout(dimension, owners)
      t.is(chunks.length, owners)
      let next = 0
      chunks.forEach(({ index, start, words }, i) => {
        t.is(index, i)
        t.is(start, next)
        next = start + words
        t.true(words === 0 || start % CHUNK_ALIGNMENT_WORDS === 0)
        t.true(words === chunks[0]!.words || next === dimension, 'shorter only at the end')
      })
      t.is(next, dimension)
      t.true(chunks[0]!.words <= Math.ceil(dimension / owners) + CHUNK_ALIGNMENT_WORDS)
    }),
  )
})

test('no words, no owners and fractions are refused', t => {
  for (const [dimension, owners] of [
    [0, 1],
    [1, 0],
    [1.5, 1],
    [16, 0.5],
    [-16, 1],
  ] as const) {
    t.throws(() => chunkLayout(dimension, owners), { code: 'out-of-range' })
  }
})
