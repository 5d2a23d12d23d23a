import test from 'ava'
import fc from 'fast-check'
import { gaussianDelta, gaussianMu, normalQuantile } from '../../../crypto/accounting/normal.ts'
import {
  auditScores,
  gaussianOneRunEpsilon,
  oneRunEpsilon,
  oneRunProbability,
} from '../../../crypto/accounting/one-run-audit.ts'
import vectors from '../../vectors/accounting.json' with { type: 'json' }

test('Φ⁻¹ is the inverse of Φ, in the tails too', t => {
  for (const [p, x] of [
    [0.5, 0],
    [0.975, 1.959963984540054],
    [1e-6, -4.753424308822899],
    [1e-15, -7.941345326170998],
  ] as const) {
    t.true(Math.abs(normalQuantile(p) - x) < 1e-12 * Math.max(1, Math.abs(x)), `${p}: ${normalQuantile(p)}`)
  }
  t.is(normalQuantile(0), Number.NEGATIVE_INFINITY)
  t.is(normalQuantile(1), Number.POSITIVE_INFINITY)
})

test('the μ of an (ε, δ) is the one whose Gaussian has that δ', t => {
  for (const [epsilon, delta] of [
    [1, 1e-5],
    [0, 0.01],
    [20, 1e-9],
  ] as const) {
    t.true(Math.abs(gaussianDelta(gaussianMu(epsilon, delta), epsilon) / delta - 1) < 1e-9)
  }
})

test('the bounds are those of jax_privacy', t => {
  for (const { epsilon, significance, delta, canaries, guesses, correct } of vectors.oneRun) {
    const value = oneRunEpsilon({ canaries, guesses, correct }, { significance, delta })
    t.true(Math.abs(value - epsilon) < 1e-5 * epsilon, `${value}, not ${epsilon}`)
  }
  for (const { epsilon, significance, delta, canaries, guesses, correct } of vectors.oneRunGaussian) {
    const value = gaussianOneRunEpsilon({ canaries, guesses, correct }, { significance, delta })
    t.true(Math.abs(value - epsilon) < 1e-5 * epsilon, `${value}, not ${epsilon}`)
  }
})

test('without δ the probability is that of a binomial tail', t => {
  t.true(
    Math.abs(oneRunProbability({ canaries: 10, guesses: 3, correct: 3 }, { epsilon: 0, delta: 0 }) - 0.125) < 1e-12,
  )
  t.true(
    Math.abs(oneRunProbability({ canaries: 10, guesses: 3, correct: 1 }, { epsilon: 0, delta: 0 }) - 0.875) < 1e-12,
  )
  const [accuracy] = [1 / (1 + Math.exp(-2))]
  const all = oneRunProbability({ canaries: 50, guesses: 20, correct: 20 }, { epsilon: 2, delta: 0 })
  t.true(Math.abs(all - accuracy ** 20) < 1e-12)
})

test('more right guesses show more, a larger δ and a higher confidence less; half right shows nothing', t => {
  const made = fc.record({
    guesses: fc.integer({ min: 20, max: 400 }),
    share: fc.double({ min: 0.6, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(made, ({ guesses, share }) => {
      const correct = Math.floor(share * guesses)
      const at = { canaries: 1000, guesses, correct }
      const base = oneRunEpsilon(at, { significance: 0.05, delta: 1e-5 })
      if (correct < guesses)
        t.true(oneRunEpsilon({ ...at, correct: correct + 1 }, { significance: 0.05, delta: 1e-5 }) >= base)
      t.true(oneRunEpsilon(at, { significance: 0.05, delta: 1e-3 }) <= base + 1e-6)
      t.true(oneRunEpsilon(at, { significance: 0.001, delta: 1e-5 }) <= base + 1e-6)
      t.is(oneRunEpsilon({ ...at, correct: Math.floor(guesses / 2) }, { significance: 0.05, delta: 1e-5 }), 0)
    }),
    { numRuns: 40 },
  )
})

test('scores that know nothing show nothing much; scores that know all show what the canaries allow', t => {
  const canaries = 1000
  const included = Array.from({ length: canaries }, (_, at) => at % 2 === 0)
  const terms = { counts: [50, 200, 500], significance: 0.05, delta: 1e-5 }
  t.true(auditScores({ scores: included.map((_, at) => (at * 7919) % canaries), included }, terms).epsilon < 0.5)
  const { epsilon, guesses, correct } = auditScores({ scores: included.map(Number), included }, terms)
  t.is(correct, guesses)
  t.true(epsilon > 3.5)
})

test('nonsense is refused', t => {
  const terms = { significance: 0.05, delta: 1e-5 }
  for (const wrong of [
    { canaries: 0, guesses: 0, correct: 0 },
    { canaries: 5, guesses: 6, correct: 1 },
    { canaries: 5, guesses: 2, correct: 3 },
  ]) {
    t.throws(() => oneRunEpsilon(wrong, terms), { code: 'out-of-range' })
  }
  t.throws(() => oneRunEpsilon({ canaries: 5, guesses: 2, correct: 2 }, { ...terms, significance: 0 }), {
    code: 'out-of-range',
  })
})
