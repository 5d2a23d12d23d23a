import test from 'ava'
import fc from 'fast-check'
import { pldNoiseMultiplier } from '../../../crypto/accounting/noise-multiplier.ts'
import { gaussianDelta } from '../../../crypto/accounting/normal.ts'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { NOISE_MULTIPLIER_STEP, rdpNoiseMultiplier } from '../../../crypto/accounting/rdp.ts'
import vectors from '../../vectors/accounting.json' with { type: 'json' }

test('the multiplier found keeps the target, and the next smaller one does not', t => {
  for (const target of [
    { sampleRate: 0.1, steps: 120, delta: 1e-5, epsilon: 3 },
    { sampleRate: 0.01, steps: 1000, delta: 1e-5, epsilon: 2 },
    { sampleRate: 1, steps: 50, delta: 1e-6, epsilon: 1 },
    { sampleRate: 0.25, steps: 1, delta: 1e-4, epsilon: 0.5 },
  ]) {
    const noiseMultiplier = pldNoiseMultiplier(target)
    const { sampleRate, steps, delta, epsilon } = target
    t.true(pldEpsilon([{ sampleRate, steps, noiseMultiplier }], { delta }) <= epsilon)
    const less = noiseMultiplier - NOISE_MULTIPLIER_STEP
    t.true(pldEpsilon([{ sampleRate, steps, noiseMultiplier: less }], { delta }) > epsilon)
    t.is(noiseMultiplier, Number(noiseMultiplier.toFixed(4)), 'prints as it is')
    t.true(noiseMultiplier < rdpNoiseMultiplier(target))
  }
})

test('less noise is needed than Opacus’s search with its PRV accountant finds', t => {
  for (const { noiseMultiplier, ...target } of vectors.noiseMultiplierAtMost) {
    const found = pldNoiseMultiplier(target)
    t.true(found <= noiseMultiplier && found > noiseMultiplier - 0.01, `${found}, not ${noiseMultiplier}`)
  }
})

test('beside another Gaussian, at q = 1, the multiplier is that of the closed form: 1/z² adds up', t => {
  const [epsilon, delta, steps] = [2, 1e-5, 40]
  for (const other of [3, 5, 20]) {
    const besides = [{ sampleRate: 1, noiseMultiplier: other, steps: 1 }]
    const noiseMultiplier = pldNoiseMultiplier({ sampleRate: 1, steps, delta, epsilon, besides })
    const deltaAt = (z: number) => gaussianDelta(Math.sqrt(steps / (z * z) + 1 / (other * other)), epsilon)
    t.true(deltaAt(noiseMultiplier) <= delta, `${noiseMultiplier} is too little beside ${other}`)
    t.true(deltaAt(noiseMultiplier * (1 - 1e-3)) > delta, `${noiseMultiplier} is too much beside ${other}`)
  }
})

test('what is spent besides is kept within the target too, and hardly less noise keeps it no more', t => {
  const besides = fc.array(
    fc.record({
      sampleRate: fc.constantFrom(1, 0.3, 0.05),
      noiseMultiplier: fc.double({ min: 4, max: 30, noNaN: true }),
      steps: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 2 },
  )
  fc.assert(
    fc.property(besides, fc.constantFrom(1, 0.1), fc.integer({ min: 1, max: 300 }), (besides, sampleRate, steps) => {
      const [epsilon, delta] = [4, 1e-5]
      const noiseMultiplier = pldNoiseMultiplier({ sampleRate, steps, delta, epsilon, besides })
      const reached = (z: number) => pldEpsilon([{ sampleRate, steps, noiseMultiplier: z }, ...besides], { delta })
      t.true(reached(noiseMultiplier) <= epsilon)
      t.true(reached(noiseMultiplier - 3 * NOISE_MULTIPLIER_STEP) > epsilon)
      t.true(noiseMultiplier >= pldNoiseMultiplier({ sampleRate, steps, delta, epsilon }) - NOISE_MULTIPLIER_STEP)
    }),
    { numRuns: 8, endOnFailure: true },
  )
})

test('a target that is spent already is refused, whatever the noise', t => {
  const target = { sampleRate: 0.1, steps: 10, delta: 1e-5, epsilon: 1 }
  const besides = [{ sampleRate: 1, noiseMultiplier: 2, steps: 1 }]
  t.throws(() => pldNoiseMultiplier({ ...target, besides }), { code: 'target-spent' })
  // so nearly spent that no noise leaves room
  const epsilon = pldEpsilon(besides, { delta: target.delta }) * (1 + 1e-12)
  t.throws(() => pldNoiseMultiplier({ ...target, epsilon, besides }), { code: 'noise-too-large' })
})

test('a target out of reach, and nonsense parameters, are refused', t => {
  const target = { sampleRate: 1, steps: 1e6, delta: 1e-5, epsilon: 1e-5 }
  t.throws(() => pldNoiseMultiplier(target), { code: 'noise-too-large' })
  for (const wrong of [{ sampleRate: 0 }, { steps: 0 }, { epsilon: 0 }, { delta: 0 }]) {
    t.throws(() => pldNoiseMultiplier({ ...target, ...wrong }), { code: 'out-of-range' })
  }
})
