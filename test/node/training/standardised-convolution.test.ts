// Claims of node/training/standardised-convolution.ts: filters are used without their mean and with norm 1, whatever
// their own mean and size, in training and in evaluation alike.

import test from 'ava'
import type { Tensor4D } from '../../../node/training/backend.ts'
import { scores } from '../../../node/training/evaluation.ts'
import { buildModel } from '../../../node/training/model.ts'
import { createBookkeeping } from '../../../node/training/per-example-clipping.ts'
import { standardise } from '../../../node/training/standardised-convolution.ts'
import type { ModelSpec } from '../../../protocols/study/models/list.ts'
import { parameterSpecs } from '../../../protocols/study/parameters.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { distance, images, norm, onEveryEngine, testBatch, uniforms } from './engines.ts'

const DATA = images([9, 12, 2])
const CNN = { preset: 'cnn', filters: [8, 12], groups: 4 } satisfies ModelSpec
const STANDARDISED: ModelSpec = { ...CNN, standardised: true }

test.serial(
  'a standardised filter has mean 0 and norm 1, and points where the filter without its mean does',
  async t => {
    const random = uniforms('filters')
    const [taps, filters] = [18, 5]
    const values = Float32Array.from({ length: taps * filters }, () => 3 + random())
    const column = (of: ArrayLike<number>, filter: number) =>
      Array.from({ length: taps }, (_, tap) => of[tap * filters + filter]!)
    await onEveryEngine(t, ({ tf }) => {
      const actual = tf.tidy(() => standardise(tf, tf.tensor(values, [3, 3, 2, filters]) as Tensor4D).kernel.dataSync())
      for (let filter = 0; filter < filters; filter++) {
        const raw = column(values, filter)
        const mean = raw.reduce((sum, value) => sum + value, 0) / taps
        const centred = raw.map(value => value - mean)
        const expected = centred.map(value => value / norm(centred))
        t.true(distance(column(actual, filter), expected) < 1e-3)
      }
    })
  },
)

test.serial('a filter whose taps are all alike answers nothing, and nothing is divided by 0', async t => {
  await onEveryEngine(t, ({ tf }) => {
    const kernel = tf.tidy(() => standardise(tf, tf.fill([3, 3, 1, 2], 0.5) as Tensor4D).kernel.dataSync())
    t.deepEqual(Array.from(kernel), new Array(18).fill(0))
  })
})

/** The parameters with every kernel of a convolution times a factor, and something added to each of its taps. */
function moved(parameters: Float32Array, { factor, added }: { factor: number; added: number }): Float32Array {
  let start = 0
  const result = parameters.slice()
  for (const { name, shape } of parameterSpecs(CNN, DATA)) {
    const end = start + shape.reduce((product, length) => product * length, 1)
    if (name.startsWith('conv')) for (let at = start; at < end; at++) result[at] = result[at]! * factor + added
    start = end
  }
  return result
}

const documentOf = (model: ModelSpec) => ({ contract: DATA, model }) as StudyDocument

test.serial('evaluation sees filters without their mean and size; without the option it sees both', async t => {
  const batch = testBatch('moved', { spec: CNN, data: DATA, count: 12 })
  const dataset = { count: 12, shape: DATA.shape, ...batch }
  await onEveryEngine(t, backend => {
    const answers = (model: ModelSpec, parameters: Float32Array) =>
      scores({ backend, document: documentOf(model), parameters, dataset })
    const other = moved(batch.parameters, { factor: 1.7, added: 0.3 })
    t.true(distance(answers(STANDARDISED, batch.parameters), answers(STANDARDISED, other)) < 1e-3)
    t.true(distance(answers(CNN, batch.parameters), answers(CNN, other)) > 0.1)
    t.true(distance(answers(CNN, batch.parameters), answers(STANDARDISED, batch.parameters)) > 0.01)
  })
})

test.serial(
  'the forward pass of training is that of evaluation, for every activation, standardised or not',
  async t => {
    const specs: ModelSpec[] = [
      CNN,
      STANDARDISED,
      { ...CNN, activation: 'tanh' },
      { ...STANDARDISED, activation: 'tanh' },
    ]
    await onEveryEngine(t, backend => {
      for (const spec of [...specs, { preset: 'mlp', units: [8], activation: 'tanh' } satisfies ModelSpec]) {
        const batch = testBatch('forward', { spec, data: DATA, count: 6 })
        const { inputs, labels, parameters } = batch
        const size = inputs.length / 6
        const dataset = { count: 6, shape: DATA.shape, inputs, labels }
        const expected = scores({ backend, document: documentOf(spec), parameters, dataset })
        const model = buildModel(backend.tf, spec, DATA)
        const bookkeeping = createBookkeeping(backend, { model, clippingNorm: 1e6 })
        labels.forEach((label, at) => {
          const sum = new Float64Array(bookkeeping.dimension)
          const one = { parameters, inputs: inputs.subarray(at * size, (at + 1) * size), labels: Int32Array.of(label) }
          bookkeeping.addClipped(sum, one)
          // the gradient of the last bias is the probabilities, less 1 at the label
          const probabilities = Array.from(sum.subarray(-3), (value, index) => value + (index === label ? 1 : 0))
          t.true(distance(probabilities, expected.subarray(3 * at, 3 * at + 3)) < 1e-5)
        })
        model.dispose()
      }
    })
  },
)
