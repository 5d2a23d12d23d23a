// Claims of crypto/ring64.ts: products of shares, added up, are the product, to the fixed point's rounding; shares are
// uniform, and all but one of them are independent of what was shared.

import test from 'ava'
import fc from 'fast-check'
import {
  decodeProducts,
  encodeFixed64,
  encodeWeights,
  minus64,
  multiplyShare,
  PRODUCT_MAX,
  shardVector,
  sumWords,
  uniformVector,
  VALUE_MAX,
  WEIGHT_MAX,
  wordsFromBytes,
  wordsToBytes,
} from '../../crypto/ring64.ts'
import { seededRng } from '../helpers/seeded-rng.ts'

const RUNS = { seed: 64, numRuns: 300 }
/** Spread evenly, unlike fast-check's own, of which most lie near 0. */
const float = (most: number) => fc.integer({ min: -1e6, max: 1e6 }).map(one => Math.fround((one * most) / 1e6))

/** The product by way of shares. */
function shared(weights: readonly number[], vector: readonly number[], count: number, seed: string): Float64Array {
  const rows = encodeWeights(weights)
  const shares = shardVector(encodeFixed64(vector), count, seededRng(seed))
  return decodeProducts(sumWords(shares.map(share => multiplyShare(rows, share))))
}

function plain(weights: readonly number[], vector: readonly number[]): number[] {
  const rows = weights.length / vector.length
  return Array.from({ length: rows }, (_, row) =>
    vector.reduce((sum, value, at) => sum + value * weights[row * vector.length + at]!, 0),
  )
}

for (const colluders of [1, 2]) {
  test(`logits by ${colluders + 1} shares are the float64 product to 1e-6, over random heads`, t => {
    const head = fc.tuple(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 5 })).chain(([length, classes]) =>
      fc.record({
        weights: fc.array(float(2), { minLength: length * classes, maxLength: length * classes }),
        vector: fc.array(float(1), { minLength: length, maxLength: length }),
        seed: fc.string(),
      }),
    )
    let worst = 0
    fc.assert(
      fc.property(head, ({ weights, vector, seed }) => {
        const found = shared(weights, vector, colluders + 1, seed)
        for (const [row, logit] of plain(weights, vector).entries()) {
          worst = Math.max(worst, Math.abs(found[row]! - logit))
        }
        return worst < 1e-6
      }),
      RUNS,
    )
    t.log(`largest error ${worst.toExponential(1)}`)
    t.true(worst < 1e-6, `${worst}`)
  })
}

test('logits of a scattering-like head (1,000 features of norm 10, weights of norm 5) are right to 1e-6', t => {
  const random = seededRng('a head')
  const uniform = (count: number) => Array.from(uniformVector(count / 2, random), half => half / 2 ** 31 - 1)
  const scaled = (values: number[], norm: number) => {
    const own = Math.hypot(...values)
    return values.map(value => Math.fround((value * norm) / own))
  }
  for (let run = 0; run < 20; run++) {
    const weights = [scaled(uniform(1000), 5), scaled(uniform(1000), 5)].flat()
    const vector = scaled(uniform(1000), 10)
    const found = shared(weights, vector, 3, `run ${run}`)
    for (const [row, logit] of plain(weights, vector).entries()) t.true(Math.abs(found[row]! - logit) < 1e-6)
  }
})

test('sums near the bound, of either sign, do not wrap', t => {
  const vector = Array.from({ length: 64 }, () => 2 ** 4 - 2 ** -10)
  for (const weight of [15.9, -15.9]) {
    const weights = vector.map(() => Math.fround(weight))
    const [expected] = plain(weights, vector) as [number]
    t.true(Math.abs(expected) > 0.98 * PRODUCT_MAX && Math.abs(expected) < PRODUCT_MAX)
    t.true(Math.abs(shared(weights, vector, 2, 'near')[0]! - expected) < 1e-3)
  }
})

test('products are exact: they are those of BigInt, word for word', t => {
  const words = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 100 })
  fc.assert(
    fc.property(
      words,
      fc.array(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }), { minLength: 100 }),
      (share, ints) => {
        const rows = Int32Array.from(share, (_, at) => ints[at % ints.length]!)
        const halves = new Uint32Array(BigUint64Array.from(share).buffer)
        const expected = share.reduce((sum, word, at) => sum + word * BigInt(rows[at]!), 0n)
        return multiplyShare(rows, halves)[0] === BigInt.asUintN(64, expected)
      },
    ),
    RUNS,
  )
  t.pass()
})

test('shares add up to what was shared, and a difference is that of BigInt', t => {
  const words = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(words, fc.integer({ min: 2, max: 8 }), (secret, count) => {
      const halves = new Uint32Array(BigUint64Array.from(secret).buffer)
      const shares = shardVector(halves, count, seededRng('sum'))
      const sum = sumWords(shares.map(share => new BigUint64Array(share.buffer)))
      return shares.length === count && sum.every((word, at) => word === secret[at])
    }),
    RUNS,
  )
  const half = (word: bigint) => new Uint32Array(BigUint64Array.of(word).buffer)
  t.deepEqual(minus64(half(0n), half(1n)), half(2n ** 64n - 1n))
  t.deepEqual(minus64(half(2n ** 32n), half(1n)), half(2n ** 32n - 1n))
})

/** Chi-square of bytes against the uniform distribution, 255 degrees of freedom. */
function chiSquare(bytes: Iterable<number>): number {
  const counts = new Float64Array(256)
  let total = 0
  for (const byte of bytes) {
    counts[byte] = counts[byte]! + 1
    total += 1
  }
  return counts.reduce((sum, count) => sum + (count - total / 256) ** 2 / (total / 256), 0)
}
/** The upper 10^-6 point of chi-square with 255 degrees of freedom. */
const CHI_MAX = 375

for (const count of [2, 3]) {
  test(`each of ${count} shares is uniform byte by byte, whatever is shared`, t => {
    for (const secret of [[0], [1], [-1], [123.456]]) {
      const rng = seededRng(`uniform ${count} ${secret}`)
      const encoded = encodeFixed64(secret)
      const bytes: number[][] = Array.from({ length: count }, () => [])
      for (let run = 0; run < 8000; run++) {
        const shares = shardVector(encoded, count, rng)
        for (const [at, share] of shares.entries()) bytes[at]!.push(...new Uint8Array(share.buffer))
      }
      for (const own of bytes) t.true(chiSquare(own) < CHI_MAX, `${secret}: ${chiSquare(own)}`)
      // byte by byte of the word as well
      for (const own of bytes)
        for (let at = 0; at < 8; at++) t.true(chiSquare(own.filter((_, place) => place % 8 === at)) < CHI_MAX)
    }
  })

  test(`any ${count - 1} of ${count} shares are independent of what was shared`, t => {
    // for every secret and every choice of the shares that are held, there is one value of the missing share: so what is
    // held has the same probability under each secret. Here: the joint distribution of their low bits under two secrets
    const joint = (secret: number[], missing: number): number[] => {
      const rng = seededRng(`joint ${count} ${missing} ${secret}`)
      const cells = new Array<number>(4 ** (count - 1)).fill(0)
      for (let run = 0; run < 16_000; run++) {
        const held = shardVector(encodeFixed64(secret), count, rng).filter((_, at) => at !== missing)
        cells[held.reduce((cell, share) => 4 * cell + (share[0]! & 3), 0)]! += 1
      }
      return cells
    }
    for (let missing = 0; missing < count; missing++) {
      const [a, b] = [joint([0], missing), joint([3 * 2 ** -24], missing)]
      const statistic = a.reduce((sum, one, at) => sum + (one - b[at]!) ** 2 / (one + b[at]!), 0)
      // the 10^-6 point for 15 degrees of freedom is 55.6, for 3 it is 30.7
      t.true(statistic < (count === 2 ? 30.7 : 55.6), `${missing}: ${statistic}`)
    }
  })
}

test('what has no place in fixed point is refused', t => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, VALUE_MAX, -VALUE_MAX]) {
    t.throws(() => encodeFixed64([value]), { code: 'out-of-range' })
  }
  for (const weight of [Number.NaN, WEIGHT_MAX, -WEIGHT_MAX]) {
    t.throws(() => encodeWeights([weight]), { code: 'out-of-range' })
  }
  t.throws(() => shardVector(new Uint32Array(2), 1, () => {}), { code: 'out-of-range' })
  t.throws(() => multiplyShare(new Int32Array(3), new Uint32Array(4)), { code: 'length-mismatch' })
  t.throws(() => multiplyShare(new Int32Array(3), new Uint32Array(0)), { code: 'length-mismatch' })
  t.throws(() => minus64(new Uint32Array(2), new Uint32Array(4)), { code: 'length-mismatch' })
  t.throws(() => sumWords([new BigUint64Array(1), new BigUint64Array(2)]), { code: 'length-mismatch' })
  t.throws(() => wordsFromBytes(new Uint8Array(7)), { code: 'length-mismatch' })
  t.deepEqual(
    wordsFromBytes(wordsToBytes(BigUint64Array.of(1n, 2n ** 64n - 1n))),
    BigUint64Array.of(1n, 2n ** 64n - 1n),
  )
})
