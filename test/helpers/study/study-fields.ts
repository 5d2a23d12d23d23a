/** A study document, described field by field. @module */

import fc from 'fast-check'
import { encode, type Plain } from '../../../protocols/encoding/codec.ts'
import { decodeStudy } from '../../../protocols/study/document.ts'
import * as limit from '../../../protocols/study/limits.ts'
import {
  bytes,
  type Field,
  type Fields,
  type Form,
  list,
  nullable,
  oneOf,
  only,
  real,
  record,
  text,
  truth,
  whole,
} from '../fields.ts'
import { testSigners } from './study.ts'

const IDS = testSigners(7).map(({ id }) => id)
const NEVER_NAMES = ['', ' ', ' x', 'x ', 'a\u0000b', 'a\nb', 'a\u202eb', 'a\u001b[2Jb', 'a\u2028b']

const letters = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzäé漢'), minLength: 1, maxLength: 20 })
const name = text(letters, { max: limit.NAME_CHARACTERS_MAX, never: NEVER_NAMES })
const address = text(fc.constantFrom('/ip4/192.0.2.7/tcp/4001', '/dns4/a.example/tcp/4001', '/ip6/::1/tcp/1'), {
  max: limit.ADDRESS_CHARACTERS_MAX,
  never: ['', '/', 'x', '/ip4/1 2/tcp/3', '/ip4/192.0.2.7/tcp/4001\n', '/ip4//tcp'],
})

const peerId = bytes(38)

/** One hospital of a roster. */
export const HOSPITAL: Field = record({
  id: { ...only(peerId, ...(IDS as [Uint8Array])), bad: value => [...peerId.bad(value), new Uint8Array(38)] },
  name,
  addresses: list(address, { max: limit.ADDRESSES_MAX }),
})

/** The roster: sorted by id, with distinct names. */
const hospitals: Field = {
  ...list(HOSPITAL, { min: limit.HOSPITALS_MIN, max: limit.HOSPITALS_MAX }),
  good: fc
    .subarray(IDS, { minLength: 4 })
    .map(ids => ids.map((id, rank) => ({ id, name: `Hospital ${rank}`, addresses: [] }))),
}

const labels = list(name, { min: 2, max: limit.CLASSES_MAX })
const contractFields = {
  classes: { ...labels, good: fc.uniqueArray(letters, { minLength: 2, maxLength: 10 }) },
}
const side = only(whole(1, limit.IMAGE_SIDE_MAX), 1, 28, 256)
const channels = only(whole(1, limit.IMAGE_CHANNELS_MAX), 1, 3)

function tuple(...of: Field[]): Field {
  const bad = (value: Plain) => {
    const parts = value as readonly Plain[]
    const wrong = of.flatMap((field, at) => field.bad(parts[at] as Plain).map(one => parts.with(at, one)))
    return [null, 7, 'seven', Uint8Array.of(7), { seven: 7 }, [], [...parts, 1], parts.slice(1), ...wrong]
  }
  return { good: fc.tuple(...of.map(({ good }) => good)), least: of.map(({ least }) => least), edges: [], bad }
}

const image = record({ kind: oneOf('image'), shape: tuple(side, side, channels), ...contractFields })
const length = only(whole(1, limit.VECTOR_LENGTH_MAX), 1, 30, 1000)
const vector = record({ kind: oneOf('vector'), shape: tuple(length), ...contractFields })
const bound = real(-limit.BOUND_ABS_MAX, limit.BOUND_ABS_MAX)
const pair = tuple(only(bound, -1), only(bound, 1))
const boundedVector = record(
  { kind: oneOf('vector'), shape: tuple(only(whole(1, limit.VECTOR_LENGTH_MAX), 2)), ...contractFields },
  { bounds: tuple(pair, pair) },
)
const width = only(whole(1, limit.LAYER_WIDTH_MAX), 1, 8, 24)
const widths = list(width, { min: 1, max: limit.LAYERS_MAX, usually: 3 })
const logistic = record({ preset: oneOf('logistic') })
const activation = oneOf('relu', 'tanh')
const mlp = record({ preset: oneOf('mlp'), units: widths }, { activation })
const cnn = record(
  { preset: oneOf('cnn'), filters: widths, groups: only(whole(1, limit.LAYER_WIDTH_MAX), 1) },
  { activation, standardised: truth },
)
const augmentation = record({
  views: whole(1, limit.IMAGE_VIEWS_MAX),
  // images of one pixel cannot be shifted
  shift: only(whole(0, limit.IMAGE_SIDE_MAX - 1), 0),
  flip: truth,
})

function timer(min: number, ...values: [number, ...number[]]): Field {
  return only(whole(min, limit.TIMER_MS_MAX), ...values)
}

const timing = record({
  openDelayMs: timer(0, 0, limit.TIMER_MS_MAX),
  // bounds of each timer that are compatible with those of all others
  voteTimeoutMs: timer(limit.TIMEOUT_MS_MIN, limit.TIMEOUT_MS_MIN, 4000),
  voteTimeoutMsMax: timer(limit.TIMEOUT_MS_MIN, 4000, limit.TIMER_MS_MAX),
  lostAfterMs: timer(limit.TIMEOUT_MS_MIN, 1000, limit.TIMER_MS_MAX),
  resendAfterMs: timer(limit.TIMEOUT_MS_MIN, 2000, limit.TIMER_MS_MAX),
  voidAfterMs: timer(limit.TIMEOUT_MS_MIN, 404_000, limit.TIMER_MS_MAX),
  dataBaseMs: timer(limit.TIMEOUT_MS_MIN, 4000, 400_000),
  bandwidthMin: real(limit.BANDWIDTH_MIN_MIN, limit.BANDWIDTH_MIN_MAX),
  trainedDelayMs: timer(0, 0, limit.TIMER_MS_MAX),
})

const noises = oneOf('distributed', 'local', 'off')
const shared = {
  clippingNorm: real(limit.CLIPPING_NORM_MIN, limit.CLIPPING_NORM_MAX),
  sampleRate: whole(1, limit.SAMPLE_RATE_ONE),
  noiseMultiplier: {
    ...real(limit.STUDY_NOISE_MULTIPLIER_MIN, limit.STUDY_NOISE_MULTIPLIER_MAX),
    bad: real(0, limit.STUDY_NOISE_MULTIPLIER_MAX).bad,
  },
  delta: real(limit.DELTA_MIN, limit.DELTA_MAX),
  epsilon: { ...real(limit.EPSILON_MIN, limit.EPSILON_MAX), bad: real(0, limit.EPSILON_MAX).bad },
  colluders: only(whole(1, limit.HOSPITALS_MAX - 2), 1, 2),
}
const distributed = record({ noise: only(noises, 'distributed'), ...shared })
const local = record({ noise: only(noises, 'local'), ...shared }, { localSteps: whole(1, limit.LOCAL_STEPS_MAX) })
const columns = record({ kind: oneOf('columns'), noiseMultiplier: shared.noiseMultiplier })
const mean = record({
  kind: oneOf('mean'),
  norm: real(limit.CLIPPING_NORM_MIN, limit.CLIPPING_NORM_MAX),
  noiseMultiplier: shared.noiseMultiplier,
})

const kinds = oneOf('statistics', 'training')
const rounds = whole(1, limit.ROUNDS_MAX)
const statistics = record({ kind: only(kinds, 'statistics'), rounds: only(rounds, 1) })
const training = record({ kind: only(kinds, 'training'), rounds })

function studyOf(
  { contract, model, privacy }: Record<'contract' | 'model' | 'privacy', Field>,
  { optional = {}, normalisation }: { optional?: Fields; normalisation?: Field | undefined } = {},
): Field {
  const required = {
    version: oneOf(limit.STUDY_VERSION),
    name,
    created: text(fc.constantFrom('2026-01-01T00:00:00Z', '2026-12-31T23:59:59.999Z'), {
      max: 30,
      never: ['', 'yesterday', '2026-01-01', '2026-01-01T00:00:00+01:00', '2026-02-30T00:00:00Z'],
    }),
    unit: oneOf('record'),
    units: whole(1, limit.UNITS_MAX),
    copies: whole(1, limit.STUDY_COPIES_MAX),
    cohort: oneOf('open'),
    influence: nullable(real(limit.INFLUENCE_MIN, limit.INFLUENCE_MAX)),
    evaluation: oneOf(null),
    search: oneOf(null),
    wordBits: oneOf(32),
    contract,
    model,
    initialSeed: bytes(32),
    optimizer: record({
      learningRate: real(0, limit.LEARNING_RATE_MAX, { above: true }),
      momentum: real(0, 1, { below: true }),
      averageDecay: real(0, 1, { below: true }),
    }),
    privacy,
    schedule: normalisation === undefined ? tuple(training) : tuple(statistics, training),
    ...(normalisation !== undefined && { normalisation }),
    profile: only(oneOf('byzantine', 'crash'), 'byzantine', 'crash'),
    timing,
    hospitals,
  }
  return record(required, optional)
}

const vectors = studyOf({ contract: vector, model: logistic, privacy: distributed })
const bounded = studyOf({ contract: boundedVector, model: logistic, privacy: distributed })
const centred = studyOf({ contract: vector, model: logistic, privacy: distributed }, { normalisation: mean })
const [images, normalisedImages] = [undefined, columns].map(normalisation =>
  [logistic, mlp, cnn].map(model =>
    studyOf({ contract: image, model, privacy: local }, { optional: { augmentation }, normalisation }),
  ),
) as [Field[], Field[]]

/** The kind of a study, which determines its invalid values. */
function kindOf(value: Plain): Field {
  const { contract, model, normalisation } = value as {
    contract: { kind: string; shape: number[] }
    model: { preset: string }
    normalisation?: unknown
  }
  if (contract.kind === 'vector' && normalisation !== undefined) return centred
  if (contract.kind === 'vector') return contract.shape[0] === 2 ? bounded : vectors
  return (normalisation === undefined ? images : normalisedImages)[
    ['logistic', 'mlp', 'cnn'].indexOf(model.preset)
  ] as Field
}

export const STUDY: Form = {
  name: 'study',
  field: {
    good: fc.oneof(
      vectors.good,
      bounded.good,
      centred.good,
      ...[...images, ...normalisedImages].map(({ good }) => good),
    ),
    least: vectors.least,
    edges: [],
    bad: value => kindOf(value).bad(value),
  },
  encode,
  decode: decodeStudy,
  codes: ['malformed-study', 'needs-newer', 'incompatible-study', 'too-few-hospitals', 'bad-bounds'],
}
