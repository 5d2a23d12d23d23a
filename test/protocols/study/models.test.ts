// Claims of protocols/study/models/ and node/training/models/: a preset is one file on each floor, is compared nowhere
// else, and starts where it always started.

import test from 'ava'
import { toString as text } from 'uint8arrays/to-string'
import { sha256 } from '../../../crypto/hash.ts'
import { TRAINED_PRESETS } from '../../../node/training/models/list.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import { MODEL_PRESETS, MODEL_SCHEMA, type ModelSpec, presetOf } from '../../../protocols/study/models/list.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { readTree } from '../../helpers/tree/tree.ts'

const IMAGES: DataContract = { kind: 'image', shape: [28, 28, 1], classes: ['a', 'b'] }
const SOUNDS: DataContract = {
  kind: 'sound',
  shape: [20, 16],
  classes: ['a', 'b'],
  rate: 8000,
  window: 256,
  hop: 128,
  level: [-16, -2],
}
/** Every preset but that of studies without a model. */
const MODELS: {
  readonly [Name in Exclude<keyof typeof MODEL_PRESETS, 'none'>]: readonly [
    spec: ModelSpec,
    initial: string,
    contract?: DataContract,
  ]
} = {
  logistic: [{ preset: 'logistic' }, '774d87760b5da12caa47e6374713b6dd13d971a26705b3884c76814632cf2e3c'],
  mlp: [
    { preset: 'mlp', units: [32, 16], activation: 'tanh' },
    '69db3f1f2d784775c5faa05a8c0df7474a4aafdc92f483a2dafb7f0cd908c1b2',
  ],
  cnn: [
    { preset: 'cnn', filters: [16, 32, 32], groups: 4, standardised: true },
    'b46d2043536a831ead4b3d8a10956511b23459b2d43d6e00d2760d9b9454f980',
  ],
  conv1d: [
    { preset: 'conv1d', filters: [8, 16], taps: 5, groups: 4, pooled: true },
    '8b89e9ddf2b8e3f0aa557bb4517dc7f60fb9902abecc134fe318b8e2d215468c',
    SOUNDS,
  ],
  scattering: [
    { preset: 'scattering', scales: 2, angles: 8, cell: 4 },
    '84355030f04b380feb2ffab8ff2fc74c3512b46a97f2a76ca1290deeda2d2e58',
  ],
}

test('a preset that is forgotten does not compile, among those in a study and among those that are trained', t => {
  const { cnn: _, ...some } = MODEL_PRESETS
  const { mlp: __, ...trained } = TRAINED_PRESETS
  // @ts-expect-error a list without one of the presets
  const forgotten: typeof MODEL_PRESETS = some
  // @ts-expect-error a list without one of the presets
  const untrained: typeof TRAINED_PRESETS = trained
  const names = MODEL_SCHEMA.options.map(({ shape }) => shape.preset.value).sort()
  t.deepEqual(Object.keys(MODEL_PRESETS).sort(), names)
  t.deepEqual(Object.keys(TRAINED_PRESETS).sort(), names)
  t.is(Object.keys(forgotten).length + Object.keys(untrained).length, 2 * names.length - 2)
})

test('every preset starts at the parameters that it always started at, to the last bit', t => {
  for (const [name, [model, initial, contract = IMAGES]] of Object.entries(MODELS)) {
    const document = testStudy(testSigners(4), { contract, model, initialSeed: new Uint8Array(32).fill(7) })
    const { parameters } = initialCheckpoint(document)
    t.is(text(sha256(new Uint8Array(parameters.buffer)), 'base16'), initial, name)
  }
})

test('a preset that learns nothing before its head has no tensors there, and its head starts at 0', t => {
  for (const [model, , contract = IMAGES] of Object.values(MODELS)) {
    const preset = presetOf(model)
    t.is(preset.hiddenLayout(model, contract).specs.length === 0, preset.isLinear, model.preset)
  }
})

test('a preset has a sentence that begins with its name and tells its fields', t => {
  for (const [model] of Object.values(MODELS)) t.true(presetOf(model).sentence(model).startsWith(model.preset))
  t.is(presetOf(MODELS.mlp[0]).sentence(MODELS.mlp[0]), 'mlp 32-16, tanh')
  t.is(presetOf(MODELS.cnn[0]).sentence(MODELS.cnn[0]), 'cnn 16-32-32 in 4 groups, standardised weights')
  t.is(presetOf(MODELS.conv1d[0]).sentence(MODELS.conv1d[0]), 'conv1d 8-16 over 5 frames in 4 groups, mean over time')
})

test('a name that is no preset is refused, also one that every object has', t => {
  for (const preset of ['resnet', 'toString', '__proto__']) {
    t.throws(() => presetOf({ preset } as unknown as ModelSpec), { code: 'unsupported-model' })
  }
})

test('no product file compares a preset: it asks the preset', async t => {
  const { sources } = await readTree(process.cwd())
  const compares = [...sources].filter(
    ([path, source]) =>
      /^(protocols|node)\//.test(path) && /(===|!==|case) '(logistic|mlp|cnn|conv1d|scattering)'/.test(source),
  )
  t.deepEqual(
    compares.map(([path]) => path),
    [],
  )
})
