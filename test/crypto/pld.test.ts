import test from 'ava'
import fc from 'fast-check'
import { logErfc } from '../../crypto/erfc.ts'
import { pldEpsilon } from '../../crypto/pld.ts'
import { rdpEpsilon } from '../../crypto/rdp.ts'
import vectors from '../vectors/accounting.json' with { type: 'json' }

/** ε of a row, as a study asks for it. */
function epsilonOf(row: {
  sampleRate: number
  noiseMultiplier: number
  steps: number
  delta: number
  lossStep?: number
}) {
  const { delta, lossStep, sampleRate, noiseMultiplier, steps } = row
  return pldEpsilon([{ sampleRate, noiseMultiplier, steps }], { delta, lossStep })
}

/** δ(ε) of a Gaussian with μ = sensitivity over noise (Balle-Wang 2018), and its ε at δ by bisection. */
function gaussianEpsilon(mu: number, delta: number): number {
  const normal = (x: number) => Math.exp(logErfc(-x / Math.SQRT2) - Math.LN2)
  const logNormal = (x: number) => logErfc(-x / Math.SQRT2) - Math.LN2
  const deltaAt = (epsilon: number) =>
    normal(-epsilon / mu + mu / 2) - Math.exp(epsilon + logNormal(-epsilon / mu - mu / 2))
  let [low, high] = [0, mu * mu + 40 * mu]
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2
    if (deltaAt(middle) > delta) low = middle
    else high = middle
  }
  return high
}

test('ε agrees with Google’s and TensorFlow Privacy’s accountants', t => {
  for (const { epsilon, absolute, ...row } of vectors.pld) {
    const value = epsilonOf(row)
    t.true(Math.abs(value - epsilon) <= absolute, `${JSON.stringify(row)}: ${value}, not ${epsilon}`)
  }
})

test('on the same grid ε is that of dp_accounting’s connect-the-dots, to 5e-6', t => {
  for (const { epsilon, ...row } of vectors.pldOnGrid) {
    const value = epsilonOf(row)
    t.true(Math.abs(value - epsilon) <= 5e-6, `${JSON.stringify(row)}: ${value}, not ${epsilon}`)
  }
})

test('ε is where Microsoft’s PRV accountant, less its own error bound, has it', t => {
  for (const { least, most, ...row } of vectors.pldWithin) {
    const value = epsilonOf(row)
    t.true(value >= least && value <= most, `${JSON.stringify(row)}: ${value}, not ${least} to ${most}`)
  }
})

test('ε is above optimistic accountants’ and below Rényi ones’', t => {
  for (const { epsilon, ...row } of vectors.pldAtLeast) t.true(epsilonOf(row) > epsilon)
  for (const { epsilon, ...row } of vectors.epsilonUpperBound) t.true(epsilonOf(row) < epsilon)
})

test('the vectors of composed Gaussians are met from above', t => {
  for (const { epsilon, ...row } of vectors.gaussianExact) {
    const value = epsilonOf(row)
    t.true(value >= epsilon && value <= epsilon * (1 + 1e-4), `${value}, not ${epsilon}`)
  }
})

test('of Gaussians, all alike or not, ε is never below the exact value and at most 0.05 % above it', t => {
  const kind = fc.record({
    noiseMultiplier: fc.double({ min: 0.3, max: 100, noNaN: true }),
    steps: fc.integer({ min: 1, max: 10_000 }),
  })
  const delta = fc.constantFrom(1e-2, 1e-4, 1e-5, 1e-6, 1e-9, 1e-12, 1e-15)
  fc.assert(
    fc.property(fc.array(kind, { minLength: 1, maxLength: 3 }), delta, (kinds, delta) => {
      const mu = Math.sqrt(kinds.reduce((sum, { noiseMultiplier: z, steps }) => sum + steps / (z * z), 0))
      // a tail of a tail: Rényi accounting's own business
      fc.pre(mu < 30)
      const exact = gaussianEpsilon(mu, delta)
      const value = pldEpsilon(
        kinds.map(one => ({ ...one, sampleRate: 1 })),
        { delta },
      )
      t.true(value >= exact * (1 - 1e-9), `${value} is below ${exact}`)
      t.true(value <= exact * 1.0005 + 1e-6, `${value} is far above ${exact}`)
    }),
    { numRuns: 60 },
  )
})

const mechanism = fc.record({
  sampleRate: fc.double({ min: 1e-4, max: 1, noNaN: true }),
  noiseMultiplier: fc.double({ min: 0.5, max: 20, noNaN: true }),
  steps: fc.integer({ min: 1, max: 3000 }),
})

test('ε is never above the Rényi bound, and never falls when anything is added', t => {
  fc.assert(
    fc.property(mechanism, mechanism, fc.double({ min: 1e-9, max: 1e-4, noNaN: true }), (one, other, delta) => {
      const epsilon = pldEpsilon([one], { delta })
      t.true(epsilon <= rdpEpsilon({ ...one, delta }) * (1 + 1e-4) + 1e-9)
      t.true(pldEpsilon([{ ...one, steps: one.steps * 2 }], { delta }) >= epsilon)
      t.true(pldEpsilon([one, other], { delta }) >= epsilon * (1 - 1e-4))
      t.true(pldEpsilon([{ ...one, noiseMultiplier: one.noiseMultiplier * 1.1 }], { delta }) <= epsilon * (1 + 1e-4))
    }),
    // a failure is told at once: shrinking would take minutes
    { numRuns: 40, seed: 20, endOnFailure: true },
  )
})

test('steps may be told apart or not, and come in any order', t => {
  const one = { sampleRate: 0.05, noiseMultiplier: 1.2 }
  const other = { sampleRate: 0.2, noiseMultiplier: 3 }
  const apart = [
    { ...one, steps: 60 },
    { ...other, steps: 20 },
    { ...one, steps: 40 },
  ]
  const together = [
    { ...other, steps: 20 },
    { ...one, steps: 100 },
  ]
  const [a, b] = [pldEpsilon(apart, { delta: 1e-5 }), pldEpsilon(together, { delta: 1e-5 })]
  t.true(Math.abs(a - b) <= 1e-4 * a, `${a} and ${b}`)
})

test('ε, asked for after every round, grows with every round', t => {
  let before = 0
  for (let steps = 1; steps <= 400; steps++) {
    const epsilon = pldEpsilon([{ sampleRate: 0.02, noiseMultiplier: 1.1, steps }], { delta: 1e-5 })
    t.true(epsilon > before, `${steps} rounds`)
    before = epsilon
  }
})

test('nothing costs nothing, and steps that hardly ever differ cost nothing at a larger δ', t => {
  t.is(pldEpsilon([], { delta: 1e-5 }), 0)
  t.is(pldEpsilon([{ sampleRate: 0.5, noiseMultiplier: 1, steps: 0 }], { delta: 1e-5 }), 0)
  t.is(pldEpsilon([{ sampleRate: 1e-9, noiseMultiplier: 1, steps: 1000 }], { delta: 1e-5 }), 0)
})

test('nonsense is refused', t => {
  const base = { sampleRate: 0.1, noiseMultiplier: 1, steps: 1 }
  for (const wrong of [
    { sampleRate: 1.5 },
    { sampleRate: 0 },
    { sampleRate: 42949673 },
    { noiseMultiplier: 0 },
    { noiseMultiplier: Number.NaN },
    { steps: -1 },
    { steps: 1.5 },
  ]) {
    t.throws(() => pldEpsilon([{ ...base, ...wrong }], { delta: 1e-5 }), { code: 'out-of-range' })
  }
  for (const delta of [0, 1, Number.NaN]) t.throws(() => pldEpsilon([base], { delta }), { code: 'out-of-range' })
})
