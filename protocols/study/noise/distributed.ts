import { clampLimit, hospitalSigma } from '../../../crypto/fixed-point.ts'
import { ProtocolError } from '../../errors.ts'
import type { NoiseMode } from './mode.ts'
import { requireNoisy } from './terms.ts'

/** The noise is shared out over a round's contributors: their sum is private, an update alone less so. */
export const DISTRIBUTED: NoiseMode = {
  isPrivate: true,
  noisesSums: true,
  sharersIn: round => round,
  ofSum: ({ noiseMultiplier, fixedPoint }, { contributors, colluders }) => {
    const sigma = hospitalSigma({ noiseMultiplier, sensitivity: fixedPoint.sensitivity, contributors, colluders })
    return { limit: clampLimit({ contributors, sigma }), sigma }
  },
  ofStep: () => 0,
  check: terms => {
    const { localSteps = 1 } = terms
    if (localSteps > 1) {
      throw new ProtocolError(
        'local-steps-need-local-noise',
        `${localSteps} local steps in a round need noise "local": with distributed noise a hospital's share hides ` +
          'nothing of a step that its next one is taken from',
      )
    }
    requireNoisy(terms)
  },
  sentence: () => 'distributed',
  warnings: [],
}
