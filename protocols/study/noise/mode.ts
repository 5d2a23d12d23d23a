/**
 * What a noise mode is: who adds how much noise, and when; what a study of it must state; how it is described. One mode,
 * one file; `list.ts` has them all.
 *
 * @module
 */

import type { FixedPoint } from '../../../crypto/fixed-point.ts'

/** Every mode that a study document may name. */
export const NOISE_NAMES = ['distributed', 'local', 'off'] as const
export type NoiseName = (typeof NOISE_NAMES)[number]

/** What one kind of round adds up, and what it costs. */
export interface SumPlan {
  /** words of an update */
  readonly dimension: number
  readonly fixedPoint: FixedPoint
  /** z; 0 without noise */
  readonly noiseMultiplier: number
  /** integer a of the probability a / 2^32 */
  readonly sampleRate: number
  /** steps of the mechanism in a round */
  readonly steps: number
}

/** Hospitals whose noise makes up a promise, less those that pool what they know of it. */
export interface NoiseSharers {
  readonly contributors: number
  /** t < contributors */
  readonly colluders: number
}

/** What happens to an update before its masks: it is clamped to ± `limit`, then noise of deviation `sigma` is added. */
export interface Noising {
  readonly limit: number
  readonly sigma: number
}

/** What a study states about its noise. */
export interface NoiseTerms {
  readonly noiseMultiplier: number
  readonly epsilon: number
  /** 1 where absent */
  readonly localSteps?: number
}

export interface NoiseMode {
  /** Whether a study with it promises anything: only then it is charged, and only then it may be founded. */
  readonly isPrivate: boolean
  /** Whether noise is added to what a hospital gives to a round's sum, just before the masks. */
  readonly noisesSums: boolean
  /** Whose noise the promise rests on, in a round of these. */
  sharersIn(round: NoiseSharers): NoiseSharers
  /**
   * What an update still needs when its contributors are known.
   *
   * @throws CryptoError as `hospitalSigma`
   */
  ofSum(sum: SumPlan, round: NoiseSharers): Noising
  /** σ of the noise that a hospital adds to every one of its own steps, in words; 0 where it adds none. */
  ofStep(sum: SumPlan): number
  /** @throws ProtocolError `bad-noise`, `local-steps-need-local-noise` where a study states what this mode cannot keep */
  check(terms: NoiseTerms): void
  /** How a study's noise is described, to end a line with. */
  sentence(terms: NoiseTerms): string
  /** Sentences that whoever plans, shows or approves such a study should read. */
  readonly warnings: readonly string[]
}
