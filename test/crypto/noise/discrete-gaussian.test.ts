import test from 'ava'
import { addDiscreteGaussian, sampleDiscreteGaussian } from '../../../crypto/noise/discrete-gaussian.ts'
import { toSigned } from '../../../crypto/ring.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

/** Chi-square of samples against P(y) ∝ exp(−y²/(2σ²)), cells expected at least `expectedMin` times; in deviations. */
function chiSquareDeviations(samples: Int32Array, sigma: number, width = 1, expectedMin = 20): number {
  const reach = Math.ceil(10 * sigma)
  let normal = 0
  for (let y = -reach; y <= reach; y++) normal += Math.exp(-(y * y) / (2 * sigma * sigma))
  const cellOf = (y: number): number => Math.floor((y + reach) / width)
  const expected = new Float64Array(cellOf(reach) + 1)
  for (let y = -reach; y <= reach; y++) {
    expected[cellOf(y)]! += (samples.length * Math.exp(-(y * y) / (2 * sigma * sigma))) / normal
  }
  const observed = new Float64Array(expected.length)
  for (const y of samples) observed[cellOf(y)]!++
  let [chi, freedom, restExpected, restObserved] = [0, 0, 0, 0]
  expected.forEach((count, cell) => {
    if (count < expectedMin) {
      restExpected += count
      restObserved += observed[cell]!
    } else {
      chi += (observed[cell]! - count) ** 2 / count
      freedom++
    }
  })
  if (restExpected >= 5) chi += (restObserved - restExpected) ** 2 / restExpected
  return (chi - freedom) / Math.sqrt(2 * freedom)
}

function momentsOf(samples: Int32Array, sigma: number): { mean: number; variance: number; kurtosis: number } {
  let [mean, variance, kurtosis] = [0, 0, 0]
  for (const y of samples) {
    const z = y / sigma
    mean += z / samples.length
    variance += (z * z) / samples.length
    kurtosis += z ** 4 / samples.length
  }
  return { mean, variance, kurtosis }
}

/** Exact variance and fourth moment of the discrete Gaussian, in units of σ. */
function exactMoments(sigma: number): { variance: number; kurtosis: number } {
  const reach = Math.min(40 * sigma, 2 ** 17)
  if (sigma > 1000) return { variance: 1, kurtosis: 3 }
  let [total, second, fourth] = [0, 0, 0]
  for (let y = -reach; y <= reach; y++) {
    const weight = Math.exp(-(y * y) / (2 * sigma * sigma))
    total += weight
    second += weight * (y / sigma) ** 2
    fourth += weight * (y / sigma) ** 4
  }
  return { variance: second / total, kurtosis: fourth / total }
}

for (const sigma of [1, 2, 3, 4, 7, 16]) {
  test(`at σ = ${sigma} every value comes as often as it should (chi-square)`, t => {
    const samples = sampleDiscreteGaussian(sigma, 300_000, seededRng(`chi ${sigma}`))
    const deviations = chiSquareDeviations(samples, sigma)
    t.true(Math.abs(deviations) < 4, `${deviations}`)
  })
}

for (const sigma of [1000, 65_537, 2 ** 20]) {
  test(`at σ = ${sigma} the shape is right (chi-square over cells of σ/8)`, t => {
    const samples = sampleDiscreteGaussian(sigma, 300_000, seededRng(`shape ${sigma}`))
    const deviations = chiSquareDeviations(samples, sigma, Math.floor(sigma / 8))
    t.true(Math.abs(deviations) < 4, `${deviations}`)
  })
}

test('the chi-square would notice a σ that is wrong by 3 %', t => {
  const samples = sampleDiscreteGaussian(50, 300_000, seededRng('planted'))
  t.true(Math.abs(chiSquareDeviations(samples, 50)) < 4)
  t.true(chiSquareDeviations(samples, 51.5) > 10)
  t.true(chiSquareDeviations(samples, 48.5) > 10)
})

for (const sigma of [1, 3, 100, 46_349, 2 ** 20]) {
  test(`at σ = ${sigma} mean, variance and fourth moment are those of the law`, t => {
    const count = 400_000
    const { mean, variance, kurtosis } = momentsOf(
      sampleDiscreteGaussian(sigma, count, seededRng(`moments ${sigma}`)),
      sigma,
    )
    const exact = exactMoments(sigma)
    t.true(Math.abs(mean) < 4 / Math.sqrt(count), `mean ${mean}`)
    t.true(Math.abs(variance - exact.variance) < 4 * Math.sqrt(2 / count), `variance ${variance}`)
    t.true(Math.abs(kurtosis - exact.kurtosis) < 4 * Math.sqrt(96 / count), `fourth moment ${kurtosis}`)
  })
}

test('tails are as heavy as the law’s, to both sides', t => {
  const [sigma, count] = [1000, 1_000_000]
  const samples = sampleDiscreteGaussian(sigma, count, seededRng('tails'))
  // one-sided tails of the normal law at half-integers, 1 − Φ(k)
  for (const [k, tail] of [
    [2, 0.022750132],
    [3, 0.001349898],
    [4, 0.000031671242],
  ] as const) {
    const above = samples.filter(y => y > k * sigma).length
    const below = samples.filter(y => y < -k * sigma).length
    const tolerance = 4 * Math.sqrt(count * tail) + 0.004 * k * count * tail
    t.true(Math.abs(above - count * tail) < tolerance, `above ${k}σ: ${above}`)
    t.true(Math.abs(below - count * tail) < tolerance, `below −${k}σ: ${below}`)
  }
})

test('low bits are uniform at large σ: nothing was rounded', t => {
  const samples = sampleDiscreteGaussian(2 ** 20 - 3, 320_000, seededRng('bits'))
  const counts = new Float64Array(32)
  for (const y of samples) counts[y & 31]!++
  const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
  t.true(Math.abs(chi - 31) < 4 * Math.sqrt(62), `${chi}`)
})

test('neighbouring samples, and the streams of two generators, are uncorrelated', t => {
  const count = 300_000
  const a = sampleDiscreteGaussian(500, count, seededRng('hospital a'))
  const b = sampleDiscreteGaussian(500, count, seededRng('hospital b'))
  let [serial, cross] = [0, 0]
  for (let i = 1; i < count; i++) {
    serial += (a[i]! * a[i - 1]!) / 500 ** 2 / count
    cross += (a[i]! * b[i]!) / 500 ** 2 / count
  }
  t.true(Math.abs(serial) < 4 / Math.sqrt(count), `serial ${serial}`)
  t.true(Math.abs(cross) < 4 / Math.sqrt(count), `cross ${cross}`)
})

test('noise is added to what is there, modulo 2^32, signed and unsigned alike', t => {
  const noise = sampleDiscreteGaussian(1000, 100, seededRng('add'))
  const words = new Uint32Array(100).fill(2 ** 31 - 1)
  const integers = new Int32Array(100).fill(2 ** 31 - 1)
  addDiscreteGaussian(words, 1000, seededRng('add'))
  addDiscreteGaussian(integers, 1000, seededRng('add'))
  t.deepEqual(toSigned(words), integers)
  t.deepEqual(
    integers,
    noise.map(y => (y + 2 ** 31 - 1) | 0),
  )
})

test('σ must be an integer of [1, 2^20]', t => {
  for (const sigma of [0, -1, 0.5, 1.5, 2 ** 20 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => sampleDiscreteGaussian(sigma, 1, seededRng('')), { code: 'out-of-range' })
    t.throws(() => addDiscreteGaussian(new Int32Array(1), sigma, seededRng('')), { code: 'out-of-range' })
  }
  t.throws(() => sampleDiscreteGaussian(1, -1, seededRng('')), { code: 'out-of-range' })
  t.is(sampleDiscreteGaussian(1, 0, seededRng('')).length, 0)
})
