// Claims of protocols/study/document.ts: a document that decodes is whole, bounded and consistent, and has one id.

import test from 'ava'
import fc from 'fast-check'
import { decode, encode } from '../../../protocols/encoding/codec.ts'
import { ProtocolError } from '../../../protocols/errors.ts'
import { decodeStudy, encodeStudy, requireNoise, studyIdOf, validateStudy } from '../../../protocols/study/document.ts'
import { trainingRounds, withRounds } from '../../../protocols/study/rounds.ts'
import { ONLY_TERMS } from '../../../protocols/study/terms.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { toHex } from '../../helpers/hex.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { changedIn, codeOf } from './changed.ts'

const privacy: StudyDocument['privacy'] = {
  noise: 'distributed',
  clippingNorm: 1,
  sampleRate: 2 ** 28,
  noiseMultiplier: 1.5,
  delta: 1e-5,
  epsilon: 3,
  colluders: 2,
}
const study = testStudy(testSigners(5), { privacy })
const changed = (path: string, value: unknown): unknown => changedIn(study, path, value)

function paths(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  return Object.entries(value).flatMap(([key, child]) => [`${prefix}${key}`, ...paths(child, `${prefix}${key}.`)])
}

test('a study comes back from its bytes, with the same id', t => {
  const bytes = encodeStudy(study)
  t.deepEqual(decodeStudy(bytes), study)
  t.deepEqual(studyIdOf(decodeStudy(bytes)), studyIdOf(study))
  t.is(studyIdOf(study).length, 32)
})

test('every field counts for the id', t => {
  const id = toHex(studyIdOf(study))
  for (const change of [
    { name: 'Another' },
    withRounds({}, trainingRounds(study) + 1),
    { created: '2026-01-01T00:00:01Z' },
    { timing: { ...study.timing, openDelayMs: 7 } },
  ]) {
    t.not(toHex(studyIdOf({ ...study, ...change })), id)
  }
})

test('no field is optional, and none may be added at any level', t => {
  for (const path of paths(study)) {
    if (/\.\d+$/.test(path)) continue
    t.not(
      codeOf(() => validateStudy(changed(path, undefined))),
      'accepted',
      `without ${path}`,
    )
  }
  for (const path of ['extra', 'contract.extra', 'model.extra', 'optimizer.extra', 'privacy.extra', 'timing.extra']) {
    t.is(
      codeOf(() => validateStudy(changed(path, 1))),
      'needs-newer',
      path,
    )
  }
  t.is(
    codeOf(() => validateStudy(changed('hospitals.0.extra', 1))),
    'needs-newer',
  )
})

test('a value of another type is refused in every field, by a ProtocolError', t => {
  for (const path of paths(study)) {
    for (const value of [null, {}, [], 'x', -1, 0.5, Number.NaN, Infinity, 1e300, true, new Uint8Array(3)]) {
      const outcome = codeOf(() => validateStudy(changed(path, value)))
      t.false(outcome.startsWith('another'), `${path} = ${String(value)}: ${outcome}`)
    }
  }
  for (const value of [undefined, null, 1, 'x', [], {}])
    t.is(
      codeOf(() => validateStudy(value)),
      'malformed-study',
    )
})

test('everything has a limit', t => {
  const tooMuch: [path: string, value: unknown][] = [
    ['name', 'x'.repeat(81)],
    ['name', ''],
    ['name', ' x'],
    ['name', 'a\u001b[31m'],
    ['name', 'a\u202eb'],
    ['created', 'yesterday'],
    ['created', '2026-13-01T00:00:00Z'],
    ['schedule', [{ kind: 'training', rounds: 0 }]],
    ['schedule', [{ kind: 'training', rounds: 100_001 }]],
    ['schedule', [{ kind: 'training', rounds: 2n ** 60n }]],
    ['schedule', []],
    ['schedule', new Array(4097).fill({ kind: 'training', rounds: 1 })],
    [
      'schedule',
      [
        { kind: 'statistics', rounds: 1 },
        { kind: 'training', rounds: 3 },
      ],
    ],
    ['units', 0],
    ['units', 1e10],
    ['contract.shape', [1e7]],
    ['contract.shape', [3, 3]],
    ['contract.classes', ['one']],
    ['contract.classes', ['a', 'a']],
    ['model', { preset: 'mlp', units: [] }],
    ['model', { preset: 'mlp', units: new Array(17).fill(2) }],
    ['model', { preset: 'mlp', units: [1e6] }],
    ['model', { preset: 'mlp', units: [8], activation: undefined }],
    ['model', { preset: 'cnn', filters: [8], groups: 4, standardised: 'yes' }],
    ['augmentation', { views: 65, shift: 0, flip: false }],
    ['augmentation', { views: 0, shift: 0, flip: false }],
    ['augmentation', { views: 1.5, shift: 0, flip: false }],
    ['augmentation', { views: 4, shift: -1, flip: false }],
    ['augmentation', { views: 4, shift: 1024, flip: false }],
    ['augmentation', { views: 4, shift: 2 }],
    ['augmentation', { views: 4, shift: 2, flip: 1 }],
    ['augmentation', null],
    ['initialSeed', new Uint8Array(31)],
    ['optimizer.learningRate', 0],
    ['optimizer.learningRate', 1e4],
    ['optimizer.momentum', 1],
    ['optimizer.averageDecay', 1],
    ['privacy.clippingNorm', 0],
    ['privacy.sampleRate', 0],
    ['privacy.sampleRate', 2 ** 32 + 1],
    ['privacy.sampleRate', 0.1],
    ['privacy.delta', 0],
    ['privacy.delta', 0.5],
    ['privacy.epsilon', 1e6],
    ['privacy.colluders', 0],
    ['timing.bandwidthMin', 10],
    ['timing.voidAfterMs', 1e12],
    ['timing.voteTimeoutMsMax', study.timing.voteTimeoutMs - 1],
    ['hospitals.0.addresses', ['192.0.2.1:4001']],
    ['hospitals.0.addresses', ['/ip4/192.0.2.1 /tcp/1']],
    ['hospitals.0.addresses', new Array(9).fill('/ip4/192.0.2.1/tcp/1')],
    ['hospitals.0.id', new Uint8Array(38)],
  ]
  for (const [path, value] of tooMuch) {
    t.is(
      codeOf(() => validateStudy(changed(path, value))),
      'malformed-study',
      `${path} = ${String(value)}`,
    )
  }
  const many = testSigners(101)
  t.is(
    codeOf(() => testStudy(many, { privacy })),
    'malformed-study',
  )
})

test('a malformed study is named by the field that is wrong', t => {
  t.throws(() => validateStudy(changed('privacy.delta', 2)), { message: /privacy\.delta/ })
})

test('two hospitals are refused, with the reason', t => {
  for (const count of [0, 1, 2]) {
    const error = t.throws(() => testStudy(testSigners(count)), { instanceOf: ProtocolError })
    t.is(error.code, 'too-few-hospitals')
    t.regex(error.message, /subtract its own update/)
  }
})

test('three hospitals have the crash profile only', t => {
  const signers = testSigners(3)
  t.is(
    codeOf(() => testStudy(signers, { profile: 'byzantine' })),
    'bad-profile',
  )
  t.is(testStudy(signers, { profile: 'crash' }).profile, 'crash')
})

test('at most n - 2 hospitals may collude', t => {
  const signers = testSigners(5)
  for (const [colluders, expected] of [
    [3, 'accepted'],
    [4, 'too-many-colluders'],
  ] as const) {
    t.is(
      codeOf(() => testStudy(signers, { privacy: { ...privacy, colluders } })),
      expected,
    )
  }
})

test('the roster stands in ascending order of raw peer ids, each id and name once', t => {
  const [first, second, ...rest] = study.hospitals
  t.is(
    codeOf(() => validateStudy({ ...study, hospitals: [second, first, ...rest] })),
    'bad-roster',
  )
  t.is(
    codeOf(() => validateStudy({ ...study, hospitals: [first, first, ...rest] })),
    'bad-roster',
  )
  t.is(
    codeOf(() => validateStudy(changed('hospitals.1.name', first!.name))),
    'bad-roster',
  )
})

test('a model that does not fit the data is refused', t => {
  t.is(
    codeOf(() => validateStudy(changed('model', { preset: 'cnn', filters: [8], groups: 4 }))),
    'unsupported-model',
  )
  const cnn = { preset: 'cnn', filters: [6], groups: 4 }
  t.is(
    codeOf(() => validateStudy({ ...study, contract: image, model: cnn })),
    'unsupported-model',
  )
  t.is(
    codeOf(() => validateStudy({ ...study, contract: image, model: { ...cnn, groups: 3 } })),
    'accepted',
  )
})

const image: StudyDocument['contract'] = { kind: 'image', shape: [8, 12, 1], classes: ['a', 'b'] }
const views = { views: 4, shift: 2, flip: true }

test('views are of images, and of presets that learn from pixels; a shift leaves something of the image', t => {
  const codes = (changes: object) => codeOf(() => validateStudy({ ...study, contract: image, ...changes }))
  const scattering = { preset: 'scattering', scales: 2, angles: 4, cell: 4 }
  for (const model of [
    { preset: 'logistic' },
    { preset: 'mlp', units: [8] },
    { preset: 'cnn', filters: [8], groups: 4 },
  ]) {
    t.is(codes({ model, augmentation: views }), 'accepted')
    t.is(codes({ model, augmentation: { ...views, shift: 7 } }), 'accepted')
    t.is(codes({ model, augmentation: { ...views, shift: 8 } }), 'unsupported-augmentation')
  }
  t.is(codes({ model: scattering }), 'accepted')
  t.is(codes({ model: scattering, augmentation: views }), 'unsupported-augmentation')
  t.is(codes({ contract: study.contract, augmentation: views }), 'unsupported-augmentation')
  t.throws(() => validateStudy({ ...study, contract: image, model: scattering, augmentation: views }), {
    message: /scattering/,
  })
})

test('a study without the options has the bytes of its other fields alone, and one with them another id', t => {
  const plain = [
    { ...study },
    { ...study, contract: image, model: { preset: 'mlp', units: [8] } },
    { ...study, contract: image, model: { preset: 'cnn', filters: [8], groups: 4 } },
  ] as StudyDocument[]
  for (const document of plain) {
    const { version, name, created, units, contract, model, initialSeed } = document
    const { optimizer, schedule, profile, timing, hospitals } = document
    const terms = {
      unit: 'record',
      ...ONLY_TERMS,
      influence: null,
      evaluation: null,
      search: null,
      copies: 1,
      version,
      name,
      created,
      units,
      contract,
      model,
      initialSeed,
    }
    const fields = { ...terms, optimizer, schedule, profile, timing, hospitals }
    t.deepEqual(encodeStudy(document), encode({ ...fields, privacy } as unknown as Parameters<typeof encode>[0]))
  }
  const cnn = { preset: 'cnn', filters: [8], groups: 4 }
  const ids = [
    plain[2]!,
    { ...plain[2]!, augmentation: views },
    ...[{ activation: 'tanh' }, { standardised: true }].map(option => ({ ...plain[2]!, model: { ...cnn, ...option } })),
  ].map(document => toHex(studyIdOf(validateStudy(document))))
  t.is(new Set(ids).size, 4)
})

test('a study with noise promises something, one without promises nothing and says so', t => {
  t.is(
    codeOf(() => validateStudy(changed('privacy.noiseMultiplier', 0))),
    'bad-noise',
  )
  t.is(
    codeOf(() => validateStudy(changed('privacy.epsilon', 0))),
    'bad-noise',
  )
  t.is(
    codeOf(() => validateStudy(changed('privacy.noise', 'off'))),
    'bad-noise',
  )
  const off = testStudy(testSigners(3))
  t.is(off.privacy.noise, 'off')
  t.is(
    codeOf(() => requireNoise(off)),
    'noise-off',
  )
  t.is(
    codeOf(() => requireNoise(study)),
    'accepted',
  )
})

test('a study without the newer fields has the bytes that it always had', t => {
  const keys = Object.keys(decode(encodeStudy(study)) as object)
  t.false(keys.includes('normalisation'))
  t.false(Object.hasOwn(study.privacy, 'localSteps'))
  t.deepEqual(decodeStudy(encodeStudy(study)), study)
})

test('mutated bytes give a ProtocolError or another valid study, never another exception', t => {
  const bytes = encodeStudy(study)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const mutated = bytes.slice()
      mutated[at]! ^= change
      const outcome = codeOf(() => decodeStudy(mutated))
      t.false(outcome.startsWith('another'), outcome)
      if (outcome === 'accepted') t.deepEqual(encodeStudy(decodeStudy(mutated)), mutated)
    }),
    { numRuns: 1000 },
  )
})

test('what is not a study at all is refused', t => {
  t.is(
    codeOf(() => decodeStudy(encode([1, 2]))),
    'malformed-study',
  )
  t.is(
    codeOf(() => decodeStudy(new Uint8Array(2 ** 21))),
    'too-large',
  )
  t.is(
    codeOf(() => decodeStudy(Uint8Array.of(0xff))),
    'malformed',
  )
})
