// Claims of node/training/per-example-clipping.ts: its clipped sum equals that of a loop over single examples, no
// record moves it by more than C, and a layer that cannot be clipped per example is refused by name.

import test from 'ava'
import { OperatorError } from '../../../node/errors.ts'
import type { Backend, Layer, LayersModel } from '../../../node/training/backend.ts'
import { buildModel } from '../../../node/training/model.ts'
import { CLIP_MARGIN, createBookkeeping, EXAMPLES_MAX } from '../../../node/training/per-example-clipping.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import { parameterSpecs } from '../../../protocols/study/parameters.ts'
import { plainStep } from '../../../sim/bench/plain-step.ts'
import { loopClippedSum } from '../../../sim/bench/reference.ts'
import { distance, images, norm, onEveryEngine, type TestBatch, testBatch, uniforms } from './engines.ts'

const CNN: ModelSpec & { preset: 'cnn' } = { preset: 'cnn', filters: [8, 16], groups: 4 }
const PRESETS: [string, ModelSpec, [number, number, number]][] = [
  ['logistic', { preset: 'logistic' }, [28, 28, 1]],
  ['mlp', { preset: 'mlp', units: [32, 16] }, [28, 28, 1]],
  ['cnn', CNN, [28, 28, 1]],
  ['cnn of three layers', { preset: 'cnn', filters: [16, 32, 32], groups: 4 }, [28, 28, 1]],
  ['cnn of odd and unequal sides', { preset: 'cnn', filters: [8, 12], groups: 2 }, [13, 18, 3]],
  ['cnn of one pixel at the end', { preset: 'cnn', filters: [8, 8, 8], groups: 8 }, [5, 7, 2]],
  ['mlp of tanh', { preset: 'mlp', units: [32, 16], activation: 'tanh' }, [28, 28, 1]],
  ['cnn of tanh', { ...CNN, activation: 'tanh' }, [28, 28, 1]],
  ['cnn, standardised', { ...CNN, standardised: true }, [28, 28, 1]],
  [
    'cnn of odd sides, standardised, of tanh',
    { preset: 'cnn', filters: [8, 12], groups: 2, activation: 'tanh', standardised: true },
    [13, 18, 3],
  ],
]
const ERROR_MAX = 1e-4

function clipped(backend: Backend, model: LayersModel, clippingNorm: number, batch: TestBatch) {
  const bookkeeping = createBookkeeping(backend, { model, clippingNorm })
  const sum = new Float64Array(bookkeeping.dimension)
  const norms = bookkeeping.addClipped(sum, batch)
  return { sum, norms }
}

/** The records of a batch but one, or with another record appended. */
function edited(batch: TestBatch, { without, append }: { without?: number; append?: Float32Array }): TestBatch {
  const size = batch.inputs.length / batch.labels.length
  const keep = (_: unknown, index: number): boolean => index !== without
  const inputs = batch.inputs.filter((_, index) => Math.floor(index / size) !== without)
  const labels = batch.labels.filter(keep)
  if (append === undefined) return { ...batch, inputs, labels }
  return { ...batch, inputs: Float32Array.from([...inputs, ...append]), labels: Int32Array.from([...labels, 1]) }
}

for (const [name, spec, shape] of PRESETS) {
  test.serial(`the clipped sum is that of a loop over single examples: ${name}`, async t => {
    const data = images(shape)
    await onEveryEngine(t, backend => {
      const model = buildModel(backend.tf, spec, data)
      const batch = testBatch(`loop ${name}`, { spec, data, count: 24 })
      // about half of the examples clipped
      const middle = clipped(backend, model, 1e6, batch).norms.toSorted()[12]!
      const actual = clipped(backend, model, middle, batch)
      const expected = loopClippedSum(backend, { model, clippingNorm: CLIP_MARGIN * middle }, batch)
      t.true(distance(actual.sum, expected.sum) / norm(expected.sum) <= ERROR_MAX)
      actual.norms.forEach((value, index) => {
        t.true(Math.abs(value / expected.norms[index]! - 1) <= ERROR_MAX)
      })
      model.dispose()
    })
  })
}

test.serial('it holds for layers beyond the presets, too', async t => {
  const data = images([12, 10, 2])
  await onEveryEngine(t, backend => {
    const { layers, sequential } = backend.tf
    const model = sequential({
      layers: [
        layers.conv2d({ inputShape: data.shape, filters: 6, kernelSize: [3, 5], padding: 'valid', useBias: true }),
        layers.reLU(),
        layers.conv2d({ filters: 40, kernelSize: 3, strides: [1, 2], padding: 'same', useBias: true }),
        layers.activation({ activation: 'relu' }),
        layers.reshape({ targetShape: [40 * 10 * 3] }),
        layers.dense({ units: 5, useBias: false }),
        layers.dense({ units: 3 }),
      ],
    })
    const dimension = model.countParams()
    const random = uniforms('beyond')
    const batch = {
      ...testBatch('beyond', { spec: { preset: 'logistic' }, data, count: 16 }),
      parameters: Float32Array.from({ length: dimension }, () => (random() - 0.5) * 0.4),
    }
    const actual = clipped(backend, model, 1, batch)
    const expected = loopClippedSum(backend, { model, clippingNorm: CLIP_MARGIN }, batch)
    t.true(distance(actual.sum, expected.sum) / norm(expected.sum) <= ERROR_MAX)
    model.dispose()
  })
})

test.serial('with nothing to clip it is the gradient of the whole batch', async t => {
  const data = images()
  await onEveryEngine(t, backend => {
    const model = buildModel(backend.tf, CNN, data)
    const batch = testBatch('plain', { spec: CNN, data, count: 64 })
    const cnn = { specs: parameterSpecs(CNN, data), image: [28, 28, 1] as [number, number, number], groups: CNN.groups }
    const expected = plainStep(backend, cnn, batch)
    t.true(distance(clipped(backend, model, 1e6, batch).sum, expected) / norm(expected) <= ERROR_MAX)
    model.dispose()
  })
})

test.serial('no single example adds more than 0.99 C, and a full batch of them no more than its share', async t => {
  const data = images()
  await onEveryEngine(t, backend => {
    for (const [, spec] of PRESETS.filter(([, , shape]) => shape.join() === '28,28,1')) {
      const model = buildModel(backend.tf, spec, data)
      const batch = testBatch('one', { spec, data, count: EXAMPLES_MAX })
      for (const clippingNorm of [1e-3, 1]) {
        const one = { ...batch, inputs: batch.inputs.subarray(0, 784), labels: batch.labels.subarray(0, 1) }
        const { sum, norms } = clipped(backend, model, clippingNorm, one)
        t.true(norms[0]! > clippingNorm)
        t.true(Math.abs(norm(sum) / (CLIP_MARGIN * clippingNorm) - 1) <= ERROR_MAX)
        const all = clipped(backend, model, clippingNorm, batch)
        t.true(norm(all.sum) <= EXAMPLES_MAX * CLIP_MARGIN * clippingNorm * (1 + ERROR_MAX))
      }
      model.dispose()
    }
  })
})

const ADVERSARIAL: [string, (index: number) => number][] = [
  ['zeros', () => 0],
  ['tiny', () => 1e-30],
  ['a thousand', index => (index % 2 === 0 ? 1e3 : -1e3)],
  ['1e10', index => (index % 3 === 0 ? 1e10 : 0)],
  ['1e19, whose square overflows', () => 1e19],
  ['the largest float', index => (index % 2 === 0 ? 3.4e38 : -3.4e38)],
  ['one NaN', index => (index === 300 ? Number.NaN : 0.5)],
  ['all NaN', () => Number.NaN],
  ['one infinity', index => (index === 17 ? Number.POSITIVE_INFINITY : 0.5)],
  ['minus infinity', () => Number.NEGATIVE_INFINITY],
]

test.serial('sensitivity: a hostile record moves the sum by at most C, and never spoils it', async t => {
  const data = images()
  await onEveryEngine(t, backend => {
    for (const [preset, spec] of PRESETS.filter(([, , shape]) => shape.join() === '28,28,1')) {
      const model = buildModel(backend.tf, spec, data)
      for (const factor of [1, 1e-6, 1e4]) {
        const batch = testBatch(`hostile ${preset}`, { spec, data, count: 20 })
        batch.parameters.forEach((value, index) => {
          batch.parameters[index] = value * factor
        })
        const without = clipped(backend, model, 1, batch).sum
        for (const [name, pixel] of ADVERSARIAL) {
          const record = Float32Array.from({ length: 784 }, (_, index) => pixel(index))
          const { sum } = clipped(backend, model, 1, edited(batch, { append: record }))
          const moved = distance(sum, without)
          t.true(moved <= 1, `${name}, ${preset} × ${factor} on ${backend.engine}: ${moved}`)
        }
      }
      model.dispose()
    }
  })
})

test.serial('sensitivity: leaving any record out of a full batch moves the sum by at most C', async t => {
  const data = images()
  await onEveryEngine(t, backend => {
    const model = buildModel(backend.tf, CNN, data)
    const batch = testBatch('full', { spec: CNN, data, count: EXAMPLES_MAX })
    // all alike, so that nothing cancels and the float32 sums are as large as they get
    for (let i = 784; i < batch.inputs.length; i++) batch.inputs[i] = batch.inputs[i % 784]!
    batch.labels.fill(1)
    const all = clipped(backend, model, 1, batch).sum
    t.true(norm(all) > 0.98 * EXAMPLES_MAX)
    for (const index of [0, 100, EXAMPLES_MAX - 1]) {
      const { sum } = clipped(backend, model, 1, edited(batch, { without: index }))
      t.true(distance(sum, all) <= 1)
    }
    model.dispose()
  })
})

test.serial('an example that is not finite adds nothing, and the others add what they would without it', async t => {
  const data = images()
  await onEveryEngine(t, backend => {
    for (const [, spec] of PRESETS.slice(0, 3)) {
      const model = buildModel(backend.tf, spec, data)
      const batch = testBatch('finite', { spec, data, count: 8 })
      const expected = clipped(backend, model, 1, edited(batch, { without: 3 })).sum
      batch.inputs.fill(Number.NaN, 3 * 784, 4 * 784)
      const { sum, norms } = clipped(backend, model, 1, batch)
      t.false(Number.isFinite(norms[3]!))
      t.true(distance(sum, expected) <= 1e-5 * norm(expected))
      model.dispose()
    }
  })
})

test.serial('an empty batch adds zeros', async t => {
  await onEveryEngine(t, backend => {
    const model = buildModel(backend.tf, CNN, images())
    const { parameters } = testBatch('empty', { spec: CNN, data: images(), count: 0 })
    const empty = { parameters, inputs: new Float32Array(0), labels: new Int32Array(0) }
    const { sum, norms } = clipped(backend, model, 1, empty)
    t.deepEqual(sum, new Float64Array(parameters.length))
    t.is(norms.length, 0)
    model.dispose()
  })
})

test.serial('no tensor is left behind, neither by a step nor by one with a non-finite example', async t => {
  const data = images()
  await onEveryEngine(t, backend => {
    const { tf } = backend
    const outside = tf.memory().numTensors
    const model = buildModel(tf, CNN, data)
    const batch = testBatch('leak', { spec: CNN, data, count: 8 })
    batch.inputs[5] = Number.NaN
    const bookkeeping = createBookkeeping(backend, { model, clippingNorm: 1 })
    const sum = new Float64Array(bookkeeping.dimension)
    const before = tf.memory()
    for (let repetition = 0; repetition < 5; repetition++) bookkeeping.addClipped(sum, batch)
    t.is(tf.memory().numTensors, before.numTensors)
    t.is(tf.memory().numBytes, before.numBytes)
    model.dispose()
    t.is(tf.memory().numTensors, outside)
  })
})

test.serial("a batch that is too large or not whole is the caller's fault", async t => {
  const data = images()
  await onEveryEngine(t, backend => {
    const model = buildModel(backend.tf, { preset: 'logistic' }, data)
    const batch = testBatch('whole', { spec: { preset: 'logistic' }, data, count: EXAMPLES_MAX + 1 })
    const cut = { ...batch, labels: batch.labels.slice(0, 2), inputs: batch.inputs.slice(0, 785) }
    const short = { ...batch, labels: batch.labels.slice(0, 1), inputs: batch.inputs.slice(0, 784) }
    t.throws(() => clipped(backend, model, 1, batch), { name: 'AssertionError' })
    t.throws(() => clipped(backend, model, 1, cut), { name: 'AssertionError' })
    t.throws(() => clipped(backend, model, 1, { ...short, parameters: batch.parameters.slice(1) }), {
      name: 'AssertionError',
    })
    model.dispose()
  })
})

function refusals({ tf }: Backend): [string, LayersModel][] {
  const { layers } = tf
  const input = () => tf.input({ shape: [4, 4, 2] })
  const chain = (...added: Layer[]) =>
    tf.sequential({
      layers: [
        layers.conv2d({ inputShape: [4, 4, 2], filters: 2, kernelSize: 1 }),
        ...added,
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    })
  const shared = () => {
    const layer = layers.dense({ name: 'culprit', units: 3 })
    const x = tf.input({ shape: [3] })
    return tf.model({ inputs: x, outputs: layer.apply(layer.apply(x)) as typeof x })
  }
  const residual = () => {
    const x = input()
    const y = layers.conv2d({ filters: 2, kernelSize: 1, padding: 'same' }).apply(x) as typeof x
    return tf.model({ inputs: x, outputs: layers.multiply({ name: 'culprit' }).apply([x, y]) as typeof x })
  }
  const skipping = () => {
    const x = input()
    const first = layers.conv2d({ filters: 2, kernelSize: 1 }).apply(x) as typeof x
    const second = layers.flatten({ name: 'culprit' }).apply(x) as typeof x
    return tf.model({ inputs: x, outputs: [first, second] })
  }
  const frozen = layers.conv2d({ name: 'culprit', filters: 2, kernelSize: 1, trainable: false })
  return [
    ['batch normalisation mixes examples', chain(layers.batchNormalization({ name: 'culprit' }))],
    ['dropout has no rule', chain(layers.dropout({ name: 'culprit', rate: 0.5 }))],
    ['an activation inside', chain(layers.conv2d({ name: 'culprit', filters: 2, kernelSize: 1, activation: 'tanh' }))],
    ['another activation', chain(layers.activation({ name: 'culprit', activation: 'sigmoid' }))],
    ['a bounded relu', chain(layers.reLU({ name: 'culprit', maxValue: 6 }))],
    ['a dilated convolution', chain(layers.conv2d({ name: 'culprit', filters: 2, kernelSize: 2, dilationRate: 2 }))],
    ['a dense layer on images', chain(layers.dense({ name: 'culprit', units: 2 }))],
    ['weights that are not trained', chain(frozen)],
    ['shared weights', shared()],
    ['a layer of two inputs without a rule', residual()],
    ['a second output', skipping()],
  ]
}

test.serial('what cannot be clipped per example is refused by the name of its layer', async t => {
  await onEveryEngine(t, backend => {
    for (const [reason, model] of refusals(backend)) {
      const error = t.throws(() => createBookkeeping(backend, { model, clippingNorm: 1 }), {
        instanceOf: OperatorError,
      })
      t.regex(error.message, /"culprit"/, reason)
      t.is(error.code, 'unsupported-layer')
      t.is(error.exitCode, 11)
      model.dispose()
    }
  })
})
