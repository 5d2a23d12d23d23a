import type { StudyData } from './data.ts'
import type { ModelSpec } from './models/list.ts'
import type { NoiseName } from './noise/mode.ts'

/** All in milliseconds, monotonic and relative, but for `bandwidthMin` in bit/s. */
export interface Timing {
  readonly openDelayMs: number
  readonly voteTimeoutMs: number
  readonly voteTimeoutMsMax: number
  readonly lostAfterMs: number
  readonly resendAfterMs: number
  readonly voidAfterMs: number
  readonly dataBaseMs: number
  readonly bandwidthMin: number
  readonly trainedDelayMs: number
}

export interface StudyOptimizer {
  learningRate: number
  momentum: number
  /** of the moving average over rounds that is evaluated */
  averageDecay: number
}

/**
 * How an image is seen: its gradient is the mean over this many views of it, taken before it is clipped, so that one
 * record counts for no more than without. A view is shifted by up to `shift` pixels to each side, mirrored at the
 * border, and with `flip` turned left to right or not.
 */
export interface Augmentation {
  views: number
  shift: number
  flip: boolean
}

/**
 * `noise: 'distributed'` shares the noise out: the sum of a round is private, an update alone less so. `noise: 'local'`
 * makes every hospital's own update private by itself, with the whole noise at each of its local steps.
 *
 * `noise: 'off'` exists for tests alone. Its marks are noiseMultiplier 0 and epsilon 0 (nothing is promised), and such
 * a document is valid here so that a simulated world can run it, but no study file with it is written, approved or
 * started: see `requireNoise`.
 */
export interface StudyPrivacy {
  noise: NoiseName
  /** steps that a hospital takes on its own in a round, each noised and each accounted; 1 where absent */
  localSteps?: number
  /** L2 norm C that each record's gradient is clipped to */
  clippingNorm: number
  /** integer a of the probability a / 2^32 */
  sampleRate: number
  /** z: noise of the honest contributors over the sensitivity; of each hospital by itself where the noise is local */
  noiseMultiplier: number
  delta: number
  /** what z was solved for, over `rounds` rounds */
  epsilon: number
  /** t: hospitals that may pool what they know without lowering the promise */
  colluders: number
}

/** Statistics of all records, summed up once before the first training step: they cost privacy like any other sum. */
export interface StudyNormalisation {
  /** z of the statistics; every record is in */
  noiseMultiplier: number
}

export interface StudyTiming {
  openDelayMs: number
  voteTimeoutMs: number
  voteTimeoutMsMax: number
  lostAfterMs: number
  resendAfterMs: number
  voidAfterMs: number
  dataBaseMs: number
  /** bit/s */
  bandwidthMin: number
  trainedDelayMs: number
}

export interface StudyHospital {
  /** raw PeerId, 38 bytes */
  id: Uint8Array
  name: string
  addresses: string[]
}

export interface StudyDocument {
  version: 1
  name: string
  /** ISO 8601, UTC */
  created: string
  data: StudyData
  /** absent: records are taken as they are, or by their bounds */
  normalisation?: StudyNormalisation
  model: ModelSpec
  /** absent: each image as it is */
  augmentation?: Augmentation
  /** 32 bytes */
  initialSeed: Uint8Array
  optimizer: StudyOptimizer
  privacy: StudyPrivacy
  rounds: number
  profile: 'byzantine' | 'crash'
  timing: StudyTiming
  /** ascending by raw id: version 0 of the roster */
  hospitals: StudyHospital[]
}
