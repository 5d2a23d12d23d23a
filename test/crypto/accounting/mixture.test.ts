// Claims: one copy is priced as before, by the code that prices k; k copies at q = 1 are the Gaussian of z/k; ε is never
// below what simulated losses show; it grows with k, q and T and falls with z; so for Rényi divergences.

import test from 'ava'
import fc from 'fast-check'
import { noiseMultiplierFor } from '../../../crypto/accounting/accountant.ts'
import { DIRECTIONS, type Direction } from '../../../crypto/accounting/gaussian-loss.ts'
import { COPIES_MAX, crossing, logRatio, mixtureOf } from '../../../crypto/accounting/mixture.ts'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { RDP_ORDERS, rdpEpsilon, rdpSubsampledGaussian } from '../../../crypto/accounting/rdp.ts'
import { rdpOfMixture } from '../../../crypto/accounting/renyi-mixture.ts'
import vectors from '../../vectors/one-copy.json' with { type: 'json' }

test('one copy has the ε of the closed form that served before, to 1e-12', t => {
  for (const { epsilon, delta, ...row } of vectors.pld) {
    const value = pldEpsilon([{ ...row, copies: 1 }], { delta })
    t.true(
      Math.abs(value - epsilon) <= 1e-12 * Math.max(1, epsilon),
      `${JSON.stringify(row)}: ${value}, not ${epsilon}`,
    )
  }
})

test('at q = 1 k copies are the Gaussian of z/k, to 1e-9, by both accountants', t => {
  for (const [z, steps, copies] of [
    [10, 50, 3],
    [50, 100, 5],
    [5, 1, 2],
    [300, 1000, 20],
  ] as const) {
    const many = { sampleRate: 1, noiseMultiplier: z, steps, copies }
    const one = { sampleRate: 1, noiseMultiplier: z / copies, steps }
    t.true(Math.abs(pldEpsilon([many], { delta: 1e-5 }) - pldEpsilon([one], { delta: 1e-5 })) <= 1e-9)
    t.true(Math.abs(rdpEpsilon({ ...many, delta: 1e-5 }) - rdpEpsilon({ ...one, delta: 1e-5 })) <= 1e-9)
  }
})

test('the ratio of the densities is e^ratio at the crossing', t => {
  const mechanism = fc.record({
    sampleRate: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    noiseMultiplier: fc.double({ min: 0.001 * COPIES_MAX, max: 50, noNaN: true }),
    copies: fc.integer({ min: 1, max: COPIES_MAX }),
  })
  fc.assert(
    fc.property(mechanism, fc.double({ min: 0, max: 40, noNaN: true }), (one, ratio) => {
      const mixture = mixtureOf(one)
      t.true(Math.abs(logRatio(mixture, crossing(mixture, ratio)) - ratio) <= 1e-9 * (1 + ratio))
    }),
  )
})

/** Numbers of (0, 1) from a seed (Marsaglia's xorshift32). */
function uniforms(seed: number): () => number {
  let word = seed
  return () => {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    return ((word >>> 0) + 0.5) / 2 ** 32
  }
}

interface Row {
  readonly sampleRate: number
  readonly noiseMultiplier: number
  readonly copies: number
  readonly steps: number
}

/** Mean and standard error of (1 − e^{ε − loss})₊ over simulated losses, by the mixture's plain formula. */
function simulated(row: Row, direction: Direction, epsilon: number, random: () => number): [number, number] {
  const { sampleRate: q, noiseMultiplier: z, copies, steps } = row
  const weights = [1]
  for (let i = 0; i < copies; i++) weights.push((weights[i]! * (copies - i)) / (i + 1))
  const terms = weights.map((binomial, i) => binomial * q ** i * (1 - q) ** (copies - i))
  const runs = 4000
  let [sum, squares] = [0, 0]
  for (let run = 0; run < runs; run++) {
    let loss = 0
    for (let step = 0; step < steps; step++) {
      let y = z * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
      if (direction === 'remove') for (let i = 0; i < copies; i++) y += random() < q ? 1 : 0
      const ratio = Math.log(terms.reduce((all, term, i) => all + term * Math.exp((i * y - (i * i) / 2) / (z * z)), 0))
      loss += direction === 'remove' ? ratio : -ratio
    }
    const value = Math.max(0, -Math.expm1(epsilon - loss))
    sum += value
    squares += value * value
  }
  const mean = sum / runs
  return [mean, Math.sqrt(Math.max(0, squares / runs - mean * mean) / runs)]
}

test('δ of simulated losses at the ε found is within 4 standard errors of δ, and never above it by more', t => {
  const random = uniforms(20231129)
  for (let trial = 0; trial < 30; trial++) {
    const row = {
      sampleRate: 0.02 + 0.6 * random(),
      noiseMultiplier: 0.7 + 3 * random(),
      copies: 1 + Math.floor(5 * random()),
      steps: 1 + Math.floor(20 * random()),
    }
    const delta = 0.05
    const epsilon = pldEpsilon([row], { delta })
    const found = DIRECTIONS.map(direction => simulated(row, direction, epsilon, random))
    for (const [mean, error] of found) t.true(mean <= delta + 4 * error, `${JSON.stringify(row)}: ${mean} ± ${error}`)
    const close = found.some(([mean, error]) => mean >= delta - 4 * error - 1e-3)
    t.true(close || epsilon === 0, `${JSON.stringify(row)}: ${found}, far below`)
  }
})

test('ε grows with copies, sample rate and steps and falls with noise', t => {
  const row = fc.record({
    sampleRate: fc.double({ min: 1e-3, max: 0.5, noNaN: true }),
    noiseMultiplier: fc.double({ min: 0.8, max: 10, noNaN: true }),
    steps: fc.integer({ min: 1, max: 300 }),
    copies: fc.integer({ min: 1, max: 6 }),
  })
  const epsilonsOf = (one: Row) => [pldEpsilon([one], { delta: 1e-5 }), rdpEpsilon({ ...one, delta: 1e-5 })] as const
  fc.assert(
    fc.property(row, one => {
      const [pld, rdp] = epsilonsOf(one)
      t.true(pld <= rdp * (1 + 1e-4) + 1e-9)
      const larger = [{ copies: one.copies + 1 }, { sampleRate: one.sampleRate * 1.3 }, { steps: one.steps * 2 }]
      for (const more of [...larger, { noiseMultiplier: one.noiseMultiplier / 1.2 }]) {
        epsilonsOf({ ...one, ...more }).forEach((value, i) => {
          const before = [pld, rdp][i]!
          t.true(value >= before * (1 - 1e-4) - 1e-9, `${JSON.stringify({ one, more })}: ${value} after ${before}`)
        })
      }
    }),
    { numRuns: 12, seed: 7, endOnFailure: true },
  )
})

test('Rényi divergences of one copy are those of the series', t => {
  for (const [sampleRate, noiseMultiplier] of [
    [0.01, 1],
    [0.1, 2],
    [0.5, 0.5],
    [1, 3],
    [1e-4, 5],
    [0.3, 0.3],
  ] as const) {
    const series = rdpSubsampledGaussian({ sampleRate, noiseMultiplier })
    RDP_ORDERS.forEach((order, i) => {
      const value = rdpOfMixture(order, { sampleRate, noiseMultiplier })
      // the series loses 1e-16 of a moment that is 1 + (α − 1)·RDP
      const rounding = 1e-13 / (order - 1) + 1e-12 * series[i]!
      t.true(Math.abs(value - series[i]!) <= rounding, `order ${order}: ${value}, not ${series[i]}`)
    })
  }
})

test('at integer orders the moment is the finite sum over the copies of each factor', t => {
  const [q, z] = [0.2, 1.3]
  const [none, one, two] = [(1 - q) ** 2, 2 * q * (1 - q), q * q]
  const mechanism = { sampleRate: q, noiseMultiplier: z, copies: 2 }
  let powers = [1]
  for (let order = 1; order <= 6; order++) {
    const before = powers
    const scaled = [none, one * Math.exp(-1 / (2 * z * z)), two * Math.exp(-4 / (2 * z * z))]
    powers = Array.from({ length: 2 * order + 1 }, (_, s) => {
      return scaled.reduce((sum, weight, i) => sum + weight * (before[s - i] ?? 0), 0)
    })
    if (order === 1) continue
    const moment = powers.reduce((sum, weight, s) => sum + weight * Math.exp((s * s) / (2 * z * z)), 0)
    const least = Math.log(moment) / (order - 1)
    const value = rdpOfMixture(order, mechanism)
    t.true(Math.abs(value - least) <= 1e-11 * least, `order ${order}: ${value}, not ${least}`)
  }
})

test('the noise for a target holds for so many copies', t => {
  const target = { sampleRate: 0.1, steps: 100, delta: 1e-5, epsilon: 3, copies: 2 }
  const noiseMultiplier = noiseMultiplierFor(target)
  t.true(pldEpsilon([{ ...target, noiseMultiplier }], { delta: 1e-5 }) <= 3)
  t.true(pldEpsilon([{ ...target, noiseMultiplier: noiseMultiplier - 2e-4 }], { delta: 1e-5 }) > 3)
})

test('copies that are none, and too little noise for so many, are refused', t => {
  const base = { sampleRate: 0.1, noiseMultiplier: 1, steps: 1 }
  for (const copies of [0, 1.5, -1, COPIES_MAX + 1, Number.NaN]) {
    t.throws(() => pldEpsilon([{ ...base, copies }], { delta: 1e-5 }), { code: 'out-of-range' })
    t.throws(() => rdpEpsilon({ ...base, copies, delta: 1e-5 }), { code: 'out-of-range' })
  }
  const little = { ...base, noiseMultiplier: 0.01, copies: 1000 }
  t.throws(() => pldEpsilon([little], { delta: 1e-5 }), { code: 'out-of-range' })
})
