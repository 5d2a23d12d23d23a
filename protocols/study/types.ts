import type { DataContract } from './contracts/list.ts'
import type { ModelSpec } from './models/list.ts'
import type { NoiseName } from './noise/mode.ts'
import type { ScheduledRounds } from './round-kind.ts'
import type { UnitName } from './unit.ts'

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
  /** decay of the moving average over rounds, which is evaluated */
  averageDecay: number
}

/**
 * Augmentation of images: an image's gradient is the mean over `views` views of it. The mean is taken before clipping,
 * so a record's sensitivity is the same as without augmentation. A view is shifted by up to `shift` pixels to each
 * side, mirrored at the border; with `flip`, some views are also mirrored left to right.
 */
export interface Augmentation {
  views: number
  shift: number
  flip: boolean
}

/**
 * `noise: 'distributed'`: each hospital adds a share of the noise. The sum of a round is private; a single update is
 * less so. `noise: 'local'`: each hospital adds the whole noise at each of its local steps, so its own update is
 * private.
 *
 * `noise: 'off'` exists only for tests, with noiseMultiplier 0 and epsilon 0 (no guarantee). Such a document is valid
 * here, so that a simulated world can run it, but no study file with it is written, approved or started: see
 * `requireNoise`.
 */
export interface StudyPrivacy {
  noise: NoiseName
  /** steps that a hospital takes on its own in a round, each noised and each accounted; 1 where absent */
  localSteps?: number
  /** L2 norm C that each record's gradient is clipped to */
  clippingNorm: number
  /** integer a of the probability a / 2^32 */
  sampleRate: number
  /** z: noise of the honest contributors together, or of each hospital if the noise is local, over the sensitivity */
  noiseMultiplier: number
  delta: number
  /** target for which z was computed, over `rounds` rounds */
  epsilon: number
  /** t: hospitals that may collude without weakening the guarantee */
  colluders: number
}

/**
 * Statistics of all records, summed once before the first training step. They cost privacy like any other sum.
 *
 * `columns`: every column gets mean 0 and deviation 1. `mean`: frozen features are centred by their mean, and scaled
 * back to their norm.
 */
export type StudyNormalisation = ColumnsNormalisation | MeanNormalisation

export interface ColumnsNormalisation {
  kind: 'columns'
  /** z of the statistics, which sample every record */
  noiseMultiplier: number
}

export interface MeanNormalisation {
  kind: 'mean'
  /** R: L2 norm that features are clipped to in the sum, and scaled to afterwards; public */
  norm: number
  noiseMultiplier: number
}

/**
 * Rounds that count how well the model does on units that hospitals hold back: these are in no sum of training, nor of
 * statistics.
 */
export interface StudyEvaluation {
  /** B: bins of a score */
  bins: number
  /** part of the units that each hospital holds back, the integer a of a / 2^32 */
  share: number
  /** nominal number of units that are held back over all hospitals: public, never a private count */
  units: number
  /** z of an evaluation, which takes every unit that is held back */
  noiseMultiplier: number
  /** a score that falls by more than this below the best one, and by more than the noise explains, is undone */
  margin: number
  /** groups that are counted apart; absent: all units together */
  subgroups?: StudySubgroups
}

/** Groups of units by a column of a table; see `studySubgroups`. */
export interface StudySubgroups {
  column: string
  /** of a category: one group each, and one of all others */
  values?: string[]
  /** of a number: where a group ends and the next begins, ascending */
  bands?: number[]
}

/** Settings of the optimizer that a search tries. */
export interface SearchCandidate {
  learningRate: number
  momentum: number
}

/**
 * Settings that the study tries itself, before it trains on with the best of them. Where no evaluation tells them apart
 * from chance, it starts with `optimizer` as it stands.
 */
export interface StudySearch {
  candidates: SearchCandidate[]
  /** of training for each, from the first parameters; one evaluation follows */
  rounds: number
}

/** Columns of the records that are counted, in studies that train nothing; see `tableLayout`. */
export interface StudyTable {
  /** names of numeric columns of the contract, each once */
  columns: string[]
  /** B: bins of each, of one width between its bounds */
  bins: number
  /** whether they are counted for each class */
  byClass: boolean
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
  version: 2
  name: string
  /** ISO 8601, UTC */
  created: string
  /** what the promise of privacy is about */
  unit: UnitName
  /** nominal number of units over all hospitals: public, never a private count */
  units: number
  /** k: the epsilon is promised to a unit that up to so many hospitals have, each of them once */
  copies: number
  contract: DataContract
  /** who contributes to a round: whoever is there */
  cohort: 'open'
  /** f of the bound on the opened sum, see protocols/model/influence.ts; null: none */
  influence: number | null
  /** rounds that evaluate the model; null: none */
  evaluation: StudyEvaluation | null
  /** candidate settings of which the study chooses one; null: none */
  search: StudySearch | null
  /** of one word of a sum */
  wordBits: 32
  /** absent: records are used as they are, or scaled by their bounds */
  normalisation?: StudyNormalisation
  /** absent: the study trains a model */
  table?: StudyTable
  /** of studies with a table: none */
  model: ModelSpec
  /** absent: each image is used as it is */
  augmentation?: Augmentation
  /** 32 bytes */
  initialSeed: Uint8Array
  optimizer: StudyOptimizer
  privacy: StudyPrivacy
  schedule: ScheduledRounds[]
  profile: 'byzantine' | 'crash'
  timing: StudyTiming
  /** ascending by raw id: version 0 of the roster */
  hospitals: StudyHospital[]
}
