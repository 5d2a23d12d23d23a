import type { ExecutionContext } from 'ava'
import test from 'ava'
import fc from 'fast-check'
import { logErfc } from '../../../crypto/accounting/erfc.ts'
import { DIRECTIONS, deltaOfStep } from '../../../crypto/accounting/gaussian-loss.ts'
import type { Mechanism } from '../../../crypto/accounting/mixture.ts'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { rdpEpsilon } from '../../../crypto/accounting/rdp.ts'
import { deltaOfTwoSteps, epsilonOfTwoSteps } from '../../helpers/two-steps.ts'
import vectors from '../../vectors/accounting.json' with { type: 'json' }

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

/** Between two bounds, as many of each order of magnitude. */
const magnitude = (min: number, max: number) =>
  fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map(Math.exp)

/** What two steps can be short of 0.5 % by, where ε is smaller than anybody would state. */
const SMALL = 5e-4

/** That ε is from the exact value to 0.5 % above it; near the exact one's own rounding, by what δ it has. */
function assertTight(t: ExecutionContext, both: readonly [Mechanism, Mechanism], delta: number): void {
  const exact = epsilonOfTwoSteps(both, delta)
  const value = pldEpsilon(
    both.map(one => ({ ...one, steps: 1 })),
    { delta },
  )
  const reached = Math.max(...DIRECTIONS.map(way => deltaOfTwoSteps(both, way, value)))
  const told = JSON.stringify({ both, delta, exact, value })
  t.true(value >= exact * (1 - 1e-8) || reached <= delta * (1 + 1e-9) + 1e-15, `below: ${told}`)
  t.true(value <= exact * 1.005 + SMALL, `far above: ${told}`)
}

const subsampled = fc.record({
  sampleRate: fc.oneof({ weight: 9, arbitrary: magnitude(1e-7, 1) }, { weight: 1, arbitrary: fc.constant(1) }),
  noiseMultiplier: magnitude(0.05, 20),
})
const several = fc.oneof(
  subsampled.map((one): [Mechanism, Mechanism] => [one, one]),
  fc.tuple(subsampled, subsampled),
)

test('of two steps, alike or not, ε is never below the exact value and at most 0.5 % above it', t => {
  fc.assert(
    fc.property(several, magnitude(1e-15, 1e-2), (both, delta) => assertTight(t, both, delta)),
    { numRuns: 25, endOnFailure: true },
  )
})

test('also where δ is nearly all that two steps can tell', t => {
  // ε is small, and decided by losses of every size
  const assertAt = (both: readonly [Mechanism, Mechanism], lessThanAll: number): void => {
    const all = Math.max(...DIRECTIONS.map(way => deltaOfTwoSteps(both, way, 0)))
    fc.pre(all < 0.01)
    assertTight(t, both, all * (1 - lessThanAll))
  }
  fc.assert(fc.property(several, magnitude(1e-3, 0.9), assertAt), { numRuns: 25, endOnFailure: true })
  const one = { sampleRate: 0.01, noiseMultiplier: 0.5 }
  assertTight(t, [one, one], 0.01)
})

test('of one step ε is where the closed form has δ', t => {
  fc.assert(
    fc.property(subsampled, magnitude(1e-15, 1e-2), (one, delta) => {
      const epsilon = pldEpsilon([{ ...one, steps: 1 }], { delta })
      const deltaAt = (value: number) => Math.max(...DIRECTIONS.map(way => deltaOfStep(one, way, value)))
      t.true(deltaAt(epsilon) <= delta)
      t.true(epsilon === 0 || deltaAt(epsilon * (1 - 1e-8)) >= delta * (1 - 1e-12) - 1e-15)
    }),
  )
})

const mechanism = fc.record({
  sampleRate: fc.double({ min: 1e-4, max: 1, noNaN: true }),
  noiseMultiplier: fc.double({ min: 0.5, max: 20, noNaN: true }),
  steps: fc.integer({ min: 1, max: 3000 }),
})

test('ε is never above the Rényi bound, and never falls when anything is added', t => {
  fc.assert(
    fc.property(mechanism, mechanism, fc.double({ min: 1e-9, max: 1e-2, noNaN: true }), (one, other, delta) => {
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
