// Claim: fingerprints add up as the vectors do, over chunks and over hospitals, and a changed vector has another one.

import test from 'ava'
import fc from 'fast-check'
import { addFingerprints, FINGERPRINT_SUMS, fingerprint, fingerprintChallenge } from '../../crypto/fingerprint.ts'
import { sha256 } from '../../crypto/hash.ts'
import { chunkLayout } from '../../crypto/layout.ts'
import { maskStream } from '../../crypto/mask-stream.ts'
import { addInto, fromBytes, subtractInto, toBytes } from '../../crypto/ring.ts'
import { fromHex, toHex } from '../helpers/hex.ts'
import { seededBytes } from '../helpers/seeded-rng.ts'

/** SHA-256 of the fingerprint of words i·0x9e3779b1, i < 1000, from coordinate 32: by OpenSSL and Python's integers. */
const VECTOR = '92333af11c8658e2ef0cf5f2d9c43be062296b4715aab5683e2e3a23cff77843'
const CHALLENGE = seededBytes('challenge', 32)

const vector = (seed: string | number, length: number) => fromBytes(seededBytes(`vector ${seed}`, 4 * length))
const challenges = fc.uint8Array({ minLength: 32, maxLength: 32 })
const vectors = (max: number) => fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: max })

/** The definition: bit b of the 64-bit word w picks coordinate w into sum b. */
function naive(words: Uint32Array, challenge: Uint8Array, start = 0): Uint32Array {
  const stream = maskStream(challenge, { start: 0, words: 2 * (start + words.length) })
  const sums = Array.from({ length: 64 }, () => 0n)
  words.forEach((word, at) => {
    const w = start + at
    const picks = BigInt(stream[2 * w]!) | (BigInt(stream[2 * w + 1]!) << 32n)
    for (let b = 0; b < 64; b++) if ((picks >> BigInt(b)) & 1n) sums[b]! += BigInt(word)
  })
  return Uint32Array.from(sums, sum => Number(sum % 2n ** 32n))
}

test('it is what its definition says, for any vector, challenge and start', t => {
  fc.assert(
    fc.property(vectors(80), challenges, fc.nat(20), (words, challenge, block) => {
      const start = 16 * block
      t.deepEqual(
        fingerprint(Uint32Array.from(words), challenge, start),
        naive(Uint32Array.from(words), challenge, start),
      )
    }),
  )
})

test('it is what its definition says around the step of 2^13 coordinates', t => {
  for (const length of [0, 1, (1 << 13) - 1, 1 << 13, (1 << 13) + 1, 20_001]) {
    const words = vector(length, length)
    t.deepEqual(fingerprint(words, CHALLENGE), naive(words, CHALLENGE), `length ${length}`)
  }
})

test('it is linear: the fingerprint of a sum is the sum of the fingerprints', t => {
  const pairs = fc.array(fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1)), { maxLength: 60 })
  fc.assert(
    fc.property(pairs, challenges, (words, challenge) => {
      const a = Uint32Array.from(words, ([word]) => word)
      const b = Uint32Array.from(words, ([, word]) => word)
      const expected = addFingerprints([fingerprint(a, challenge), fingerprint(b, challenge)])
      addInto(a, b)
      t.deepEqual(fingerprint(a, challenge), expected)
    }),
  )
})

test('the fingerprints of the chunks of any layout add up to that of the vector', t => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 12 }), (dimension, owners) => {
      const words = vector('chunks', dimension)
      const parts = chunkLayout(dimension, owners).map(chunk =>
        fingerprint(words.subarray(chunk.start, chunk.start + chunk.words), CHALLENGE, chunk.start),
      )
      t.deepEqual(addFingerprints(parts), fingerprint(words, CHALLENGE))
    }),
  )
})

test('one changed word never escapes, at any place and by any difference', t => {
  const words = vector('changed', 3000)
  const before = fingerprint(words, CHALLENGE)
  fc.assert(
    fc.property(fc.nat(2999), fc.integer({ min: 1, max: 2 ** 32 - 1 }), (at, difference) => {
      const changed = words.slice()
      changed[at]! += difference
      t.notDeepEqual(fingerprint(changed, CHALLENGE), before)
    }),
    { numRuns: 2000 },
  )
})

test('every sum notices a difference for half of the challenges, also one that is a power of two', t => {
  const difference = new Uint32Array(4)
  difference[2] = 2 ** 31
  const trials = 2000
  const noticed = new Uint32Array(FINGERPRINT_SUMS)
  for (let trial = 0; trial < trials; trial++) {
    fingerprint(difference, seededBytes(`challenge ${trial}`, 32)).forEach((sum, b) => {
      if (sum !== 0) noticed[b]! += 1
    })
  }
  // five standard deviations
  for (const count of noticed) t.true(Math.abs(count - trials / 2) < 5 * Math.sqrt(trials / 4), `${count}`)
})

test('two differences that cancel in a plain sum do not cancel here', t => {
  const difference = new Uint32Array(100)
  difference[3] = 17
  difference[77] = -17
  t.false(fingerprint(difference, CHALLENGE).every(sum => sum === 0))
})

test('the vector is left as it was, and a view of a buffer is as good as a copy', t => {
  const whole = vector('view', 100)
  const copy = whole.slice()
  t.deepEqual(fingerprint(whole.subarray(16, 48), CHALLENGE, 16), fingerprint(whole.slice(16, 48), CHALLENGE, 16))
  t.deepEqual(whole, copy)
})

test('the fingerprint of nothing is zero, and so is that of x − x', t => {
  const zero = new Uint32Array(FINGERPRINT_SUMS)
  t.deepEqual(fingerprint(new Uint32Array(0), CHALLENGE, 7), zero)
  t.deepEqual(addFingerprints([]), zero)
  const words = vector('same', 50)
  subtractInto(words, words.slice())
  t.deepEqual(fingerprint(words, CHALLENGE), zero)
})

test('a fixed vector has its fixed fingerprint', t => {
  const words = Uint32Array.from({ length: 1000 }, (_, i) => Math.imul(i, 0x9e3779b1))
  t.is(toHex(sha256(toBytes(fingerprint(words, fromHex('07'.repeat(32)), 32)))), VECTOR)
})

test('the challenge depends on the session, on every sum and on their order', t => {
  const [sid, a, b] = [seededBytes('sid', 32), seededBytes('a', 32), seededBytes('b', 32)]
  const reference = toHex(fingerprintChallenge({ sid, sums: [a, b] }))
  const others = [
    { sid, sums: [b, a] },
    { sid, sums: [a] },
    { sid, sums: [a, b, b] },
    { sid: a, sums: [a, b] },
    { sid, sums: [] },
  ]
  for (const other of others) t.not(toHex(fingerprintChallenge(other)), reference)
})

test('wrong lengths, unaligned starts and coordinates beyond the stream are refused', t => {
  const words = new Uint32Array(16)
  t.throws(() => fingerprint(words, new Uint8Array(31)), { code: 'length-mismatch' })
  t.throws(() => fingerprint(words, CHALLENGE, 1), { code: 'unaligned' })
  t.throws(() => fingerprint(words, CHALLENGE, -16), { code: 'out-of-range' })
  t.throws(() => fingerprint(words, CHALLENGE, 2 ** 31), { code: 'out-of-range' })
  t.throws(() => addFingerprints([new Uint32Array(63)]), { code: 'length-mismatch' })
  t.throws(() => fingerprintChallenge({ sid: words as unknown as Uint8Array, sums: [] }), { code: 'length-mismatch' })
  t.throws(() => fingerprintChallenge({ sid: CHALLENGE, sums: [new Uint8Array(3)] }), { code: 'length-mismatch' })
})
