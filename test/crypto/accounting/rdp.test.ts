import test from 'ava'
import fc from 'fast-check'
import { logErfc } from '../../../crypto/accounting/erfc.ts'
import {
  NOISE_MULTIPLIER_STEP,
  RDP_ORDERS,
  rdpEpsilon,
  rdpNoiseMultiplier,
  rdpSubsampledGaussian,
  rdpToEpsilon,
} from '../../../crypto/accounting/rdp.ts'
import vectors from '../../vectors/accounting.json' with { type: 'json' }

/** The orders of TensorFlow Privacy's old script, for which its numbers were printed. */
const LEGACY_ORDERS = [
  ...[1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 4.5],
  ...Array.from({ length: 59 }, (_, i) => i + 5),
  ...[128, 256, 512],
]

const near = (value: number, expected: number, tolerance: number): boolean => Math.abs(value - expected) <= tolerance

test('ln erfc agrees with 40-digit arithmetic, also where erfc underflows', t => {
  for (const [x, expected] of vectors.logErfc.values as [number, number][]) {
    t.true(near(logErfc(x), expected, 4e-16 * (1 + Math.abs(expected))), `ln erfc(${x}) = ${logErfc(x)}`)
  }
  t.is(logErfc(Number.POSITIVE_INFINITY), Number.NEGATIVE_INFINITY)
  t.is(logErfc(Number.NEGATIVE_INFINITY), Math.LN2)
  t.true(Number.isNaN(logErfc(Number.NaN)))
})

test('RDP at one order agrees with 40-digit integration and, at integer orders, with dp_accounting', t => {
  for (const { order, steps, rdp, relative, ...mechanism } of vectors.rdpAtOrder) {
    const value = steps * rdpSubsampledGaussian({ ...mechanism, orders: [order] })[0]!
    t.true(near(value, rdp, relative * rdp), `order ${order}, q ${mechanism.sampleRate}: ${value}, not ${rdp}`)
  }
})

test('with signed binomials RDP is never above what |binomials| give', t => {
  for (const { order, steps, rdp, relative, ...mechanism } of vectors.rdpUpperBound) {
    const value = steps * rdpSubsampledGaussian({ ...mechanism, orders: [order] })[0]!
    t.true(value <= rdp * (1 + relative), `order ${order}: ${value}, not ${rdp}`)
  }
})

test('ε agrees with Opacus’s series and with the plain Gaussian’s published values', t => {
  for (const { epsilon, absolute, ...mechanism } of vectors.epsilon) {
    const value = rdpEpsilon(mechanism)
    t.true(near(value, epsilon, absolute), `${value}, not ${epsilon}`)
  }
})

test('ε at TensorFlow Privacy’s old orders agrees with its published values, and more orders are no worse', t => {
  for (const { epsilon, relative, steps, delta, ...mechanism } of vectors.epsilonAtOrders) {
    const rdp = rdpSubsampledGaussian({ ...mechanism, orders: LEGACY_ORDERS }).map(value => value * steps)
    const value = rdpToEpsilon(rdp, delta, LEGACY_ORDERS)
    t.true(near(value, epsilon, relative * epsilon), `${value}, not ${epsilon}`)
    t.true(rdpEpsilon({ ...mechanism, steps, delta }) <= value * (1 + 1e-12))
  }
})

test('ε is below looser algorithms’: the classic conversion and the series of |binomials|', t => {
  for (const { epsilon, slack, ...mechanism } of vectors.epsilonUpperBound) {
    const value = rdpEpsilon(mechanism)
    t.true(value <= epsilon + 1e-6 && value >= epsilon - slack, `${value}, not ${epsilon}`)
  }
})

test('ε is above the truth: exact Gaussians, and lower bounds of the privacy loss distribution', t => {
  for (const { epsilon, ...mechanism } of vectors.epsilonLowerBound) t.true(rdpEpsilon(mechanism) > epsilon)
})

test('at q = 1 one step is the Gaussian’s α/(2z²), at q = 0 it costs nothing', t => {
  const all = rdpSubsampledGaussian({ sampleRate: 1, noiseMultiplier: 2 })
  const none = rdpSubsampledGaussian({ sampleRate: 0, noiseMultiplier: 2 })
  RDP_ORDERS.forEach((order, i) => {
    t.is(all[i], order / 8)
    t.is(none[i], 0)
  })
})

test('the series is continuous where integer orders meet fractional ones, and at q near 1', t => {
  for (const [sampleRate, noiseMultiplier] of [
    [0.01, 1],
    [0.3, 2],
    [0.7, 0.8],
    [1e-4, 0.5],
  ] as const) {
    for (const order of [2, 5, 10]) {
      const orders = [order - 1e-6, order, order + 1e-6]
      const [below, at, above] = rdpSubsampledGaussian({ sampleRate, noiseMultiplier, orders })
      t.true(near((below! + above!) / 2, at!, 1e-6 * at!), `order ${order}, q ${sampleRate}`)
    }
  }
  const [almost] = rdpSubsampledGaussian({ sampleRate: 1 - 1e-9, noiseMultiplier: 2, orders: [3.5] })
  t.true(near(almost!, 3.5 / 8, 1e-7))
})

test('ε grows with the sample rate and the steps and shrinks with noise and δ', t => {
  const mechanism = fc.record({
    sampleRate: fc.double({ min: 1e-4, max: 0.2, noNaN: true }),
    noiseMultiplier: fc.double({ min: 0.6, max: 5, noNaN: true }),
    steps: fc.integer({ min: 1, max: 5000 }),
    delta: fc.double({ min: 1e-9, max: 1e-3, noNaN: true }),
  })
  fc.assert(
    fc.property(mechanism, fc.double({ min: 1.01, max: 2, noNaN: true }), (base, factor) => {
      const epsilon = rdpEpsilon(base)
      t.true(rdpEpsilon({ ...base, sampleRate: base.sampleRate * factor }) >= epsilon)
      t.true(rdpEpsilon({ ...base, steps: Math.ceil(base.steps * factor) }) >= epsilon)
      t.true(rdpEpsilon({ ...base, noiseMultiplier: base.noiseMultiplier * factor }) <= epsilon)
      t.true(rdpEpsilon({ ...base, delta: base.delta * factor }) <= epsilon)
    }),
    { numRuns: 30 },
  )
})

test('no steps cost nothing, and ε is never negative', t => {
  t.is(rdpEpsilon({ sampleRate: 0.5, noiseMultiplier: 1, steps: 0, delta: 1e-5 }), 0)
  t.is(rdpEpsilon({ sampleRate: 1e-6, noiseMultiplier: 1000, steps: 1, delta: 0.5 }), 0)
})

test('a moment that overflows never makes ε small', t => {
  const epsilon = rdpEpsilon({ sampleRate: 0.5, noiseMultiplier: 1e-200, steps: 1, delta: 1e-5 })
  t.true(epsilon > 1e6)
})

test('the noise multiplier found is the smallest multiple of its step that keeps the target', t => {
  for (const target of [
    { sampleRate: 0.04, steps: 2250, delta: 1e-5, epsilon: 8 },
    { sampleRate: 0.01, steps: 1000, delta: 1e-5, epsilon: 2 },
    { sampleRate: 1, steps: 50, delta: 1e-6, epsilon: 1 },
    { sampleRate: 0.001, steps: 20_000, delta: 1e-7, epsilon: 0.5 },
  ]) {
    const noiseMultiplier = rdpNoiseMultiplier(target)
    t.true(rdpEpsilon({ ...target, noiseMultiplier }) <= target.epsilon)
    const less = noiseMultiplier - NOISE_MULTIPLIER_STEP
    t.true(rdpEpsilon({ ...target, noiseMultiplier: less }) > target.epsilon)
    t.is(noiseMultiplier, Number(noiseMultiplier.toFixed(4)), 'prints as it is')
  }
})

test('RDP needs more noise than the exact accountant of the same target: Opacus’s PRV gives 1.34766', t => {
  const noiseMultiplier = rdpNoiseMultiplier({ sampleRate: 0.04, steps: 2250, delta: 1e-5, epsilon: 8 })
  t.true(noiseMultiplier > 1.3477 && noiseMultiplier < 1.45)
})

test('a target out of reach, and nonsense parameters, are refused', t => {
  const target = { sampleRate: 1, steps: 1e9, delta: 1e-5, epsilon: 1e-6 }
  t.throws(() => rdpNoiseMultiplier(target), { code: 'noise-too-large' })
  const base = { sampleRate: 0.1, noiseMultiplier: 1, steps: 1, delta: 1e-5 }
  for (const wrong of [
    { sampleRate: 1.5 },
    { sampleRate: -0.1 },
    // a study's numerator of a/2^32 passed as if it were a probability
    { sampleRate: 42949673 },
    { noiseMultiplier: 0 },
    { noiseMultiplier: Number.NaN },
    { steps: -1 },
    { steps: 1.5 },
    { delta: 0 },
    { delta: 1 },
  ]) {
    t.throws(() => rdpEpsilon({ ...base, ...wrong }), { code: 'out-of-range' })
  }
  t.throws(() => rdpNoiseMultiplier({ ...target, epsilon: 0 }), { code: 'out-of-range' })
  t.throws(() => rdpSubsampledGaussian({ ...base, orders: [1] }), { code: 'out-of-range' })
  t.throws(() => rdpToEpsilon(new Float64Array(2), 1e-5, [2]), { code: 'length-mismatch' })
  t.throws(() => rdpToEpsilon(new Float64Array(0), 1e-5, []), { code: 'length-mismatch' })
})
