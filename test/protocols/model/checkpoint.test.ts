// Claims of protocols/model/checkpoint.ts and protocols/study/parameters.ts: a checkpoint is bit-identical wherever it
// is computed, and only a whole checkpoint of the study is read as one.

import test from 'ava'
import fc from 'fast-check'
import { ProtocolError } from '../../../protocols/errors.ts'
import {
  type Checkpoint,
  checkpointHash,
  decodeCheckpoint,
  encodeCheckpoint,
  initialCheckpoint,
} from '../../../protocols/model/checkpoint.ts'
import { applySum, type StepSettings } from '../../../protocols/model/optimizer.ts'
import type { DataContract } from '../../../protocols/study/contracts/list.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import { dimensionOf, parameterSpecs } from '../../../protocols/study/parameters.ts'
import { denominatorOf } from '../../../protocols/study/plan.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'

const VECTORS: DataContract = { kind: 'vector', shape: [3], classes: ['no', 'yes'] }
const IMAGES: DataContract = { kind: 'image', shape: [28, 28, 1], classes: ['no', 'yes'] }
const DIMENSION = 8

function study(model: ModelSpec = { preset: 'mlp', units: [1] }, data: DataContract = VECTORS): StudyDocument {
  const initialSeed = Uint8Array.from({ length: 32 }, (_, index) => index)
  return {
    model,
    units: 298,
    influence: null,
    contract: data,
    initialSeed,
    privacy: { sampleRate: 2 ** 29 },
  } as StudyDocument
}

const SETTINGS: StepSettings = {
  scale: 65536 / 1.5,
  denominator: 37.25,
  factor: 1,
  learningRate: 0.3,
  momentum: 0.9,
  averageDecay: 0.35,
}
const SUMS = [
  [1_000_000, -7, 2 ** 31 - 1, -(2 ** 31), 0, 123_456, -99_999, 1],
  [3, 1, 4, -1, -5, 9, -2, 6],
  [-1_000_000, 7, -(2 ** 31 - 1), 5, 0, -1, 99_999, 2 ** 20],
]

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bitsOf = (values: Float32Array): string =>
  hex(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
const hashOf = (checkpoint: Checkpoint): string => hex(checkpointHash(encodeCheckpoint(checkpoint)))
const codeOf = (action: () => unknown): string => {
  try {
    action()
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
  return 'accepted'
}

// Every expected value below was computed in Python: float64 arithmetic, struct.pack('<f') for each rounding to
// float32, and `openssl enc -aes-256-ctr` for the stream.
test('the initial parameters are the bits that an independent program computes', t => {
  const checkpoint = initialCheckpoint(study())
  t.is(bitsOf(checkpoint.parameters), 'b06523bf3a0782bf8c589bbf0000000009be18bf8422023f0000000000000000')
  t.deepEqual(checkpoint.average, checkpoint.parameters)
  t.deepEqual(checkpoint.momentum, new Float32Array(DIMENSION))
  t.is(hashOf(checkpoint), '30520ae645b3e8a4a4ba52a381024ccef22b0b0083a81e26912f948cfda2892d')
})

test('three steps end in the hashes that an independent program computes', t => {
  let checkpoint = initialCheckpoint(study())
  const before = hashOf(checkpoint)
  const hashes = SUMS.map(sum => {
    checkpoint = applySum(checkpoint, Int32Array.from(sum), SETTINGS)
    return hashOf(checkpoint)
  })
  t.deepEqual(hashes, [
    'a175bc43bca33b91164f1c56f7689d4c51605b9cfa5c20b6d44f9be756d82847',
    '9174102d6bca1b7b97468195a673c03fadc8eb5783700388bf6dfd713b30a942',
    'd4b4bbc0e7cc74d1a33cd4a7c5cd06e6ff12aaf8be83215cfe4530d902bd93c9',
  ])
  t.is(bitsOf(checkpoint.average), '68ec72bf2a0782bfe11427c4a14a6b44f2bd18bfe190e83e437cfe3c690709be')
  t.is(hashOf(initialCheckpoint(study())), before, 'a step leaves its argument alone')
})

test('a linear model starts at 0, whatever its seed', t => {
  t.deepEqual(initialCheckpoint(study({ preset: 'logistic' })).parameters, new Float32Array(DIMENSION))
})

test('another seed or another model starts elsewhere', t => {
  const other = { ...study(), initialSeed: new Uint8Array(32) }
  t.notDeepEqual(initialCheckpoint(other).parameters, initialCheckpoint(study()).parameters)
  const [a, b] = [[4], [4, 2]].map(units => initialCheckpoint(study({ preset: 'mlp', units })))
  t.notDeepEqual(a!.parameters.slice(0, 12), b!.parameters.slice(0, 12))
})

test('initial values keep to their limits, fill them evenly, and constants stand where they belong', t => {
  const model: ModelSpec = { preset: 'cnn', filters: [16, 32], groups: 4 }
  const { parameters } = initialCheckpoint(study(model, IMAGES))
  let start = 0
  for (const { name, shape, initial } of parameterSpecs(model, IMAGES)) {
    const end = start + dimensionOf([{ name, shape, initial }])
    const own = parameters.subarray(start, end)
    if (initial.kind === 'constant') t.true(own.every(value => value === initial.value))
    else {
      t.true(own.every(value => Math.abs(value) <= Math.fround(initial.limit)))
      const variance = own.reduce((sum, value) => sum + value ** 2, 0) / own.length
      t.true(Math.abs(variance / (initial.limit ** 2 / 3) - 1) < 6 / Math.sqrt(own.length), `${name} is uniform`)
    }
    start = end
  }
  t.is(start, parameters.length)
})

test('the denominator is public: the rate times the nominal number of units', t => {
  t.is(denominatorOf(study()), 298 / 8)
})

test('a sum of another length is refused, and so is one that drives a parameter out of float32', t => {
  const checkpoint = initialCheckpoint(study())
  t.is(
    codeOf(() => applySum(checkpoint, new Int32Array(DIMENSION + 1), SETTINGS)),
    'length-mismatch',
  )
  const sum = new Int32Array(DIMENSION).fill(1)
  t.is(
    codeOf(() => applySum(checkpoint, sum, { ...SETTINGS, learningRate: 1e300 })),
    'diverged',
  )
})

test('layouts: presets have the tensors that their names promise', t => {
  const cnn = parameterSpecs({ preset: 'cnn', filters: [16, 32, 32], groups: 4 }, IMAGES)
  t.deepEqual(
    cnn.map(({ name, shape }) => `${name} ${shape.join('x')}`),
    [
      'conv1/kernel 3x3x1x16',
      'norm1/gamma 16',
      'norm1/beta 16',
      'conv2/kernel 3x3x16x32',
      'norm2/gamma 32',
      'norm2/beta 32',
      'conv3/kernel 3x3x32x32',
      'norm3/gamma 32',
      'norm3/beta 32',
      'head/kernel 512x2',
      'head/bias 2',
    ],
  )
  t.is(dimensionOf(cnn), 15_154)
  t.is(dimensionOf(parameterSpecs({ preset: 'logistic' }, IMAGES)), 784 * 2 + 2)
  t.is(dimensionOf(parameterSpecs({ preset: 'mlp', units: [32, 16] }, IMAGES)), 785 * 32 + 33 * 16 + 17 * 2)
})

test('a model that does not fit the data is refused', t => {
  const refused: [ModelSpec, DataContract][] = [
    [{ preset: 'cnn', filters: [8], groups: 4 }, VECTORS],
    [{ preset: 'cnn', filters: [10], groups: 4 }, IMAGES],
    [{ preset: 'cnn', filters: [0], groups: 1 }, IMAGES],
    [{ preset: 'cnn', filters: [8], groups: 0.5 }, IMAGES],
    [{ preset: 'mlp', units: [-1] }, IMAGES],
    [{ preset: 'mlp', units: [65_536, 65_536] }, IMAGES],
    [{ preset: 'resnet' } as unknown as ModelSpec, IMAGES],
    [{ preset: 'logistic' }, { ...VECTORS, classes: ['only'] }],
  ]
  for (const [model, data] of refused)
    t.is(
      codeOf(() => parameterSpecs(model, data)),
      'unsupported-model',
    )
})

test('a checkpoint comes back from its bytes, bit by bit', t => {
  const vector = (length: number) =>
    fc.float32Array({ minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true })
  const checkpoint = fc
    .nat({ max: 20 })
    .chain(length =>
      fc.tuple(fc.nat(), vector(length), vector(length), vector(length), fc.nat({ max: 3 }), fc.nat({ max: 7 })),
    )
  fc.assert(
    fc.property(checkpoint, ([round, parameters, momentum, average, offset, kept]) => {
      const normalisation = Float32Array.from({ length: kept }, (_, at) => at + 0.5)
      const table = Float32Array.from({ length: kept % 3 }, (_, at) => at - 0.5)
      const influence = Float32Array.from({ length: kept % 2 }, (_, at) => at + 0.25)
      const kinds = { evaluation: null, influence, table }
      const bytes = encodeCheckpoint({ round, normalisation, parameters, momentum, average, ...kinds })
      // bytes of a message lie at any offset of their buffer
      const shifted = new Uint8Array(bytes.length + offset).subarray(offset)
      shifted.set(bytes)
      const back = decodeCheckpoint(shifted, {
        dimension: parameters.length,
        normalisation: kept,
        evaluation: [],
        influence: influence.length,
        table: table.length,
      })
      t.deepEqual(encodeCheckpoint(back), bytes)
      t.is(back.round, round)
      t.is(bitsOf(back.average), bitsOf(average))
      t.deepEqual(back.normalisation, normalisation)
      t.deepEqual(back.table, table)
      t.deepEqual(back.influence, influence)
    }),
    { numRuns: 200 },
  )
})

const SHAPE = { dimension: DIMENSION, normalisation: 0, evaluation: [], influence: 0, table: 0 }

test('bytes that are not a whole checkpoint of this study are refused', t => {
  const bytes = encodeCheckpoint(initialCheckpoint(study()))
  const changed = (offset: number, replacement: number[]): Uint8Array => {
    const copy = bytes.slice()
    copy.set(replacement, offset)
    return copy
  }
  const bad = [
    new Uint8Array(0),
    bytes.subarray(0, 15),
    bytes.subarray(0, -1),
    Uint8Array.of(...bytes, 0),
    changed(0, [0]),
    changed(7, [2]),
    changed(15, [4]), // another number of parts
    changed(16, [0x6e]), // another part
    changed(23, [9]), // a part of another length
    changed(40, [0, 0, 0xc0, 0x7f]), // NaN
    changed(bytes.length - 4, [0, 0, 0x80, 0xff]), // −∞
  ]
  for (const each of bad)
    t.is(
      codeOf(() => decodeCheckpoint(each, SHAPE)),
      'malformed-checkpoint',
    )
  t.is(
    codeOf(() => decodeCheckpoint(bytes, { ...SHAPE, dimension: DIMENSION + 1 })),
    'malformed-checkpoint',
  )
  t.is(
    codeOf(() => decodeCheckpoint(bytes, { ...SHAPE, normalisation: 1 })),
    'malformed-checkpoint',
  )
  t.is(
    codeOf(() => decodeCheckpoint(bytes, SHAPE)),
    'accepted',
  )
})

test('what is decoded does not share memory with the bytes', t => {
  const bytes = encodeCheckpoint(initialCheckpoint(study()))
  const checkpoint = decodeCheckpoint(bytes, SHAPE)
  const hash = hashOf(checkpoint)
  bytes.fill(0)
  t.is(hashOf(checkpoint), hash)
})
