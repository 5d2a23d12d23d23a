import test from 'ava'
import fc from 'fast-check'
import { DIRECTIONS, deltaOfStep, lossDistribution } from '../../../crypto/accounting/gaussian-loss.ts'
import vectors from '../../vectors/accounting.json' with { type: 'json' }

test('δ of one step agrees with 40-digit arithmetic and with dp_accounting, in both directions', t => {
  for (const { epsilon, remove, add, relative, ...mechanism } of vectors.deltaOfStep) {
    const removed = deltaOfStep(mechanism, 'remove', epsilon)
    t.true(Math.abs(removed - remove) <= relative * remove, `${removed}, not ${remove}`)
    if (add === undefined) continue
    const added = deltaOfStep(mechanism, 'add', epsilon)
    // the closed form is a difference: what it loses is relative to its terms, not to itself
    t.true(Math.abs(added - add) <= Math.max(relative * add, 1e-16), `${added}, not ${add}`)
  }
})

const WHOLE = { tail: 1e-28, cap: 1e9 }

const mechanisms = fc.record({
  sampleRate: fc.oneof(fc.constant(1), fc.double({ min: 1e-6, max: 1, noNaN: true })),
  noiseMultiplier: fc.double({ min: 0.2, max: 50, noNaN: true }),
})

test('on a grid the hockey-stick curve meets the true one at the points and is never below it between', t => {
  const epsilons = fc.double({ min: 0, max: 3, noNaN: true })
  fc.assert(
    fc.property(mechanisms, fc.constantFrom(...DIRECTIONS), epsilons, (mechanism, direction, wanted) => {
      const step = 2 ** -6
      const { first, masses, infinite } = lossDistribution(mechanism, direction, { ...WHOLE, step })
      const curve = (epsilon: number) =>
        masses.reduce((sum, mass, i) => {
          const loss = (first + i) * step
          return loss > epsilon ? sum - mass * Math.expm1(epsilon - loss) : sum
        }, infinite)
      const between = deltaOfStep(mechanism, direction, wanted)
      t.true(curve(wanted) >= between - 1e-15, `at ${wanted}: ${curve(wanted)}, not ${between}`)
      const point = Math.round(wanted / step) * step
      const exact = deltaOfStep(mechanism, direction, point)
      t.true(Math.abs(curve(point) - exact) <= 1e-9 * exact + 1e-15, `at ${point}: ${curve(point)}, not ${exact}`)
    }),
    { numRuns: 60 },
  )
})

test('the masses sum to 1, and nothing is negative', t => {
  fc.assert(
    fc.property(mechanisms, fc.constantFrom(...DIRECTIONS), (mechanism, direction) => {
      const { masses } = lossDistribution(mechanism, direction, { ...WHOLE, step: 1e-2 })
      t.true(masses.every(mass => mass >= 0))
      const sum = masses.reduce((total, mass) => total + mass, 0)
      t.true(Math.abs(sum - 1) < 1e-8, `${sum}`)
    }),
    { numRuns: 40 },
  )
})
