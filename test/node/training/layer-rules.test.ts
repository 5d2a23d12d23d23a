// Claims of node/training/layer-rules/: for every kind of layer, and for layers in a graph, the clipped sum and the norms are
// those of a loop over single examples and their views, by the automatic differentiation of an engine written in
// JavaScript; a hostile record moves no sum by more than C.

import test, { type ExecutionContext } from 'ava'
import { OperatorError } from '../../../node/errors.ts'
import type { Backend, Layer, LayersModel, Tensor } from '../../../node/training/backend.ts'
import { groupNormalization } from '../../../node/training/group-normalization.ts'
import { poolingInputGradient, type Window } from '../../../node/training/kernels.ts'
import { LAYER_KINDS, MERGE_KINDS } from '../../../node/training/layer-rules/rule.ts'
import { CLIP_MARGIN, createBookkeeping } from '../../../node/training/per-example-clipping.ts'
import { loopClippedSum } from '../../../sim/bench/reference.ts'
import { distance, norm, onEveryEngine, uniforms } from './engines.ts'

const ERROR_MAX = 1e-4
const CLASSES = 3

type Symbolic = ReturnType<Backend['tf']['input']>
interface Case {
  readonly shape: number[]
  /** the layers before the head; a chain, or a graph by its own function */
  readonly layers?: (tf: Backend['tf']) => Layer[]
  readonly graph?: (tf: Backend['tf'], input: Symbolic) => Symbolic
  /** values of records; of 0 to 1 by default */
  readonly value?: (random: () => number) => number
}

const sequence = [11, 4]
const picture = [7, 6, 3]

const CASES: Readonly<Record<string, Case>> = {
  'Conv1D, valid': {
    shape: sequence,
    layers: ({ layers }) => [
      layers.conv1d({ filters: 5, kernelSize: 3 }),
      layers.activation({ activation: 'tanh' }),
      layers.conv1d({ filters: 4, kernelSize: 2, strides: 2, useBias: false }),
      layers.flatten(),
    ],
  },
  'Conv1D, same, strides': {
    shape: [13, 6],
    layers: ({ layers }) => [
      layers.conv1d({ filters: 8, kernelSize: 5, strides: 2, padding: 'same' }),
      layers.reLU(),
      layers.conv1d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same' }),
      layers.reLU(),
      layers.conv1d({ filters: 4, kernelSize: 1, strides: 3, padding: 'same' }),
      layers.flatten(),
    ],
  },
  'DepthwiseConv2D, valid': {
    shape: picture,
    layers: ({ layers }) => [
      layers.conv2d({ filters: 4, kernelSize: 1 }),
      layers.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2 }),
      layers.activation({ activation: 'tanh' }),
      layers.depthwiseConv2d({ kernelSize: 2, strides: [2, 2], useBias: false }),
      layers.flatten(),
    ],
  },
  'DepthwiseConv2D, same, strides': {
    shape: [8, 9, 3],
    layers: ({ layers }) => [
      layers.depthwiseConv2d({ kernelSize: 3, strides: [2, 2], padding: 'same', depthMultiplier: 3 }),
      layers.reLU(),
      layers.depthwiseConv2d({ kernelSize: 3, strides: [2, 2], padding: 'same' }),
      layers.depthwiseConv2d({ kernelSize: 1, strides: [2, 2], padding: 'same' }),
      layers.flatten(),
    ],
  },
  Embedding: {
    shape: [9],
    value: random => Math.floor(random() * 6),
    layers: ({ layers }) => [
      layers.embedding({ inputDim: 6, outputDim: 5 }),
      layers.activation({ activation: 'tanh' }),
      layers.globalAveragePooling1d({}),
    ],
  },
  'Embedding before a convolution': {
    shape: [12],
    value: random => Math.floor(random() * 40),
    layers: ({ layers }) => [
      layers.embedding({ inputDim: 40, outputDim: 4 }),
      layers.conv1d({ filters: 6, kernelSize: 3 }),
      layers.reLU(),
      layers.globalAveragePooling1d({}),
    ],
  },
  'LayerNormalization of sequences': {
    shape: sequence,
    layers: ({ layers }) => [
      layers.conv1d({ filters: 6, kernelSize: 3 }),
      layers.layerNormalization({}),
      layers.activation({ activation: 'tanh' }),
      layers.flatten(),
    ],
  },
  'LayerNormalization of images and vectors': {
    shape: picture,
    layers: ({ layers }) => [
      layers.layerNormalization({}),
      layers.conv2d({ filters: 6, kernelSize: 3 }),
      layers.layerNormalization({ epsilon: 1e-2 }),
      layers.flatten(),
      layers.layerNormalization({}),
      layers.dense({ units: 7 }),
      layers.layerNormalization({}),
    ],
  },
  'GroupNormalization of sequences': {
    shape: sequence,
    layers: tf => [
      tf.layers.conv1d({ filters: 6, kernelSize: 3 }),
      groupNormalization(tf, { groups: 3 }),
      tf.layers.reLU(),
      tf.layers.flatten(),
    ],
  },
  AveragePooling1D: {
    shape: [11, 4],
    layers: ({ layers }) => [
      layers.conv1d({ filters: 5, kernelSize: 2 }),
      layers.averagePooling1d({ poolSize: 2 }),
      layers.conv1d({ filters: 5, kernelSize: 2 }),
      layers.averagePooling1d({ poolSize: 3, strides: 2 }),
      layers.flatten(),
    ],
  },
  AveragePooling2D: {
    shape: [9, 8, 2],
    layers: ({ layers }) => [
      layers.conv2d({ filters: 5, kernelSize: 2 }),
      layers.averagePooling2d({ poolSize: [2, 3], strides: [1, 2] }),
      layers.activation({ activation: 'tanh' }),
      layers.averagePooling2d({ poolSize: [2, 2], strides: [3, 1] }),
      layers.flatten(),
    ],
  },
  GlobalAveragePooling1D: {
    shape: sequence,
    layers: ({ layers }) => [
      layers.conv1d({ filters: 5, kernelSize: 2 }),
      layers.activation({ activation: 'tanh' }),
      layers.globalAveragePooling1d({}),
    ],
  },
  GlobalAveragePooling2D: {
    shape: picture,
    layers: ({ layers }) => [
      layers.conv2d({ filters: 5, kernelSize: 2 }),
      layers.reLU(),
      layers.globalAveragePooling2d({}),
    ],
  },
  'Add: a residual block': {
    shape: sequence,
    graph: ({ layers }, input) => {
      const start = layers.conv1d({ filters: 6, kernelSize: 3, padding: 'same' }).apply(input) as Symbolic
      const inner = layers.activation({ activation: 'tanh' }).apply(start) as Symbolic
      const other = layers.conv1d({ filters: 6, kernelSize: 3, padding: 'same' }).apply(inner) as Symbolic
      const sum = layers.add().apply([start, other, inner]) as Symbolic
      return layers.globalAveragePooling1d({}).apply(layers.reLU().apply(sum)) as Symbolic
    },
  },
  'Add: the records themselves': {
    shape: [5],
    graph: ({ layers }, input) => {
      const other = layers.dense({ units: 5 }).apply(input) as Symbolic
      return layers.add().apply([input, layers.activation({ activation: 'tanh' }).apply(other) as Symbolic]) as Symbolic
    },
  },
  'Add: the same tensor twice': {
    shape: [5],
    graph: ({ layers }, input) => {
      const inner = layers.dense({ units: 4 }).apply(input) as Symbolic
      return layers.add().apply([inner, inner]) as Symbolic
    },
  },
  'Concatenate: branches of different width': {
    shape: picture,
    graph: ({ layers }, input) => {
      const one = layers.conv2d({ filters: 3, kernelSize: 1 }).apply(input) as Symbolic
      const two = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(one) as Symbolic
      const joined = layers.concatenate().apply([two, input, one]) as Symbolic
      const rows = layers.concatenate({ axis: 1 }).apply([joined, joined]) as Symbolic
      return layers.globalAveragePooling2d({}).apply(layers.activation({ activation: 'tanh' }).apply(rows)) as Symbolic
    },
  },
}

function modelOf({ tf }: Backend, { shape, layers, graph }: Case): LayersModel {
  const input = tf.input({ shape })
  const body = (layers?.(tf) ?? []).reduce((value, layer) => layer.apply(value) as Symbolic, input)
  const features = graph === undefined ? body : graph(tf, input)
  return tf.model({ inputs: input, outputs: tf.layers.dense({ units: CLASSES }).apply(features) as Symbolic })
}

function batchOf(
  seed: string,
  { shape, value = random => random() }: Case,
  {
    dimension,
    count,
    views,
  }: {
    dimension: number
    count: number
    views: number
  },
) {
  const random = uniforms(seed)
  const size = shape.reduce((product, length) => product * length, 1)
  return {
    parameters: Float32Array.from({ length: dimension }, () => (random() - 0.5) * 0.8),
    inputs: Float32Array.from({ length: count * views * size }, () => value(random)),
    labels: Int32Array.from({ length: count }, () => Math.floor(random() * CLASSES)),
  }
}

/** The loop on the engine in JavaScript, which has the gradients of all layers. */
async function reference(
  { tf }: Backend,
  options: { model: LayersModel; clippingNorm: number; views: number },
  batch: ReturnType<typeof batchOf>,
): Promise<{ sum: Float64Array; norms: Float64Array }> {
  const own = tf.getBackend()
  await tf.setBackend('cpu')
  try {
    return loopClippedSum({ tf, engine: 'tensorflow' }, options, batch)
  } finally {
    await tf.setBackend(own)
  }
}

async function compare(t: ExecutionContext, backend: Backend, { name, views }: { name: string; views: number }) {
  const one = CASES[name]!
  const model = modelOf(backend, one)
  const batch = batchOf(name, one, { dimension: model.countParams(), count: 8, views })
  const clipped = (clippingNorm: number) => {
    const bookkeeping = createBookkeeping(backend, { model, clippingNorm, views })
    const sum = new Float64Array(bookkeeping.dimension)
    return { sum, norms: bookkeeping.addClipped(sum, batch) }
  }
  // about half of the examples clipped
  const middle = clipped(1e6).norms.toSorted()[4]!
  const actual = clipped(middle)
  const expected = await reference(backend, { model, clippingNorm: CLIP_MARGIN * middle, views }, batch)
  const error = distance(actual.sum, expected.sum) / norm(expected.sum)
  t.true(error <= ERROR_MAX, `${views} views: the sum is off by ${error}`)
  actual.norms.forEach((value, index) => {
    t.true(Math.abs(value / expected.norms[index]! - 1) <= ERROR_MAX, `${views} views: norm ${index}`)
  })
  model.dispose()
}

for (const name of Object.keys(CASES)) {
  for (const views of [1, 3]) {
    test.serial(`the clipped sum is that of a loop over single examples: ${name}, ${views} views`, async t => {
      const backends: Backend[] = []
      await onEveryEngine(t, backend => backends.push(backend))
      for (const backend of backends) await compare(t, backend, { name, views })
    })
  }
}

test('every kind of layer with a rule is compared', t => {
  const compared = Object.keys(CASES).join()
  const elsewhere = ['Dense', 'Conv2D', 'StandardisedConv2D', 'Flatten', 'Reshape', 'Activation', 'ReLU']
  for (const kind of [...LAYER_KINDS, ...MERGE_KINDS]) t.true(elsewhere.includes(kind) || compared.includes(kind), kind)
})

test.serial('the gradient of pooling is its transpose, also at padded edges', async t => {
  const windows: Window[] = [
    { size: [2, 3], strides: [1, 2], padding: 'same' },
    { size: [3, 3], strides: [2, 2], padding: 'same' },
    { size: [2, 2], strides: [3, 1], padding: 'valid' },
    { size: [5, 1], strides: [2, 1], padding: 'same' },
    { size: [2, 2], strides: [2, 3], padding: 'valid' },
  ]
  const random = uniforms('transpose')
  await onEveryEngine(t, ({ tf }) => {
    for (const window of windows) {
      const inputShape: [number, number, number, number] = [2, 9, 8, 3]
      tf.tidy(() => {
        const values = (shape: [number, number, number, number]) =>
          tf.tensor4d(
            Array.from({ length: shape.reduce((a, b) => a * b) }, () => random() - 0.5),
            shape,
          )
        const x = values(inputShape)
        const pooled = tf.avgPool(x, window.size, window.strides, window.padding)
        const g = values(pooled.shape)
        const inner = (a: Tensor, b: Tensor): number => tf.sum(tf.mul(a, b)).dataSync()[0]!
        const back = poolingInputGradient(tf, g, { inputShape, window })
        t.true(Math.abs(inner(back, x) - inner(g, pooled)) < 1e-5, JSON.stringify(window))
      })
    }
  })
})

const HOSTILE: [name: string, value: (index: number) => number][] = [
  ['zeros', () => 0],
  ['large', index => (index % 2 === 0 ? 1e3 : -1e3)],
  ['1e10', index => (index % 3 === 0 ? 1e10 : 0)],
  ['1e19, whose square overflows', () => 1e19],
  ['the largest float', index => (index % 2 === 0 ? 3.4e38 : -3.4e38)],
  ['one NaN', index => (index === 2 ? Number.NaN : 0.5)],
  ['infinity', () => Number.POSITIVE_INFINITY],
]

test.serial('sensitivity: a hostile record moves the sum by at most C, and never spoils it', async t => {
  await onEveryEngine(t, backend => {
    for (const [name, one] of Object.entries(CASES)) {
      const model = modelOf(backend, one)
      for (const views of [1, 2]) {
        const batch = batchOf(`hostile ${name}`, one, { dimension: model.countParams(), count: 5, views })
        const bookkeeping = createBookkeeping(backend, { model, clippingNorm: 1, views })
        const sumOf = (inputs: Float32Array, labels: Int32Array) => {
          const sum = new Float64Array(bookkeeping.dimension)
          bookkeeping.addClipped(sum, { parameters: batch.parameters, inputs, labels })
          return sum
        }
        const without = sumOf(batch.inputs, batch.labels)
        const size = batch.inputs.length / 5
        for (const [kind, value] of HOSTILE) {
          const record = Float32Array.from({ length: size }, (_, index) => value(index))
          const moved = distance(
            sumOf(Float32Array.from([...batch.inputs, ...record]), Int32Array.from([...batch.labels, 1])),
            without,
          )
          t.true(moved <= 1, `${name}, ${views} views, ${kind}: ${moved}`)
        }
      }
      model.dispose()
    }
  })
})

test.serial('settings of layers without a rule are refused by the name of the layer', async t => {
  await onEveryEngine(t, backend => {
    const { layers } = backend.tf
    const culprits: [shape: number[], layer: Layer][] = [
      [[9, 2], layers.conv1d({ name: 'culprit', filters: 2, kernelSize: 2, padding: 'causal' })],
      [[9, 2], layers.conv1d({ name: 'culprit', filters: 2, kernelSize: 2, strides: 3, padding: 'same' })],
      [[9, 2], layers.conv1d({ name: 'culprit', filters: 2, kernelSize: 2, activation: 'relu' })],
      [[9, 9, 2], layers.depthwiseConv2d({ name: 'culprit', kernelSize: 2, dilationRate: [2, 2] })],
      [[9, 9, 2], layers.averagePooling2d({ name: 'culprit', poolSize: 2, dataFormat: 'channelsFirst' })],
      [[9, 1025], layers.averagePooling1d({ name: 'culprit', poolSize: 2 })],
      [[9, 9, 2], layers.globalAveragePooling2d({ name: 'culprit', dataFormat: 'channelsFirst' })],
      [[9, 2], layers.layerNormalization({ name: 'culprit', axis: 1 })],
      [[9, 2], layers.layerNormalization({ name: 'culprit', scale: false })],
      [[9], layers.embedding({ name: 'culprit', inputDim: 4, outputDim: 2, maskZero: true })],
      [[9, 2], layers.maxPooling1d({ name: 'culprit', poolSize: 2 })],
    ]
    for (const [shape, layer] of culprits) {
      const model = modelOf(backend, {
        shape,
        layers: () => (layer.getClassName().startsWith('Global') ? [layer] : [layer, layers.flatten()]),
      })
      const error = t.throws(() => createBookkeeping(backend, { model, clippingNorm: 1 }), {
        instanceOf: OperatorError,
      })
      t.regex(error.message, /"culprit"/)
      model.dispose()
    }
  })
})
