import test from 'ava'
import fc from 'fast-check'
import {
  chooseFixedPoint,
  clamp,
  clampLimit,
  effectiveMultiplier,
  hospitalSigma,
  quantise,
  SCALED_NORM_MAX,
  SIGMA_MAX,
  SIGMA_MIN,
  WORD_ABS_MAX,
  wordMax,
} from '../../crypto/fixed-point.ts'
import { addInto, toSigned } from '../../crypto/ring.ts'

const plan = fc
  .record({
    clippingNorm: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    dimension: fc.integer({ min: 1, max: 5_000_000 }),
    noiseMultiplier: fc.double({ min: 0.3, max: 50, noNaN: true }),
    contributorsMin: fc.integer({ min: 3, max: 100 }),
    share: fc.double({ min: 0, max: 0.99, noNaN: true }),
  })
  .map(({ share, ...rest }) => ({ ...rest, colluders: Math.floor(share * (rest.contributorsMin - 1)) }))

test('a small study keeps all 16 bits: s·C = 2^16 and Δ = 2^16 + ⌈√d⌉', t => {
  const study = { clippingNorm: 2, dimension: 101, noiseMultiplier: 1, contributorsMin: 3, colluders: 1 }
  t.deepEqual(chooseFixedPoint(study), { scale: 32768, sensitivity: 65536 + 11 })
  const sigma = hospitalSigma({ noiseMultiplier: 1, sensitivity: 65547, contributors: 3, colluders: 1 })
  t.is(sigma, 46349, '⌈65547/√2⌉ = ⌈46348.7…⌉')
})

test('a perfect square dimension needs no more than its root', t => {
  const study = { clippingNorm: 1, noiseMultiplier: 1, contributorsMin: 3, colluders: 1 }
  t.is(chooseFixedPoint({ ...study, dimension: 100 }).sensitivity, 65546)
  t.is(chooseFixedPoint({ ...study, dimension: 99 }).sensitivity, 65546)
})

test('the scale is the largest halving at which σ_h ≤ 2^20 with the fewest contributors', t => {
  fc.assert(
    fc.property(plan, study => {
      const { scale, sensitivity } = chooseFixedPoint(study)
      const rounding = Math.ceil(Math.sqrt(study.dimension))
      const scaledNorm = sensitivity - rounding
      t.true(Number.isInteger(Math.log2(SCALED_NORM_MAX / scaledNorm)))
      t.is(scale, scaledNorm / study.clippingNorm)
      const exact = study.noiseMultiplier / Math.sqrt(study.contributorsMin - study.colluders)
      t.true(Math.ceil(exact * sensitivity * (1 - 1e-12)) <= SIGMA_MAX)
      const doubled = exact * (2 * scaledNorm + rounding)
      t.true(scaledNorm === SCALED_NORM_MAX || Math.ceil(doubled * (1 + 1e-12)) > SIGMA_MAX)
    }),
  )
})

test('any |P| − t hospitals reach the study’s noise multiplier', t => {
  fc.assert(
    fc.property(plan, fc.integer({ min: 0, max: 100 }), (study, more) => {
      const { sensitivity } = chooseFixedPoint(study)
      const contributors = study.contributorsMin + more
      const sigma = hospitalSigma({ ...study, sensitivity, contributors })
      t.true(Number.isInteger(sigma) && sigma <= SIGMA_MAX)
      const reachedBy = (sigma: number) =>
        effectiveMultiplier({ sigma, sensitivity, honest: contributors - study.colluders })
      t.true(reachedBy(sigma) >= study.noiseMultiplier * (1 - 1e-12))
      t.true(sigma === SIGMA_MIN || reachedBy(sigma - 1) <= study.noiseMultiplier * (1 + 1e-12))
    }),
  )
})

test('without noise (tests) the scale stays 2^16/C and σ_h is 0', t => {
  const study = { clippingNorm: 0.5, dimension: 2 ** 28, noiseMultiplier: 0, contributorsMin: 3, colluders: 1 }
  t.is(chooseFixedPoint(study).scale, 2 ** 17)
  t.is(hospitalSigma({ noiseMultiplier: 0, sensitivity: 65536, contributors: 3, colluders: 1 }), 0)
})

test('noise that no scale can carry, and noise too small for the Gaussian formula, are refused', t => {
  const study = { clippingNorm: 1, dimension: 2 ** 28, noiseMultiplier: 100, contributorsMin: 3, colluders: 1 }
  t.throws(() => chooseFixedPoint(study), { code: 'noise-too-large' })
  const view = { sensitivity: 65536, contributors: 3, colluders: 1 }
  t.throws(() => hospitalSigma({ ...view, noiseMultiplier: 1e-5 }), { code: 'noise-too-small' })
  t.throws(() => hospitalSigma({ ...view, noiseMultiplier: 30 }), { code: 'noise-too-large' })
})

test('nonsense parameters are refused', t => {
  const study = { clippingNorm: 1, dimension: 10, noiseMultiplier: 1, contributorsMin: 3, colluders: 1 }
  for (const wrong of [
    { clippingNorm: 0 },
    { clippingNorm: Number.NaN },
    { dimension: 0 },
    { dimension: 1.5 },
    { noiseMultiplier: -1 },
    { noiseMultiplier: Number.POSITIVE_INFINITY },
    { contributorsMin: 0 },
    { colluders: 3 },
    { colluders: -1 },
  ]) {
    t.throws(() => chooseFixedPoint({ ...study, ...wrong }), { code: 'out-of-range' })
  }
  t.throws(() => wordMax(0), { code: 'out-of-range' })
  t.throws(() => quantise(Float64Array.of(1), 0), { code: 'out-of-range' })
})

test('rounding is to the nearest integer, halves up, and saturates', t => {
  const sum = Float64Array.of(0, -0, 0.25, 0.5, -0.5, -0.75, 1.5, 1e300, -1e300, 2 ** 31)
  t.deepEqual(Array.from(quantise(sum, 2)), [0, 0, 1, 1, -1, -1, 3, WORD_ABS_MAX, -WORD_ABS_MAX, WORD_ABS_MAX])
  t.deepEqual(Array.from(quantise(Float64Array.of(0.5, -0.5, -1.5), 1)), [1, 0, -1])
})

test('what is not finite is refused, at any place', t => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    t.throws(() => quantise(Float64Array.of(1, value), 2), { code: 'not-finite' })
  }
})

test('one rounding costs a coordinate of two neighbouring sums at most 1: |q(a) − q(b)| ≤ s·|a − b| + 1', t => {
  const coordinate = fc.double({ min: -1e4, max: 1e4, noNaN: true })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(coordinate, coordinate), { maxLength: 50 }),
      fc.integer({ min: 0, max: 16 }),
      (pairs, bits) => {
        const scale = 2 ** bits
        const a = quantise(
          Float64Array.from(pairs, ([value]) => value),
          scale,
        )
        const b = quantise(
          Float64Array.from(pairs, ([, value]) => value),
          scale,
        )
        clamp(a, 1_000_000)
        clamp(b, 1_000_000)
        pairs.forEach(([x, y], i) => {
          t.true(Math.abs(a[i]! - b[i]!) <= scale * Math.abs(x - y) + 1)
        })
      },
    ),
  )
})

test('clamp holds every word to ±limit and leaves the others alone', t => {
  const integers = Int32Array.of(5, -5, 6, -6, -(2 ** 31), 2 ** 31 - 1, 0)
  clamp(integers, 5)
  t.deepEqual(Array.from(integers), [5, -5, 5, -5, -5, 5, 0])
  for (const limit of [0, -1, 1.5, 2 ** 31]) t.throws(() => clamp(integers, limit), { code: 'out-of-range' })
})

test('the sum of clamped words, each with noise of 12σ, never wraps', t => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 300_000 }),
      fc.boolean(),
      (contributors, sigma, negative) => {
        const limit = clampLimit({ contributors, sigma })
        fc.pre(limit >= 1)
        const sign = negative ? -1 : 1
        const total = new Uint32Array(1)
        const update = Int32Array.of(sign * WORD_ABS_MAX)
        clamp(update, limit)
        const noised = Int32Array.of(update[0]! + sign * 12 * sigma)
        for (let i = 0; i < contributors; i++) addInto(total, noised)
        t.is(toSigned(total)[0], contributors * noised[0]!)
      },
    ),
  )
})

test('more contributors than the words have room for leave no clamp', t => {
  const limit = clampLimit({ contributors: 2000, sigma: SIGMA_MAX })
  t.true(limit < 1)
  t.throws(() => clamp(new Int32Array(1), limit), { code: 'out-of-range' })
})
