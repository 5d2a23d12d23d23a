/**
 * The study spec: reads the TOML that a founder writes, and makes the study document.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { compare } from 'uint8arrays/compare'
import { fromString } from 'uint8arrays/from-string'
import { z } from 'zod'
import { type AccountedSteps, noiseMultiplierFor, type PrivacyTarget } from '../../crypto/accounting/accountant.ts'
import { CryptoError } from '../../crypto/errors.ts'
import { whole } from '../../protocols/encoding/fields.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { NAME_SCHEMA } from '../../protocols/study/contracts/fields.ts'
import { CONTRACT_SCHEMA } from '../../protocols/study/contracts/list.ts'
import { requireNoise, validateStudy } from '../../protocols/study/document.ts'
import { keepsSidesApart } from '../../protocols/study/epsilons.ts'
import { layoutOf } from '../../protocols/study/evaluation.ts'
import * as limit from '../../protocols/study/limits.ts'
import { MODEL_SCHEMA, type ModelSpec, presetOf } from '../../protocols/study/models/list.ts'
import { NOISE_NAMES } from '../../protocols/study/noise/mode.ts'
import { planStudy, type StudyPlan } from '../../protocols/study/plan.ts'
import { colludersDefault } from '../../protocols/study/quorum.ts'
import { mainRounds, roundsOf, scheduleOf } from '../../protocols/study/rounds.ts'
import {
  AUGMENTATION_SCHEMA,
  COPIES_SCHEMA,
  EVALUATION_SCHEMA,
  LOCAL_STEPS_SCHEMA,
  OPTIMIZER_SCHEMA,
  PROFILE_SCHEMA,
  ROUNDS_SCHEMA,
  SUBGROUPS_SCHEMA,
  TIMING_SCHEMA,
  UNIT_SCHEMA,
  UNITS_SCHEMA,
} from '../../protocols/study/schema.ts'
import { ONLY_TERMS } from '../../protocols/study/terms.ts'
import { TIMING_PRESETS } from '../../protocols/study/timing.ts'
import type { StudyDocument, StudyEvaluation, StudyNormalisation } from '../../protocols/study/types.ts'
import { ADDRESS_SCHEMA, PEER_SCHEMA } from '../config/config.ts'
import { checkTable, readTomlText, tomlTable } from '../config/toml.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { parsePeerId } from '../storage/identity.ts'
import { packageFile } from '../version.ts'
import { noiseOfCounts } from './evaluation-figures.ts'
import { bestBins, type EvaluationTerms, type ExpectedDeviation, expectedDeviation } from './evaluation-plan.ts'
import { requireRoundsLeft, SEARCH_SPEC_SCHEMA, searchOfSpec } from './search-spec.ts'
import { withBestTable } from './table-plan.ts'
import { draftTable, refuseTraining, TABLE_SPEC_SCHEMA, withTableValues } from './table-spec.ts'

/** In the package, beside `heart-disease.toml`. */
const SPEC_EXAMPLE = 'node/examples/chest-xray.toml'
const MOMENTUM_DEFAULT = 0.9
const AVERAGE_DECAY_DEFAULT = 0.99
const SEED_BYTES = 32
/**
 * Composition makes this cheap: with a third of epsilon for the statistics the training needs about 5 % more noise, with a
 * fifth 2 %. The mean of features is worth most there: sim/demo/recipe.ts has what was measured.
 */
const SHARE_DEFAULT = { columns: 0.3, mean: 0.2 } as const
const SHARE_MAX = 0.9
/** With two fifths of epsilon for the evaluations the training needs about a tenth more noise. */
const EVALUATION_SHARE_DEFAULT = 0.4
const HELD_BACK_DEFAULT = 0.15
const HELD_BACK_MIN = limit.HELD_BACK_SHARE_MIN / limit.SAMPLE_RATE_ONE
const HELD_BACK_MAX = limit.HELD_BACK_SHARE_MAX / limit.SAMPLE_RATE_ONE
const MARGIN_DEFAULT = 0.02
/** Any, before the plan says how many are best. */
const BINS_DRAFT = 8

const SPEC_SCHEMA = z.strictObject({
  name: NAME_SCHEMA,
  rounds: ROUNDS_SCHEMA,
  /** absent: the patient where records say whose they are, else the record */
  unit: UNIT_SCHEMA.optional(),
  /** of all hospitals together, nominal */
  units: UNITS_SCHEMA,
  /** hospitals that may have the same unit, at the promised epsilon */
  copies: COPIES_SCHEMA.default(1),
  profile: PROFILE_SCHEMA.optional(),
  /** of the bound on what a round may move the model: times the pull of all units that it is expected to draw */
  influence: z.number().min(limit.INFLUENCE_MIN).max(limit.INFLUENCE_MAX).default(limit.INFLUENCE_DEFAULT),
  colluders: whole(1, limit.HOSPITALS_MAX).optional(),
  initialSeed: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits')
    .optional(),
  contract: CONTRACT_SCHEMA,
  normalisation: z
    .strictObject({
      /** share of epsilon that the statistics alone would cost */
      share: z.number().positive().max(SHARE_MAX).optional(),
    })
    .optional(),
  evaluation: z
    .strictObject({
      /** rounds of training before each; absent: one, after the last round of training */
      every: ROUNDS_SCHEMA.optional(),
      /** part of the units that each hospital holds back */
      share: z.number().min(HELD_BACK_MIN).max(HELD_BACK_MAX).default(HELD_BACK_DEFAULT),
      /** nominal number of units that are held back over all hospitals; absent: by the share, beside `units` */
      units: UNITS_SCHEMA.optional(),
      /** absent: those with the least deviation */
      bins: EVALUATION_SCHEMA.shape.bins.optional(),
      margin: EVALUATION_SCHEMA.shape.margin.default(MARGIN_DEFAULT),
      /** groups that are counted apart, by a column of a table */
      subgroups: SUBGROUPS_SCHEMA.exactOptional(),
      /** share of epsilon that the evaluations alone would cost, where the same unit may pay for training */
      epsilonShare: z.number().positive().max(SHARE_MAX).default(EVALUATION_SHARE_DEFAULT),
    })
    .optional(),
  /** settings that the study tries itself */
  search: SEARCH_SPEC_SCHEMA.optional(),
  /** columns are counted, and nothing is trained: then the tables about training are absent */
  table: TABLE_SPEC_SCHEMA.optional(),
  model: MODEL_SCHEMA,
  augmentation: AUGMENTATION_SCHEMA.extend({ flip: AUGMENTATION_SCHEMA.shape.flip.default(false) }).exactOptional(),
  optimizer: OPTIMIZER_SCHEMA.extend({
    momentum: OPTIMIZER_SCHEMA.shape.momentum.default(MOMENTUM_DEFAULT),
    averageDecay: OPTIMIZER_SCHEMA.shape.averageDecay.default(AVERAGE_DECAY_DEFAULT),
  }),
  privacy: z.strictObject({
    noise: z.enum(NOISE_NAMES).default('distributed'),
    localSteps: LOCAL_STEPS_SCHEMA.optional(),
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

const TEMPLATE_SCHEMA = SPEC_SCHEMA.extend({ hospital: SPEC_SCHEMA.shape.hospital.max(0).default([]) })

/** Reads a spec. @throws OperatorError of exit code 3, naming the file and the key */
export async function readStudySpec(file: string): Promise<StudySpec> {
  const text = await readTomlText(file, {
    message: `There is no study spec ${file}`,
    hint: `Copy ${packageFile(SPEC_EXAMPLE)} and change it.`,
  })
  return checkedSpec(text, SPEC_SCHEMA, file)
}

/** Reads a spec that has no hospitals, and gives it some. @throws OperatorError of exit code 3, naming the file and the key */
export async function readSpecWithout(file: string, hospitals: StudySpec['hospital']): Promise<StudySpec> {
  const text = await readTomlText(file, {
    message: `There is no study spec ${file}`,
    hint: `Copy ${packageFile(SPEC_EXAMPLE)} without its hospitals and change it.`,
  })
  return { ...checkedSpec(text, TEMPLATE_SCHEMA, file), hospital: hospitals }
}

function checkedSpec(text: string, schema: typeof SPEC_SCHEMA | typeof TEMPLATE_SCHEMA, file: string): StudySpec {
  const values = tomlTable(text, file)
  const spec = checkTable(withTableValues(values), schema, file)
  refuseTraining(values, file)
  return spec
}

/**
 * Checks the text of a spec.
 *
 * @param file only names it in errors
 * @param hospitals `later`: the text has none
 * @throws OperatorError `config-invalid`, exit code 3
 */
export function parseStudySpec(text: string, file: string, { hospitals }: { hospitals: 'later' | 'there' }): StudySpec {
  return checkedSpec(text, hospitals === 'there' ? SPEC_SCHEMA : TEMPLATE_SCHEMA, file)
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
  const { noise, localSteps, epsilon, delta, clippingNorm } = spec.privacy
  const sampleRate = Math.max(1, Math.round(spec.privacy.sampleRate * limit.SAMPLE_RATE_ONE))
  const base: StudyDocument = {
    version: limit.STUDY_VERSION,
    name: spec.name,
    created,
    unit: spec.unit ?? (spec.contract.patients ? 'patient' : 'record'),
    ...ONLY_TERMS,
    // nothing is trained, so nothing is moved
    influence: spec.table === undefined ? spec.influence : null,
    evaluation: draftEvaluation(spec),
    search: searchOfSpec(spec),
    copies: spec.copies,
    units: spec.units,
    contract: spec.contract,
    ...(spec.normalisation !== undefined && { normalisation: draftNormalisation(spec.model) }),
    model: spec.model,
    // absent, not undefined, so that the bytes equal those of a study without views
    ...(spec.augmentation === undefined ? {} : { augmentation: spec.augmentation }),
    initialSeed: seedOf(spec),
    optimizer: spec.optimizer,
    privacy: {
      noise,
      ...(localSteps !== undefined && { localSteps }),
      clippingNorm,
      sampleRate,
      // solved below, after the rest is checked
      noiseMultiplier: 1,
      delta,
      epsilon,
      colluders: spec.colluders ?? colludersDefault({ hospitals: count, profile }),
    },
    schedule: scheduleOfSpec(spec),
    profile,
    timing: timingOf(spec),
    hospitals,
  }
  try {
    requireRoundsLeft(spec)
    const draft = { ...base, ...draftTable(spec.table, base) }
    requireNoise(draft)
    validateStudy(draft)
    const noised = withNoise(draft, { ...shareOf(spec), evaluation: spec.evaluation?.epsilonShare })
    const scored = spec.evaluation?.bins === undefined ? withBestBins(noised) : noised
    const document = validateStudy(spec.table?.bins === undefined ? withBestTable(scored) : scored)
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

/** Shares of epsilon that sums besides training would cost alone. */
export interface EpsilonShares {
  /** of the statistics, in studies with a normalisation */
  readonly share?: number
  /** of the evaluations, where those who are held back are not told apart from those who are trained on */
  readonly evaluation?: number | undefined
}

/**
 * The draft with the noise that its epsilon requires, for the statistics, the evaluations and all training steps.
 *
 * @throws ProtocolError `unsupported-privacy`, naming the keys whose values are impossible
 */
export function withNoise(draft: StudyDocument, shares: EpsilonShares = {}): StudyDocument {
  const { copies, normalisation } = draft
  const { delta, epsilon, sampleRate, localSteps = 1 } = draft.privacy
  const whole = { sampleRate: 1, copies }
  const besides: AccountedSteps[] = []
  let noised = draft
  if (normalisation !== undefined && shares.share !== undefined) {
    const share = shares.share * epsilon
    const what = `the statistics within normalisation.share times privacy.epsilon, ${share}`
    const noiseMultiplier = noiseOf({ ...whole, steps: 1, delta, epsilon: share }, what)
    besides.push({ ...whole, steps: 1, noiseMultiplier })
    noised = { ...noised, normalisation: { ...normalisation, noiseMultiplier } }
  }
  if (draft.evaluation !== null) {
    // who is held back pays for nothing else, where that is known
    const apart = keepsSidesApart(draft, copies)
    const share = apart ? epsilon : (shares.evaluation ?? EVALUATION_SHARE_DEFAULT) * epsilon
    const steps = roundsOf(draft, 'evaluation')
    const what = `${steps} evaluations within ${apart ? 'privacy.epsilon' : 'evaluation.epsilonShare times privacy.epsilon'}, ${share}`
    const noiseMultiplier = noiseOf({ ...whole, steps, delta, epsilon: share }, what)
    if (!apart) besides.push({ ...whole, steps, noiseMultiplier })
    noised = { ...noised, evaluation: { ...draft.evaluation, noiseMultiplier } }
  }
  const steps = mainRounds(draft) * localSteps
  const ofWhat =
    draft.table === undefined ? `times privacy.localSteps, ${steps} steps of training` : `of a table, ${steps}`
  const what = `rounds ${ofWhat}, within privacy.epsilon ${epsilon}`
  const training = { sampleRate: sampleRate / limit.SAMPLE_RATE_ONE, steps, copies, delta, epsilon, besides }
  return { ...noised, privacy: { ...draft.privacy, noiseMultiplier: noiseOf(training, what) } }
}

function scheduleOfSpec({ rounds, normalisation, evaluation, table, ...spec }: StudySpec): StudyDocument['schedule'] {
  if (table !== undefined) return [{ kind: 'table', rounds }]
  const every = evaluation && (evaluation.every ?? rounds)
  return scheduleOf({ rounds, statistics: normalisation !== undefined, every, search: searchOfSpec(spec) })
}

/** The evaluation of a spec before its noise is known; null without. */
function draftEvaluation({ evaluation, units: trained }: StudySpec): StudyEvaluation | null {
  if (evaluation === undefined) return null
  const { share, margin, bins = BINS_DRAFT, subgroups } = evaluation
  const units = evaluation.units ?? Math.max(1, Math.round((trained * share) / (1 - share)))
  const draft = { bins, share: Math.round(share * limit.SAMPLE_RATE_ONE), units, noiseMultiplier: 1, margin }
  return subgroups === undefined ? draft : { ...draft, subgroups }
}

/** What to expect of a study's evaluations; null in studies without. */
export function evaluationAhead(
  document: StudyDocument,
): { readonly terms: EvaluationTerms; readonly expected: ExpectedDeviation } | null {
  const terms = evaluationTerms(document)
  return terms === null ? null : { terms, expected: expectedDeviation(terms, document.evaluation!.bins) }
}

function evaluationTerms(document: StudyDocument): EvaluationTerms | null {
  if (document.evaluation === null) return null
  // of all groups together
  const noise = Math.sqrt(layoutOf(document)!.groups) * noiseOfCounts(document)
  return { classes: document.contract.classes.length, units: document.evaluation.units, noise }
}

/** A study whose evaluations have as many bins as give the least deviation. */
function withBestBins(document: StudyDocument): StudyDocument {
  const terms = evaluationTerms(document)
  if (terms === null || document.evaluation === null) return document
  return { ...document, evaluation: { ...document.evaluation, bins: bestBins(terms).bins } }
}

/**
 * The normalisation of a model before its noise is known: of its features if they are frozen, else of the records'
 * columns.
 */
export function draftNormalisation(model: ModelSpec): StudyNormalisation {
  const { featureNorm } = presetOf(model)
  if (featureNorm === null) return { kind: 'columns', noiseMultiplier: 1 }
  return { kind: 'mean', norm: featureNorm, noiseMultiplier: 1 }
}

/** The statistics' share of epsilon, if the spec has statistics. */
export function shareOf({
  normalisation,
  model,
}: Pick<StudySpec, 'normalisation' | 'model'>): { share: number } | undefined {
  if (normalisation === undefined) return undefined
  return { share: normalisation.share ?? SHARE_DEFAULT[draftNormalisation(model).kind] }
}

/** A study never has less than the smallest multiplier. @param what for the error: names the keys that decide it */
function noiseOf(wanted: PrivacyTarget, what: string): number {
  try {
    return Math.max(noiseMultiplierFor(wanted), limit.STUDY_NOISE_MULTIPLIER_MIN)
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new ProtocolError('unsupported-privacy', `No noise keeps ${what}: ${cause.message}`, { cause })
  }
}

function seedOf({ initialSeed }: StudySpec): Uint8Array {
  return new Uint8Array(initialSeed === undefined ? randomBytes(SEED_BYTES) : fromString(initialSeed, 'base16'))
}

function timingOf({ timing: { preset, ...overrides } }: StudySpec): StudyDocument['timing'] {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  return { ...TIMING_PRESETS[preset], ...given }
}
