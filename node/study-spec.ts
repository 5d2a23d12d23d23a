/**
 * The study spec: the TOML that a founder writes, and the document that follows from it.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { compare } from 'uint8arrays/compare'
import { fromString } from 'uint8arrays/from-string'
import { z } from 'zod'
import { CryptoError, EXIT, OperatorError, ProtocolError } from '../crypto/errors.ts'
import { pldNoiseMultiplier } from '../crypto/noise-multiplier.ts'
import * as limit from '../protocols/study/constants.ts'
import {
  AUGMENTATION_SCHEMA,
  DATA_SCHEMA,
  MODEL_SCHEMA,
  NAME_SCHEMA,
  OPTIMIZER_SCHEMA,
  PROFILE_SCHEMA,
  ROUNDS_SCHEMA,
  requireNoise,
  type StudyDocument,
  TIMING_SCHEMA,
  validateStudy,
} from '../protocols/study/document.ts'
import { colludersDefault, planStudy, type StudyPlan } from '../protocols/study/plan.ts'
import { ADDRESS_SCHEMA, PEER_SCHEMA } from './config.ts'
import { parsePeerId } from './identity.ts'
import { readToml } from './toml.ts'

const MOMENTUM_DEFAULT = 0.9
const AVERAGE_DECAY_DEFAULT = 0.99
const SEED_BYTES = 32

const SPEC_SCHEMA = z.strictObject({
  name: NAME_SCHEMA,
  rounds: ROUNDS_SCHEMA,
  profile: PROFILE_SCHEMA.optional(),
  colluders: z.number().int().min(1).max(limit.HOSPITALS_MAX).optional(),
  initialSeed: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits')
    .optional(),
  data: DATA_SCHEMA,
  model: MODEL_SCHEMA,
  augmentation: AUGMENTATION_SCHEMA.extend({ flip: AUGMENTATION_SCHEMA.shape.flip.default(false) }).exactOptional(),
  optimizer: OPTIMIZER_SCHEMA.extend({
    momentum: OPTIMIZER_SCHEMA.shape.momentum.default(MOMENTUM_DEFAULT),
    averageDecay: OPTIMIZER_SCHEMA.shape.averageDecay.default(AVERAGE_DECAY_DEFAULT),
  }),
  privacy: z.strictObject({
    noise: z.enum(['distributed', 'off']).default('distributed'),
    epsilon: z.number().min(limit.EPSILON_MIN).max(limit.EPSILON_MAX),
    delta: z.number().min(limit.DELTA_MIN).max(limit.DELTA_MAX),
    clippingNorm: z.number().min(limit.CLIPPING_NORM_MIN).max(limit.CLIPPING_NORM_MAX),
    sampleRate: z.number().positive().max(1),
  }),
  timing: z
    .strictObject({ preset: z.enum(['wan', 'lan']).default('wan'), ...TIMING_SCHEMA.partial().shape })
    .prefault({}),
  hospital: z.array(
    z.strictObject({
      name: NAME_SCHEMA,
      peer: PEER_SCHEMA,
      addresses: z.array(ADDRESS_SCHEMA).max(limit.ADDRESSES_MAX).default([]),
    }),
  ),
})

export type StudySpec = z.output<typeof SPEC_SCHEMA>

/** Reads a spec. @throws OperatorError of exit code 3, naming the file and the key */
export function readStudySpec(file: string): Promise<StudySpec> {
  return readToml(file, SPEC_SCHEMA, {
    message: `There is no study spec ${file}`,
    hint: 'The README has one to start from.',
  })
}

/**
 * Makes the document of a spec: solves the noise multiplier over all rounds, fills in defaults, sorts the hospitals.
 *
 * @param created ISO 8601, UTC
 * @param file only names the spec in errors
 * @throws OperatorError `study-refused`, exit code 3, with the reason
 */
export function documentOfSpec(
  spec: StudySpec,
  { created, file }: { created: string; file: string },
): { document: StudyDocument; plan: StudyPlan } {
  const hospitals = spec.hospital
    .map(({ name, peer, addresses }) => ({ id: parsePeerId(peer), name, addresses }))
    .sort((a, b) => compare(a.id, b.id))
  const count = hospitals.length
  const profile = spec.profile ?? (count === limit.HOSPITALS_MIN ? 'crash' : 'byzantine')
  const { noise, epsilon, delta, clippingNorm } = spec.privacy
  const sampleRate = Math.max(1, Math.round(spec.privacy.sampleRate * limit.SAMPLE_RATE_ONE))
  const draft: StudyDocument = {
    version: limit.STUDY_VERSION,
    name: spec.name,
    created,
    data: spec.data,
    model: spec.model,
    // a key that is absent, not one that is undefined: its bytes are those of a study without views
    ...(spec.augmentation === undefined ? {} : { augmentation: spec.augmentation }),
    initialSeed: seedOf(spec),
    optimizer: spec.optimizer,
    privacy: {
      noise,
      clippingNorm,
      sampleRate,
      // solved for below, once it is certain that the rest is in order
      noiseMultiplier: 1,
      delta,
      epsilon,
      colluders: spec.colluders ?? colludersDefault({ hospitals: count, profile }),
    },
    rounds: spec.rounds,
    profile,
    timing: timingOf(spec),
    hospitals,
  }
  try {
    requireNoise(draft)
    validateStudy(draft)
    const rate = sampleRate / limit.SAMPLE_RATE_ONE
    const noiseMultiplier = pldNoiseMultiplier({ sampleRate: rate, steps: spec.rounds, delta, epsilon })
    const document = validateStudy({
      ...draft,
      privacy: { ...draft.privacy, noiseMultiplier: Math.max(noiseMultiplier, limit.NOISE_MULTIPLIER_MIN) },
    })
    return { document, plan: planStudy(document) }
  } catch (cause) {
    if (!(cause instanceof ProtocolError || cause instanceof CryptoError)) throw cause
    throw new OperatorError('study-refused', cause.message, {
      hint: `Correct ${file}.`,
      exitCode: EXIT.config,
      cause,
    })
  }
}

function seedOf({ initialSeed }: StudySpec): Uint8Array {
  return new Uint8Array(initialSeed === undefined ? randomBytes(SEED_BYTES) : fromString(initialSeed, 'base16'))
}

function timingOf({ timing: { preset, ...overrides } }: StudySpec): StudyDocument['timing'] {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  return { ...limit.TIMING_PRESETS[preset], ...given }
}
