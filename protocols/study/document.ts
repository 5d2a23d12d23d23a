/**
 * The study document: what every hospital agrees to, once, named by the hash of its bytes.
 *
 * It comes from another hospital, so decoding checks everything: shape, limits, and the rules that no single field
 * shows. A document that decodes can be planned, shown and trained.
 *
 * @module
 */

import { z } from 'zod'
import { TAG_STUDY } from '../../crypto/domain.ts'
import { CodedError, ProtocolError } from '../../crypto/errors.ts'
import { sha256 } from '../../crypto/hash.ts'
import { publicKeyOfPeer } from '../../crypto/signature.ts'
import { decode, encode } from '../codec.ts'
import { printable } from '../printable.ts'
import * as limit from './constants.ts'
import { checkRules } from './rules.ts'

/** Of hidden layers; absent is relu. A bounded one keeps gradients smaller, so that less of them is clipped. */
export type Activation = 'relu' | 'tanh'

export type ModelSpec =
  | { preset: 'logistic' }
  | { preset: 'mlp'; units: number[]; activation?: Activation }
  /** `standardised`: every filter is used without its mean and with norm 1 */
  | { preset: 'cnn'; filters: number[]; groups: number; activation?: Activation; standardised?: boolean }
  /** frozen wavelet features, averaged over square cells of so many pixels, and a linear head: for images */
  | { preset: 'scattering'; scales: number; angles: number; cell: number }

/**
 * What a record looks like. `records` is the nominal, public total over all hospitals, never a private count. `bounds`
 * are public limits of each column, from knowledge of the field, never from data: values are clipped to them and scaled
 * to −1 … 1.
 */
export type StudyData =
  | { kind: 'image'; shape: [number, number, number]; classes: string[]; records: number }
  | { kind: 'vector'; shape: [number]; classes: string[]; records: number; bounds?: [number, number][] }

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
  noise: 'distributed' | 'local' | 'off'
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

// Names are printed on other people's terminals: no control characters, no text that changes the writing direction.
const name = z
  .string()
  .min(1)
  .max(limit.NAME_CHARACTERS_MAX)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'has control characters')
  .refine(text => text.trim() === text, 'begins or ends with a space')
const whole = (min: number, max: number) => z.number().int().min(min).max(max)
const real = (min: number, max: number) => z.number().min(min).max(max)
const timer = (min: number) => whole(min, limit.TIMER_MS_MAX)
const widths = z.array(whole(1, limit.LAYER_WIDTH_MAX)).min(1).max(limit.LAYERS_MAX)
const address = z
  .string()
  .max(limit.ADDRESS_CHARACTERS_MAX)
  .regex(/^(\/[\w.:%-]+)+$/, 'is not a multiaddr such as /ip4/192.0.2.7/tcp/4001')
const sized = (length: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === length, `must be ${length} bytes`)
const seed = sized(32)
const peerId = sized(38).refine(id => isPeerId(id), 'is not an Ed25519 PeerId')

const contract = {
  classes: z.array(name).min(2).max(limit.CLASSES_MAX),
  records: whole(1, limit.RECORDS_MAX),
}
const side = whole(1, limit.IMAGE_SIDE_MAX)
const bound = real(-limit.BOUND_ABS_MAX, limit.BOUND_ABS_MAX)

export const DATA_SCHEMA = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('image'),
    shape: z.tuple([side, side, whole(1, limit.IMAGE_CHANNELS_MAX)]),
    ...contract,
  }),
  z.strictObject({
    kind: z.literal('vector'),
    shape: z.tuple([whole(1, limit.VECTOR_LENGTH_MAX)]),
    ...contract,
    bounds: z
      .array(z.tuple([bound, bound]))
      .max(limit.BOUNDS_MAX)
      .exactOptional(),
  }),
])

const multiplier = real(limit.NOISE_MULTIPLIER_MIN, limit.NOISE_MULTIPLIER_MAX)
export const NORMALISATION_SCHEMA = z.strictObject({ noiseMultiplier: multiplier })
const activation = z.enum(['relu', 'tanh']).exactOptional()

export const MODEL_SCHEMA = z.discriminatedUnion('preset', [
  z.strictObject({ preset: z.literal('logistic') }),
  z.strictObject({ preset: z.literal('mlp'), units: widths, activation }),
  z.strictObject({
    preset: z.literal('cnn'),
    filters: widths,
    groups: whole(1, limit.LAYER_WIDTH_MAX),
    activation,
    standardised: z.boolean().exactOptional(),
  }),
  z.strictObject({
    preset: z.literal('scattering'),
    scales: whole(1, limit.SCATTERING_SCALES_MAX),
    angles: whole(1, limit.SCATTERING_ANGLES_MAX),
    cell: whole(1, limit.IMAGE_SIDE_MAX),
  }),
])

export const AUGMENTATION_SCHEMA = z.strictObject({
  views: whole(1, limit.VIEWS_MAX),
  shift: whole(0, limit.IMAGE_SIDE_MAX - 1),
  flip: z.boolean(),
})

export const OPTIMIZER_SCHEMA = z.strictObject({
  learningRate: z.number().positive().max(limit.LEARNING_RATE_MAX),
  momentum: z.number().min(0).lt(1),
  averageDecay: z.number().min(0).lt(1),
})

export const TIMING_SCHEMA = z.strictObject({
  openDelayMs: timer(0),
  voteTimeoutMs: timer(10),
  voteTimeoutMsMax: timer(10),
  lostAfterMs: timer(10),
  resendAfterMs: timer(10),
  voidAfterMs: timer(10),
  dataBaseMs: timer(10),
  bandwidthMin: real(limit.BANDWIDTH_MIN_MIN, limit.BANDWIDTH_MIN_MAX),
  trainedDelayMs: timer(0),
})

export const HOSPITAL_SCHEMA = z.strictObject({
  id: peerId,
  name,
  addresses: z.array(address).max(limit.ADDRESSES_MAX),
})

export const NAME_SCHEMA = name
export const ROUNDS_SCHEMA = whole(1, limit.ROUNDS_MAX)
export const LOCAL_STEPS_SCHEMA = whole(1, limit.LOCAL_STEPS_MAX)
export const PROFILE_SCHEMA = z.enum(['byzantine', 'crash'])

const PRIVACY_SCHEMA = z.strictObject({
  noise: z.enum(['distributed', 'local', 'off']),
  localSteps: LOCAL_STEPS_SCHEMA.exactOptional(),
  clippingNorm: real(limit.CLIPPING_NORM_MIN, limit.CLIPPING_NORM_MAX),
  sampleRate: whole(1, limit.SAMPLE_RATE_ONE),
  noiseMultiplier: real(0, limit.NOISE_MULTIPLIER_MAX),
  delta: real(limit.DELTA_MIN, limit.DELTA_MAX),
  epsilon: real(0, limit.EPSILON_MAX),
  colluders: whole(1, limit.HOSPITALS_MAX - 2),
})

const STUDY_SCHEMA = z.strictObject({
  version: z.literal(limit.STUDY_VERSION),
  name,
  created: z.iso.datetime(),
  data: DATA_SCHEMA,
  normalisation: NORMALISATION_SCHEMA.exactOptional(),
  model: MODEL_SCHEMA,
  augmentation: AUGMENTATION_SCHEMA.exactOptional(),
  initialSeed: seed,
  optimizer: OPTIMIZER_SCHEMA,
  privacy: PRIVACY_SCHEMA,
  rounds: ROUNDS_SCHEMA,
  profile: PROFILE_SCHEMA,
  timing: TIMING_SCHEMA,
  hospitals: z.array(HOSPITAL_SCHEMA).max(limit.HOSPITALS_MAX),
})

/**
 * Checks a value against everything that a study must satisfy.
 *
 * @returns the document, typed
 * @throws ProtocolError `incompatible-study` (another version), `malformed-study` (shape or limit, naming the field),
 *   `too-few-hospitals`, `bad-roster`, `bad-profile`, `too-many-colluders`, `bad-noise`, `local-steps-need-local-noise`,
 *   `bad-bounds`, `unsupported-normalisation`, `unsupported-model`, `unsupported-augmentation`
 */
export function validateStudy(value: unknown): StudyDocument {
  const version = (value as { version?: unknown } | null)?.version
  if (Number.isInteger(version) && version !== limit.STUDY_VERSION) {
    throw new ProtocolError('incompatible-study', `The study has version ${version}, and this program reads version 1`)
  }
  const parsed = STUDY_SCHEMA.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const where = issue?.path.join('.') || 'the document'
    throw new ProtocolError('malformed-study', printable(`The study is malformed: ${where}: ${issue?.message}`))
  }
  checkRules(parsed.data)
  return parsed.data
}

/** The document's canonical bytes. @throws ProtocolError as `validateStudy` */
export function encodeStudy(document: StudyDocument): Uint8Array {
  return encode(validateStudy(document))
}

/** Reads a document from bytes that somebody else made. @throws ProtocolError as `decode` and `validateStudy` */
export function decodeStudy(bytes: Uint8Array): StudyDocument {
  return validateStudy(decode(bytes, { bytesMax: limit.STUDY_BYTES_MAX, stringMax: limit.STRING_BYTES_MAX }))
}

/** The study's name everywhere: SHA-256(tag ‖ canonical bytes), 32 bytes. */
export function studyIdOf(document: StudyDocument): Uint8Array {
  return sha256(TAG_STUDY, encodeStudy(document))
}

/** Refuses a study that promises nothing. @throws ProtocolError `noise-off` */
export function requireNoise(document: StudyDocument): void {
  if (document.privacy.noise === 'off') {
    throw new ProtocolError('noise-off', 'The study has its noise turned off: that exists for tests, never for records')
  }
}

function isPeerId(id: Uint8Array): boolean {
  try {
    publicKeyOfPeer(id)
    return true
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}
