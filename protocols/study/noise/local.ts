import { hospitalSigma, NOISE_HEADROOM_SIGMA, wordMax } from '../../../crypto/fixed-point.ts'
import type { NoiseMode, SumPlan } from './mode.ts'
import { requireNoisy } from './terms.ts'

/** Alone against everybody: the noise is scaled as for one contributor and no colluders. */
const ALONE = { contributors: 1, colluders: 0 }

/** Every hospital's own update is private by itself, with the whole noise at each of its local steps. */
export const LOCAL: NoiseMode = {
  isPrivate: true,
  noisesSums: false,
  sharersIn: () => ALONE,
  // noised already, and private by itself: what is cut off now is post-processing
  ofSum: (sum, { contributors }) => ({ limit: limitOf(sum, contributors), sigma: 0 }),
  ofStep: stepSigma,
  check: requireNoisy,
  sentence: ({ localSteps = 1 }) =>
    `local (every hospital's own update is private by itself), ${localSteps} local steps a round, each charged`,
  warnings: [],
}

function stepSigma({ noiseMultiplier, fixedPoint }: SumPlan): number {
  return hospitalSigma({ noiseMultiplier, sensitivity: fixedPoint.sensitivity, ...ALONE })
}

/** A word's bound, or 0 where the noise of all steps would not fit beneath it. */
function limitOf(sum: SumPlan, contributors: number): number {
  const sigma = stepSigma(sum)
  const limit = wordMax(contributors)
  return limit > NOISE_HEADROOM_SIGMA * sigma * Math.sqrt(sum.steps) ? limit : 0
}
