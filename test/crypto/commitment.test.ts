import test from 'ava'
import fc from 'fast-check'
import { commit, opens } from '../../crypto/commitment.ts'
import { fromHex, toHex } from '../helpers/hex.ts'
import vectors from '../vectors/masks.json' with { type: 'json' }

test('a commitment is the tagged hash of the self key', t => {
  for (const { key, commitment } of vectors.selfKeys) {
    t.is(toHex(commit(fromHex(key))), commitment)
    t.true(opens(fromHex(commitment), fromHex(key)))
  }
})

test('only the committed key opens it: any changed bit of either fails', t => {
  const key = fromHex(vectors.selfKeys[0]!.key)
  const commitment = commit(key)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), bit => {
      const flip = (bytes: Uint8Array): Uint8Array => bytes.map((b, i) => (i === bit >> 3 ? b ^ (1 << (bit & 7)) : b))
      t.false(opens(commitment, flip(key)))
      t.false(opens(flip(commitment), key))
    }),
  )
})

test('a key or a commitment of another length does not open, and cannot be committed to', t => {
  const key = fromHex(vectors.selfKeys[0]!.key)
  t.false(opens(commit(key), key.subarray(1)))
  t.false(opens(commit(key).subarray(1), key))
  t.false(opens(new Uint8Array(0), new Uint8Array(0)))
  t.throws(() => commit(key.subarray(1)), { code: 'length-mismatch' })
})
