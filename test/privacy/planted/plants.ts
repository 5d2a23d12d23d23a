/**
 * Bugs that others have shipped, planted into the production code: each makes the promise of privacy untrue while every
 * model still trains. A battery that finds none of them would find nothing.
 *
 * @module
 */

import type { SourcePlant } from '../../helpers/tree/plant.ts'

export interface Plant extends SourcePlant {
  /** in words */
  readonly bug: string
  /** the check that must see it */
  readonly seenBy: string
  /** how the product itself refuses to go on with the bug, where it does */
  readonly refusal?: RegExp
}

const NOISE_LINE = 'if (sigma > 0) addDiscreteGaussian(noised, sigma, rng)'

export const PLANTS: readonly Plant[] = [
  {
    name: 'noise-over-root-n',
    bug: 'the noise is too small by √n',
    file: 'protocols/secure-sum/masking.ts',
    find: NOISE_LINE,
    replace: 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(sigma / Math.sqrt(8)), rng)',
    seenBy: 'noise',
  },
  {
    name: 'noise-over-root-n',
    bug: 'the noise is too small by √n, and guessing refutes the claim',
    file: 'protocols/secure-sum/masking.ts',
    find: NOISE_LINE,
    replace: 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(sigma / Math.sqrt(8)), rng)',
    seenBy: 'audit',
  },
  {
    name: 'noise-over-ten',
    bug: 'the noise is a tenth of what it should be',
    file: 'protocols/secure-sum/masking.ts',
    find: NOISE_LINE,
    replace: 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(sigma / 10), rng)',
    seenBy: 'canaries',
  },
  {
    name: 'variance-for-deviation',
    bug: 'what is taken for the variance is the standard deviation',
    file: 'protocols/secure-sum/masking.ts',
    find: NOISE_LINE,
    replace: 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(Math.sqrt(sigma)), rng)',
    seenBy: 'noise',
  },
  {
    name: 'shuffled-batches',
    bug: 'batches of a fixed size are accounted as Poisson samples',
    file: 'node/training/sampler.ts',
    find: '  for (let record = 0; record < records; record++) {\n    if (reader.uniformUint32() < sampleRate) sample.push(record)\n  }',
    replace:
      '  const order = Array.from({ length: records }, (_, at) => ({ at, key: reader.uniformUint32() })).sort((a, b) => a.key - b.key)\n' +
      '  const size = Math.round((records * sampleRate) / 2 ** 32)\n' +
      '  for (const { at } of order.slice(0, size).sort((a, b) => a.at - b.at)) sample.push(at)',
    seenBy: 'sampling',
  },
  {
    name: 'empty-batch-skipped',
    bug: 'a hospital whose batch is empty stays out of the round',
    file: 'node/worker/worker-calls.ts',
    find: 'vectors.setUpdate(round, trainUpdate({ document, plan, trainer, checkpoint, round }, rng))',
    replace:
      'const update = trainUpdate({ document, plan, trainer, checkpoint, round }, rng)\n' +
      '      if (update.some(value => value !== 0)) vectors.setUpdate(round, update)',
    seenBy: 'noise',
    refusal: /no trained update/,
  },
  {
    name: 'clip-after-the-sum',
    bug: 'the sum is clipped, not each record',
    file: 'node/training/per-example-clipping.ts',
    find: 'weights[i] = Number.isFinite(square) ? Math.min(1, limit / norms[i]!) : 0\n  }',
    replace:
      'weights[i] = Number.isFinite(square) ? 1 : 0\n  }\n' +
      '  const whole = Math.sqrt(weights.reduce((total, weight, at) => total + (weight * norms[at]!) ** 2, 0))\n' +
      '  weights.forEach((weight, at) => { weights[at] = weight * Math.min(1, limit / whole) })',
    seenBy: 'sensitivity',
  },
  {
    name: 'same-noise-in-two-views',
    bug: 'a second view of a round gets the noise of the first',
    file: 'protocols/secure-sum/masking.ts',
    find: `const noised = Int32Array.from(update)\n  clamp(noised, limit)\n  ${NOISE_LINE}`,
    replace:
      'const kept = ((globalThis as { noisedOf?: WeakMap<Int32Array, Int32Array> }).noisedOf ??= new WeakMap())\n' +
      '  const before = kept.get(update)\n' +
      '  const noised = before === undefined ? Int32Array.from(update) : before.slice()\n' +
      '  if (before === undefined) {\n' +
      '    clamp(noised, limit)\n' +
      '    if (sigma > 0) addDiscreteGaussian(noised, sigma, rng)\n' +
      '    kept.set(update, noised.slice())\n' +
      '  }',
    seenBy: 'independence',
  },
  {
    name: 'local-noise-once',
    bug: 'of several local steps only the first is noised',
    file: 'node/worker/local-update.ts',
    find: 'const words = noised(trainer.clippedSum({ parameters, normalisation }))',
    replace:
      'const clipped = trainer.clippedSum({ parameters, normalisation })\n' +
      '    const words = step === 0 ? noised(clipped) : quantise(clipped, sum.fixedPoint.scale)',
    seenBy: 'local',
  },
  {
    name: 'unbounded-statistics',
    bug: 'records are added to the statistics as they are, not clipped to the bounds',
    file: 'node/training/normaliser.ts',
    find: 'return (2 * (Math.max(low, Math.min(high, value)) - low)) / (high - low) - 1',
    replace: 'return (2 * (value - low)) / (high - low) - 1',
    seenBy: 'statistics',
  },
  {
    name: 'shared-noise',
    bug: 'all hospitals draw their noise from one stream',
    file: 'protocols/secure-sum/masking.ts',
    find: NOISE_LINE,
    replace:
      'if (sigma > 0) { let word = 1; addDiscreteGaussian(noised, sigma, target => { for (let i = 0; i < target.length; i++) { word = (Math.imul(word, 1664525) + 1013904223) | 0; target[i] = word >>> 24 } }) }',
    seenBy: 'independence',
  },
]
