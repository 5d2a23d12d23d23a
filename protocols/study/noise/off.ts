import { clampLimit } from '../../../crypto/fixed-point.ts'
import { ProtocolError } from '../../errors.ts'
import type { NoiseMode } from './mode.ts'

/** What a study without noise states of its privacy: that there is none. */
export const NO_NOISE = { noise: 'off', noiseMultiplier: 0, epsilon: 0 } as const

/** No noise, for tests alone: nothing is promised, nothing is charged, and no study file with it is written. */
export const OFF: NoiseMode = {
  isPrivate: false,
  noisesSums: false,
  sharersIn: round => round,
  ofSum: (_, { contributors }) => ({ limit: clampLimit({ contributors, sigma: 0 }), sigma: 0 }),
  ofStep: () => 0,
  check: ({ noiseMultiplier, epsilon }) => {
    if (noiseMultiplier === NO_NOISE.noiseMultiplier && epsilon === NO_NOISE.epsilon) return
    throw new ProtocolError('bad-noise', 'A study without noise states noiseMultiplier 0 and epsilon 0')
  },
  sentence: () => 'off',
  warnings: ['The noise is off: this study protects nobody and is for tests only.'],
}
