// Claims of node/training/sampler.ts: every record is in every sample with probability a / 2^32, independently.

import test from 'ava'
import { CryptoError } from '../../../crypto/errors.ts'
import { poissonSample } from '../../../node/training/sampler.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

const RATE_ONE = 2 ** 32

test('each record is included Binomial(T, q) times, and batch sizes vary as N q (1 − q)', t => {
  const [records, draws, q] = [500, 2000, 0.125]
  const rng = seededRng('poisson')
  const included = new Float64Array(records)
  const sizes: number[] = []
  for (let draw = 0; draw < draws; draw++) {
    const sample = poissonSample(records, q * RATE_ONE, rng)
    for (const record of sample) included[record]! += 1
    sizes.push(sample.length)
  }
  const variance = draws * q * (1 - q)
  const chiSquared = included.reduce((sum, count) => sum + (count - draws * q) ** 2 / variance, 0)
  // mean N, variance 2 N
  t.true(Math.abs(chiSquared - records) < 4 * Math.sqrt(2 * records))
  t.true(included.every(count => Math.abs(count - draws * q) < 5 * Math.sqrt(variance)))
  const mean = sizes.reduce((sum, size) => sum + size, 0) / draws
  const sizeVariance = sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / (draws - 1)
  t.true(Math.abs(mean - records * q) < 4 * Math.sqrt((records * q * (1 - q)) / draws))
  t.true(Math.abs(sizeVariance / (records * q * (1 - q)) - 1) < 4 * Math.sqrt(2 / draws))
})

test('two records are sampled independently of each other', t => {
  const [draws, q] = [20_000, 0.5]
  const rng = seededRng('pairs')
  const joint = [0, 0, 0, 0]
  for (let draw = 0; draw < draws; draw++) {
    const sample = poissonSample(2, q * RATE_ONE, rng)
    joint[sample.reduce((code, record) => code + 2 ** record, 0)]! += 1
  }
  for (const count of joint) t.true(Math.abs(count - draws / 4) < 5 * Math.sqrt((draws * 3) / 16))
})

test('rate 0 takes none, rate 1 takes all, in ascending order, and no records give no sample', t => {
  const rng = seededRng('edges')
  t.is(poissonSample(100, 0, rng).length, 0)
  t.deepEqual(
    poissonSample(100, RATE_ONE, rng),
    Uint32Array.from({ length: 100 }, (_, index) => index),
  )
  t.is(poissonSample(0, RATE_ONE, rng).length, 0)
  const sample = poissonSample(1000, RATE_ONE / 4, rng)
  t.deepEqual(sample, sample.toSorted())
})

test('the comparison is exact: a record is in when its word is below a, not at a', t => {
  const words = Uint32Array.of(0, 99, 100, 101, 2 ** 32 - 1)
  const rng = (target: Uint8Array): void => target.set(new Uint8Array(words.buffer).subarray(0, target.length))
  t.deepEqual(poissonSample(5, 100, rng), Uint32Array.of(0, 1))
  t.deepEqual(poissonSample(5, 2 ** 32 - 1, rng), Uint32Array.of(0, 1, 2, 3))
})

test('a rate that is not a whole number of 2^-32 is refused', t => {
  for (const rate of [-1, 0.5, RATE_ONE + 1, Number.NaN]) {
    t.is(t.throws(() => poissonSample(1, rate, seededRng('x')), { instanceOf: CryptoError }).code, 'out-of-range')
  }
})
