/** Bugs of the noise. @module */

import type { Plant } from './plant.ts'

const JOBS = 'protocols/secure-sum/masking.ts'
const NOISE_LINE = 'if (sigma > 0) addDiscreteGaussian(noised, sigma, rng)'

/** A bug of the line that adds noise to an update. */
function noiseLine(name: string, replace: string, rest: Pick<Plant, 'bug' | 'seenBy'>): Plant {
  return { name, file: JOBS, find: NOISE_LINE, replace, ...rest }
}

const OVER_ROOT_N = 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(sigma / Math.sqrt(8)), rng)'

const SIZES: readonly Plant[] = [
  noiseLine('noise-over-root-n', OVER_ROOT_N, { bug: 'the noise is too small by √n', seenBy: 'noise' }),
  noiseLine('noise-over-root-n', OVER_ROOT_N, {
    bug: 'the noise is too small by √n, and guessing refutes the claim',
    seenBy: 'audit',
  }),
  noiseLine('noise-over-ten', 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(sigma / 10), rng)', {
    bug: 'the noise is a tenth of what it should be',
    seenBy: 'canaries',
  }),
  noiseLine('variance-for-deviation', 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(Math.sqrt(sigma)), rng)', {
    bug: 'what is taken for the variance is the standard deviation',
    seenBy: 'noise',
  }),
  noiseLine('noise-half-a-percent', 'if (sigma > 0) addDiscreteGaussian(noised, Math.round(sigma * 0.995), rng)', {
    bug: 'the noise is half a percent too small',
    seenBy: 'noise',
  }),
  noiseLine(
    'uniform-noise',
    'if (sigma > 0) { const drawn = new Uint32Array(noised.length); rng(new Uint8Array(drawn.buffer)); drawn.forEach((word, at) => { noised[at] = noised[at]! + Math.round((word / 2 ** 32 - 0.5) * sigma * Math.sqrt(12)) }) }',
    { bug: 'the noise is uniform, with the deviation that it should have', seenBy: 'noise' },
  ),
  {
    name: 'colluders-count-as-honest',
    bug: 'the noise of colluders is counted on',
    file: 'protocols/study/noise/distributed.ts',
    find: 'const sigma = hospitalSigma({ noiseMultiplier, sensitivity: fixedPoint.sensitivity, contributors, colluders })',
    replace:
      'const sigma = hospitalSigma({ noiseMultiplier, sensitivity: fixedPoint.sensitivity, contributors, colluders: 0 * colluders })',
    seenBy: 'noise',
  },
  {
    name: 'noise-for-the-roster',
    bug: 'the noise is shared out over all hospitals of the study, whoever contributes',
    file: 'protocols/secure-sum/job-runner.ts',
    find: 'noiseOfSum(this.#document.privacy, sumIn(this.#plan, round), session.members.length)',
    replace: 'noiseOfSum(this.#document.privacy, sumIn(this.#plan, round), this.#document.hospitals.length)',
    seenBy: 'contributors',
  },
  {
    name: 'rounding-forgotten',
    bug: 'the sensitivity leaves out ⌈√d⌉, what rounding adds to it',
    file: 'crypto/fixed-point.ts',
    find: 'const sensitivity = scaledNorm + rounding',
    replace: 'const sensitivity = scaledNorm + 0 * rounding',
    seenBy: 'rounding',
  },
  {
    name: 'rounding-of-one-word',
    bug: 'the sensitivity has 1 for the rounding of a word, not ⌈√d⌉ for all',
    file: 'crypto/fixed-point.ts',
    find: 'const rounding = Math.ceil(Math.sqrt(dimension))',
    replace: 'const rounding = Math.ceil(Math.sqrt(Math.min(1, dimension)))',
    seenBy: 'rounding',
  },
]

const BARE_WORDS: readonly Plant[] = [
  noiseLine('last-word-bare', 'if (sigma > 0) addDiscreteGaussian(noised.subarray(0, -1), sigma, rng)', {
    bug: 'the last word of a vector gets no noise',
    seenBy: 'noise',
  }),
  noiseLine('first-word-bare', 'if (sigma > 0) addDiscreteGaussian(noised.subarray(1), sigma, rng)', {
    bug: 'the first word of a vector gets no noise',
    seenBy: 'noise',
  }),
  noiseLine(
    'some-words-bare',
    `const before = noised.slice()\n  ${NOISE_LINE}\n  for (let at = 1023; at < noised.length; at += 1024) noised[at] = before[at]!`,
    { bug: 'every 1024th word gets no noise', seenBy: 'noise' },
  ),
  noiseLine(
    'one-word-quiet',
    `const before = noised[20_000] ?? 0\n  ${NOISE_LINE}\n  if (noised.length > 20_000) noised[20_000] = before + Math.round((noised[20_000]! - before) / 4)`,
    { bug: 'one word gets a quarter of the noise', seenBy: 'noise' },
  ),
  noiseLine(
    'some-words-quiet',
    `const before = noised.slice()\n  ${NOISE_LINE}\n  for (let at = 0; at < noised.length; at += 1000) noised[at] = before[at]! + Math.round((noised[at]! - before[at]!) * 0.8)`,
    { bug: 'every 1000th word gets a fifth less noise', seenBy: 'noise' },
  ),
  noiseLine(
    'last-piece-bare',
    'if (sigma > 0) addDiscreteGaussian(noised.length > 5461 ? noised.subarray(0, noised.length - (noised.length % 5461)) : noised, sigma, rng)',
    { bug: 'what is left of a vector after whole pieces of the sampler gets no noise', seenBy: 'noise' },
  ),
  {
    name: 'own-chunk-bare',
    bug: 'a hospital adds no noise to the chunk that it adds up itself',
    file: JOBS,
    find: 'const words = new Uint32Array(noisedUpdate(update, noise, rng).buffer)',
    replace:
      'const words = new Uint32Array(noisedUpdate(update, noise, rng).buffer)\n' +
      '  const mine = chunkLayout(words.length, session.owners)[session.self]\n' +
      '  if (mine !== undefined) for (let at = mine.start; at < mine.start + mine.words; at++) words[at] = update[at]!',
    seenBy: 'noise',
  },
]

const ALIKE: readonly Plant[] = [
  {
    name: 'same-noise-in-two-views',
    bug: 'a second view of a round gets the noise of the first',
    file: JOBS,
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
  noiseLine(
    'same-noise-in-two-rounds',
    'type Kept = { update: Int32Array; drawn: Int32Array }\n' +
      '  const kept = ((globalThis as { noiseOf?: WeakMap<Rng, Kept> }).noiseOf ??= new WeakMap<Rng, Kept>())\n' +
      '  const before = kept.get(rng)\n' +
      '  const again = before !== undefined && before.update !== update\n' +
      '  const drawn = again ? before.drawn : new Int32Array(noised.length)\n' +
      '  if (!again && sigma > 0) addDiscreteGaussian(drawn, sigma, rng)\n' +
      '  kept.set(rng, { update, drawn })\n' +
      '  drawn.forEach((word, at) => { noised[at] = noised[at]! + word })',
    { bug: 'the first noise of a round is the last of the round before', seenBy: 'independence' },
  ),
  noiseLine(
    'shared-noise',
    'if (sigma > 0) { let word = 1; addDiscreteGaussian(noised, sigma, target => { for (let i = 0; i < target.length; i++) { word = (Math.imul(word, 1664525) + 1013904223) | 0; target[i] = word >>> 24 } }) }',
    { bug: 'all hospitals draw their noise from one stream', seenBy: 'independence' },
  ),
  noiseLine(
    'noise-shared-by-chunks',
    'const size = Math.ceil(noised.length / 48) * 16\n' +
      '  const drawn = new Int32Array(size)\n' +
      '  if (sigma > 0) addDiscreteGaussian(drawn, sigma, rng)\n' +
      '  for (let at = 0; at < noised.length; at++) noised[at] = noised[at]! + drawn[at % size]!',
    { bug: 'all chunks of a vector have the same noise', seenBy: 'independence' },
  ),
  noiseLine(
    'noise-shared-by-two-words',
    `const before = noised.slice()\n  ${NOISE_LINE}\n  const last = noised.length - 1\n  noised[last] = before[last]! - (noised[0]! - before[0]!)`,
    { bug: 'the last word has the noise of the first, with the other sign', seenBy: 'independence' },
  ),
  noiseLine(
    'noise-leaks-into-neighbours',
    'const drawn = new Int32Array(noised.length + 1)\n' +
      '  if (sigma > 0) addDiscreteGaussian(drawn, Math.round(sigma * 0.995), rng)\n' +
      '  for (let at = 0; at < noised.length; at++) noised[at] = noised[at]! + drawn[at]! + Math.round(0.1 * drawn[at + 1]!)',
    { bug: 'a tenth of the noise of a word leaks into its neighbour', seenBy: 'independence' },
  ),
]

const LOCAL: readonly Plant[] = [
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
    name: 'local-noise-repeated',
    bug: 'all local steps of a round have the same noise',
    file: 'node/worker/local-update.ts',
    find: 'const words = noised(trainer.clippedSum({ parameters, normalisation }))',
    replace:
      'const words = step === 0 ? noised(trainer.clippedSum({ parameters, normalisation })) : total.map(word => word / step)',
    seenBy: 'local',
  },
  {
    name: 'local-last-word-bare',
    bug: 'the last word of a local step gets no noise',
    file: 'node/worker/local-update.ts',
    find: 'addDiscreteGaussian(words, sigma, rng)',
    replace: 'addDiscreteGaussian(words.subarray(0, -1), sigma, rng)',
    seenBy: 'local',
  },
  {
    name: 'local-noise-shared-out',
    bug: 'local noise is shared out over three, though it must hide a record alone',
    file: 'protocols/study/noise/local.ts',
    find: 'const ALONE = { contributors: 1, colluders: 0 }',
    replace: 'const ALONE = { contributors: 3, colluders: 0 }',
    seenBy: 'local',
  },
]

const STATISTICS: readonly Plant[] = [
  noiseLine(
    'last-column-bare',
    `const before = noised.slice()\n  ${NOISE_LINE}\n  const columns = (noised.length - 1) / 2\n  if (Number.isInteger(columns)) for (const at of [columns - 1, 2 * columns - 1]) noised[at] = before[at]!`,
    { bug: 'the statistics of the last column get no noise', seenBy: 'statistics-noise' },
  ),
  {
    name: 'statistics-with-noise-of-training',
    bug: 'the statistics get the noise multiplier of training, which is not what is charged for them',
    file: 'protocols/study/plan.ts',
    find: 'noiseModeOf(privacy).isPrivate ? normalisation.noiseMultiplier : 0',
    replace: 'noiseModeOf(privacy).isPrivate ? privacy.noiseMultiplier : 0',
    seenBy: 'statistics-noise',
  },
]

export const NOISE_PLANTS: readonly Plant[] = [...SIZES, ...BARE_WORDS, ...ALIKE, ...LOCAL, ...STATISTICS]
