import test from 'ava'
import { pldNoiseMultiplier } from '../../crypto/noise-multiplier.ts'
import { pldEpsilon } from '../../crypto/pld.ts'
import { NOISE_MULTIPLIER_STEP, rdpNoiseMultiplier } from '../../crypto/rdp.ts'
import vectors from '../vectors/accounting.json' with { type: 'json' }

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

test('a target out of reach, and nonsense parameters, are refused', t => {
  const target = { sampleRate: 1, steps: 1e6, delta: 1e-5, epsilon: 1e-5 }
  t.throws(() => pldNoiseMultiplier(target), { code: 'noise-too-large' })
  for (const wrong of [{ sampleRate: 0 }, { steps: 0 }, { epsilon: 0 }, { delta: 0 }]) {
    t.throws(() => pldNoiseMultiplier({ ...target, ...wrong }), { code: 'out-of-range' })
  }
})
