/** The shape of a study document, field by field, with its bounds. @module */

import { z } from 'zod'
import { CodedError } from '../../crypto/errors.ts'
import { publicKeyOfPeer } from '../../crypto/signature.ts'
import { bytesOf, real, whole } from '../encoding/fields.ts'
import { BOUND_SCHEMA, NAME_SCHEMA } from './contracts/fields.ts'
import { CONTRACT_SCHEMA } from './contracts/list.ts'
import * as limit from './limits.ts'
import { MODEL_SCHEMA } from './models/list.ts'
import { NOISE_NAMES } from './noise/mode.ts'
import { ROUND_KINDS } from './round-kind.ts'
import { UNIT_NAMES } from './unit.ts'

const timer = (min: number) => whole(min, limit.TIMER_MS_MAX)
const address = z
  .string()
  .max(limit.ADDRESS_CHARACTERS_MAX)
  .regex(/^(\/[\w.:%-]+)+$/, 'is not a multiaddr such as /ip4/192.0.2.7/tcp/4001')
const seed = bytesOf(32, 'must be 32 bytes')
const peerId = bytesOf(38, 'must be 38 bytes').refine(
  id => isPeerId(id),
  'is not an Ed25519 PeerId, or one that anybody could sign for',
)

const multiplier = real(limit.STUDY_NOISE_MULTIPLIER_MIN, limit.STUDY_NOISE_MULTIPLIER_MAX)
const NORMALISATION_SCHEMA = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('columns'), noiseMultiplier: multiplier }),
  z.strictObject({
    kind: z.literal('mean'),
    norm: real(limit.CLIPPING_NORM_MIN, limit.CLIPPING_NORM_MAX),
    noiseMultiplier: multiplier,
  }),
])

export const SUBGROUPS_SCHEMA = z.strictObject({
  column: NAME_SCHEMA,
  values: z.array(NAME_SCHEMA).min(limit.SUBGROUPS_MIN).max(limit.SUBGROUPS_MAX).exactOptional(),
  bands: z
    .array(BOUND_SCHEMA)
    .min(limit.SUBGROUPS_MIN - 1)
    .max(limit.SUBGROUPS_MAX - 1)
    .exactOptional(),
})

export const EVALUATION_SCHEMA = z.strictObject({
  bins: whole(limit.EVALUATION_BINS_MIN, limit.EVALUATION_BINS_MAX),
  share: whole(limit.HELD_BACK_SHARE_MIN, limit.HELD_BACK_SHARE_MAX),
  units: whole(1, limit.UNITS_MAX),
  noiseMultiplier: multiplier,
  margin: z.number().positive().max(1),
  subgroups: SUBGROUPS_SCHEMA.exactOptional(),
})

export const STUDY_TABLE_SCHEMA = z.strictObject({
  columns: z.array(NAME_SCHEMA).min(1).max(limit.TABLE_COLUMNS_MAX),
  bins: whole(limit.TABLE_BINS_MIN, limit.TABLE_BINS_MAX),
  byClass: z.boolean(),
})

export const AUGMENTATION_SCHEMA = z.strictObject({
  views: whole(1, limit.IMAGE_VIEWS_MAX),
  shift: whole(0, limit.IMAGE_SIDE_MAX - 1),
  flip: z.boolean(),
})

export const OPTIMIZER_SCHEMA = z.strictObject({
  learningRate: z.number().positive().max(limit.LEARNING_RATE_MAX),
  momentum: z.number().min(0).lt(1),
  averageDecay: z.number().min(0).lt(1),
})

export const SEARCH_SCHEMA = z.strictObject({
  candidates: z
    .array(OPTIMIZER_SCHEMA.pick({ learningRate: true, momentum: true }))
    .min(limit.SEARCH_CANDIDATES_MIN)
    .max(limit.SEARCH_CANDIDATES_MAX),
  rounds: whole(1, limit.ROUNDS_MAX),
})

export const TIMING_SCHEMA = z.strictObject({
  openDelayMs: timer(0),
  voteTimeoutMs: timer(limit.TIMEOUT_MS_MIN),
  voteTimeoutMsMax: timer(limit.TIMEOUT_MS_MIN),
  lostAfterMs: timer(limit.TIMEOUT_MS_MIN),
  resendAfterMs: timer(limit.TIMEOUT_MS_MIN),
  voidAfterMs: timer(limit.TIMEOUT_MS_MIN),
  dataBaseMs: timer(limit.TIMEOUT_MS_MIN),
  bandwidthMin: real(limit.BANDWIDTH_MIN_MIN, limit.BANDWIDTH_MIN_MAX),
  trainedDelayMs: timer(0),
})

export const HOSPITAL_SCHEMA = z.strictObject({
  id: peerId,
  name: NAME_SCHEMA,
  addresses: z.array(address).max(limit.ADDRESSES_MAX),
})

export const UNIT_SCHEMA = z.enum(UNIT_NAMES)
export const UNITS_SCHEMA = whole(1, limit.UNITS_MAX)
export const COPIES_SCHEMA = whole(1, limit.STUDY_COPIES_MAX)
export const ROUNDS_SCHEMA = whole(1, limit.ROUNDS_MAX)
export const LOCAL_STEPS_SCHEMA = whole(1, limit.LOCAL_STEPS_MAX)
export const PROFILE_SCHEMA = z.enum(['byzantine', 'crash'])

const PRIVACY_SCHEMA = z.strictObject({
  noise: z.enum(NOISE_NAMES),
  localSteps: LOCAL_STEPS_SCHEMA.exactOptional(),
  clippingNorm: real(limit.CLIPPING_NORM_MIN, limit.CLIPPING_NORM_MAX),
  sampleRate: whole(1, limit.SAMPLE_RATE_ONE),
  noiseMultiplier: real(0, limit.STUDY_NOISE_MULTIPLIER_MAX),
  delta: real(limit.DELTA_MIN, limit.DELTA_MAX),
  epsilon: real(0, limit.EPSILON_MAX),
  colluders: whole(1, limit.HOSPITALS_MAX - 2),
})

export const STUDY_SCHEMA = z.strictObject({
  version: z.literal(limit.STUDY_VERSION),
  name: NAME_SCHEMA,
  created: z.iso.datetime(),
  unit: UNIT_SCHEMA,
  units: UNITS_SCHEMA,
  copies: COPIES_SCHEMA,
  contract: CONTRACT_SCHEMA,
  cohort: z.literal('open'),
  influence: real(limit.INFLUENCE_MIN, limit.INFLUENCE_MAX).nullable(),
  evaluation: EVALUATION_SCHEMA.nullable(),
  search: SEARCH_SCHEMA.nullable(),
  wordBits: z.literal(32),
  normalisation: NORMALISATION_SCHEMA.exactOptional(),
  table: STUDY_TABLE_SCHEMA.exactOptional(),
  model: MODEL_SCHEMA,
  augmentation: AUGMENTATION_SCHEMA.exactOptional(),
  initialSeed: seed,
  optimizer: OPTIMIZER_SCHEMA,
  privacy: PRIVACY_SCHEMA,
  schedule: z
    .array(z.strictObject({ kind: z.enum(ROUND_KINDS), rounds: ROUNDS_SCHEMA }))
    .min(1)
    .max(limit.SCHEDULE_MAX),
  profile: PROFILE_SCHEMA,
  timing: TIMING_SCHEMA,
  hospitals: z.array(HOSPITAL_SCHEMA).max(limit.HOSPITALS_MAX),
})

function isPeerId(id: Uint8Array): boolean {
  try {
    publicKeyOfPeer(id)
    return true
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}
