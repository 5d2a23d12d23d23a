// Claims of the table-driven sampler, by integers and not by sampling: the tables hold their weights exactly, the weights
// are the law's to 2^−94, a sum of draws has the law's probabilities as far out as 6σ and beyond, and the proven distance
// stays below 2^−64 (in fact 2^−80) for every σ.

import test from 'ava'
import fc from 'fast-check'
import { SIGMA_MAX } from '../../../crypto/fixed-point.ts'
import { addDraws, aliasWeights, buildAliasTable } from '../../../crypto/noise/alias-table.ts'
import { distanceBound, partsOf, tableOf } from '../../../crypto/noise/discrete-gaussian.ts'
import { sampleExactGaussian } from '../../../crypto/noise/exact-gaussian.ts'
import { gaussianWeights, WEIGHT_BITS } from '../../../crypto/noise/gaussian-weights.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

const UNIT = 2 ** WEIGHT_BITS

/** Probabilities of a sum of draws, by integer convolution: index y + reach. */
function exactLaw(sigma: number): { probability: (y: number) => number } {
  let law = new Map<number, bigint>([[0, 1n]])
  let bits = 0
  for (const part of partsOf(sigma)) {
    const weights = aliasWeights(tableOf(part))
    const offset = 2 ** (part.indexBits - 1) - 1
    const next = new Map<number, bigint>()
    // only what 7σ needs: two tables of thousands of entries are millions of products otherwise
    weights.forEach((weight, index) => {
      if (weight === 0n) return
      const step = part.scale * (index - offset)
      if (Math.abs(step) > 12 * sigma) return
      for (const [y, before] of law) {
        const at = y + step
        next.set(at, (next.get(at) ?? 0n) + before * weight)
      }
    })
    law = next
    bits += WEIGHT_BITS
  }
  // the leading 64 bits are more than a float64 holds
  return { probability: y => Number((law.get(y) ?? 0n) >> BigInt(bits - 120)) / 2 ** 120 }
}

test('an alias table draws with exactly the weights that it was built from', t => {
  const weight = fc.bigInt({ min: 0n, max: 1n << 90n })
  fc.assert(
    fc.property(fc.array(weight, { minLength: 1, maxLength: 15 }), some => {
      const weights = [...some, (1n << BigInt(WEIGHT_BITS)) - some.reduce((sum, one) => sum + one, 0n)]
      t.deepEqual(aliasWeights(buildAliasTable(weights, 4)).slice(0, weights.length), weights)
    }),
  )
})

test('a draw below the threshold is the index, from the threshold on the alias, whichever limb decides', t => {
  const [high, low] = [5n, 3n]
  const half = 1n << BigInt(WEIGHT_BITS - 1)
  const threshold = (high << 62n) + (7n << 31n) + low
  const weights = [threshold, half - threshold, half]
  const table = buildAliasTable(weights, 2)
  const { entries } = table
  const drawn = (words: readonly number[]) => {
    const target = new Int32Array(1)
    addDraws(target, table, { scale: 1, offset: 0, words: Uint32Array.from(words) })
    return target[0]
  }
  for (let index = 0; index < 4; index++) {
    const [a, b, c, alias] = entries.subarray(4 * index, 4 * index + 4) as unknown as [number, number, number, number]
    const words = (x: number, y: number, z: number) => [((x << 2) | index) >>> 0, (y << 1) >>> 0, (z << 1) >>> 0]
    if (c > 0) t.is(drawn(words(a, b, c - 1)), index)
    else if (b > 0) t.is(drawn(words(a, b - 1, 0x7fff_ffff)), index)
    // one that is always itself has its threshold at the end, which no word reaches
    if (a < 2 ** 30) t.is(drawn(words(a, b, c)), alias)
  }
})

test('weights are the law’s, symmetric, and add up exactly', t => {
  for (const variance of [1n, 4n, 100n, 152n ** 2n]) {
    const reach = Math.ceil(11.5 * Math.sqrt(Number(variance)))
    const weights = gaussianWeights({ numerator: variance, denominator: 1n }, reach)
    t.is(
      weights.reduce((sum, weight) => sum + weight, 0n),
      1n << BigInt(WEIGHT_BITS),
    )
    const law = weights.map((_, index) => Math.exp(-((index - reach) ** 2) / (2 * Number(variance))))
    const total = law.reduce((sum, value) => sum + value, 0)
    weights.forEach((weight, index) => {
      t.is(weight, weights[2 * reach - index]!)
      const expected = law[index]! / total
      t.true(Math.abs(Number(weight) / UNIT - expected) <= 1e-12 * expected + 2 ** -90, `${index - reach}`)
    })
  }
})

for (const sigma of [1, 3, 100, 178, 200, 333, 1500]) {
  test(`at σ = ${sigma} the sum has the law’s probabilities to beyond 6σ`, t => {
    const { probability } = exactLaw(sigma)
    let total = 0
    for (let y = -20 * sigma; y <= 20 * sigma; y++) total += Math.exp(-(y * y) / (2 * sigma * sigma))
    let tail = 0
    let distance = 0
    for (let y = -Math.ceil(7 * sigma); y <= 7 * sigma; y++) {
      const expected = Math.exp(-(y * y) / (2 * sigma * sigma)) / total
      const actual = probability(y)
      distance += Math.abs(actual - expected) / 2
      if (Math.abs(y) > 6 * sigma) tail += actual
      // float64's own rounding of the expectation is what is left
      t.true(Math.abs(actual - expected) <= 1e-11 * expected, `${y}: ${actual}, not ${expected}`)
    }
    t.true(distance < 1e-11, `${distance}`)
    t.true(sigma < 3 || (tail > 1e-10 && tail < 1e-8), `beyond 6σ: ${tail}`)
  })
}

test('a σ that is wrong by a thousandth would not pass', t => {
  const { probability } = exactLaw(200)
  const y = 1200
  const wrong = Math.exp(-(y * y) / (2 * 200.2 ** 2)) / (200.2 * Math.sqrt(2 * Math.PI))
  t.true(Math.abs(probability(y) - wrong) > 0.01 * wrong)
})

test('the variances of the parts add up to σ² exactly, and the proven distance is below 2^−80, for every σ', t => {
  const check = (sigma: number) => {
    // over a common denominator: no rounding
    let [numerator, denominator] = [0n, 1n]
    for (const { scale, variance } of partsOf(sigma)) {
      numerator = numerator * variance.denominator + BigInt(scale) ** 2n * variance.numerator * denominator
      denominator *= variance.denominator
    }
    t.is(numerator, BigInt(sigma) ** 2n * denominator, `σ = ${sigma}`)
    const bound = distanceBound(sigma)
    t.true(bound < 2 ** -80, `σ = ${sigma}: 2^${Math.log2(bound)}`)
  }
  for (let sigma = 1; sigma <= 3000; sigma++) check(sigma)
  fc.assert(fc.property(fc.integer({ min: 3000, max: SIGMA_MAX }), check), { numRuns: 2000 })
  check(SIGMA_MAX)
})

test('the exact sampler, which is the reference, has the same spread', t => {
  const [sigma, count] = [700, 100_000]
  const samples = sampleExactGaussian(sigma, count, seededRng('reference'))
  const variance = samples.reduce((sum, y) => sum + (y / sigma) ** 2, 0) / count
  t.true(Math.abs(variance - 1) < 4 * Math.sqrt(2 / count), `${variance}`)
})
