import { ProtocolError } from '../../errors.ts'
import { EPSILON_MIN, STUDY_NOISE_MULTIPLIER_MIN } from '../limits.ts'
import type { NoiseTerms } from './mode.ts'

/** Refuses terms that promise nothing. @throws ProtocolError `bad-noise` */
export function requireNoisy({ noiseMultiplier, epsilon }: NoiseTerms): void {
  if (noiseMultiplier >= STUDY_NOISE_MULTIPLIER_MIN && epsilon >= EPSILON_MIN) return
  throw new ProtocolError(
    'bad-noise',
    `A study needs noiseMultiplier >= ${STUDY_NOISE_MULTIPLIER_MIN} and epsilon >= ${EPSILON_MIN}`,
  )
}
