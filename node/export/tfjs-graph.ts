/**
 * A model as a folder for TensorFlow.js: a graph model, which `tf.loadGraphModel` of @tensorflow/tfjs loads without any
 * code of this program.
 *
 * @module
 */

import type { GraphOperation, GraphValue, ModelGraph, Pairwise, Single } from './graph/graph.ts'
import { littleEndian } from './little-endian.ts'
import type { ModelWords } from './model-words.ts'

/** TensorFlow's GraphDef: the producer of TensorFlow 2. */
const PRODUCER = 440

/** A node of TensorFlow's GraphDef, as JSON. */
interface GraphNode {
  readonly name: string
  readonly op: string
  readonly input?: readonly string[]
  readonly attr: Readonly<Record<string, object>>
}

interface Weight {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32'
  readonly bytes: Uint8Array
}

export interface TfjsFolder {
  /** model.json */
  readonly model: Uint8Array
  /** the file that model.json names */
  readonly weights: Uint8Array
}

export const TFJS_WEIGHTS_FILE = 'group1-shard1of1.bin'

/** The two files of a folder; the same graph and words give the same bytes. */
export function encodeTfjs(graph: ModelGraph, { description, metadata }: ModelWords): TfjsFolder {
  const weights: Weight[] = graph.constants.map(({ name, shape, values }) => {
    return { name, shape, dtype: 'float32', bytes: littleEndian(values) }
  })
  const { input, outputs } = graph
  const placeholder = { dtype: FLOAT, shape: { shape: dimensions(input.shape) } }
  const operations = graph.operations.flatMap(operation => nodesOf(operation, weights))
  const constants = weights.map(({ name, dtype }) => ({
    name,
    op: 'Const',
    attr: { dtype: dtype === 'float32' ? FLOAT : INT32 },
  }))
  const node = [{ name: input.name, op: 'Placeholder', attr: placeholder }, ...constants, ...operations]
  const info = (value: GraphValue) => {
    return [value.name, { name: `${value.name}:0`, dtype: 'DT_FLOAT', tensorShape: dimensions(value.shape) }]
  }
  const model = {
    format: 'graph-model',
    generatedBy: 'confrere',
    convertedBy: null,
    signature: { inputs: Object.fromEntries([info(input)]), outputs: Object.fromEntries(outputs.map(info)) },
    userDefinedMetadata: { description, ...metadata },
    modelTopology: { node, library: {}, versions: { producer: PRODUCER } },
    weightsManifest: [
      { paths: [TFJS_WEIGHTS_FILE], weights: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })) },
    ],
  }
  return {
    model: new TextEncoder().encode(`${JSON.stringify(model, null, 1)}\n`),
    weights: new Uint8Array(Buffer.concat(weights.map(({ bytes }) => bytes))),
  }
}

const FLOAT = { type: 'DT_FLOAT' }
const INT32 = { type: 'DT_INT32' }

function dimensions(shape: readonly number[]): object {
  return { dim: shape.map(size => ({ size: String(size) })) }
}

const encoded = (text: string): object => ({ s: Buffer.from(text).toString('base64') })
const list = (numbers: readonly number[]): object => ({ list: { i: numbers.map(String) } })

const PAIRWISE: Readonly<Record<Pairwise, string>> = {
  add: 'AddV2',
  sub: 'Sub',
  mul: 'Mul',
  div: 'RealDiv',
  max: 'Maximum',
  min: 'Minimum',
}
const SINGLE: Readonly<Record<Single, string>> = { sqrt: 'Sqrt', relu: 'Relu', tanh: 'Tanh', softmax: 'Softmax' }

/** The nodes of an operation. Whole numbers that it takes are added to the weights. */
function nodesOf(operation: GraphOperation, weights: Weight[]): GraphNode[] {
  const { name, inputs: values } = operation
  const input = values.map(value => value.name)
  const wholes = (suffix: string, numbers: readonly number[], isScalar = false): string => {
    const bytes = new Uint8Array(4 * numbers.length)
    const view = new DataView(bytes.buffer)
    numbers.forEach((number, at) => {
      view.setInt32(4 * at, number, true)
    })
    const weight = {
      name: `${name}/${suffix}`,
      shape: isScalar ? [] : [numbers.length],
      dtype: 'int32',
      bytes,
    } as const
    weights.push(weight)
    return weight.name
  }
  const node = (op: string, inputs = input, attr: GraphNode['attr'] = {}): GraphNode[] => [
    { name, op, input: inputs, attr: { T: FLOAT, ...attr } },
  ]
  switch (operation.op) {
    case 'mean':
      return node('Mean', [...input, wholes('axes', operation.axes)], { keep_dims: { b: true } })
    case 'reshape':
      return node('Reshape', [...input, wholes('shape', operation.shape)])
    case 'transpose':
      return node('Transpose', [...input, wholes('order', operation.order)])
    case 'matmul':
      return node('MatMul', input, { transpose_a: { b: false }, transpose_b: { b: false } })
    case 'convolution': {
      const strides = list([1, ...operation.strides, 1])
      const layout = { data_format: encoded('NHWC'), dilations: list([1, 1, 1, 1]) }
      return node('Conv2D', input, { strides, padding: encoded('SAME'), ...layout })
    }
    case 'slice': {
      const rest = values[0]!.shape.slice(2)
      const begin = wholes('begin', [0, operation.start, ...rest.map(() => 0)])
      const size = wholes('size', [-1, operation.end - operation.start, ...rest.map(() => -1)])
      return node('Slice', [...input, begin, size])
    }
    case 'concat':
      return node('ConcatV2', [...input, wholes('axis', [1], true)], { N: { i: String(input.length) } })
    case 'unless-nan': {
      const [checked, value, fallback] = input as [string, string, string]
      const check = { name: `${name}/nan`, op: 'IsNan', input: [checked], attr: { T: FLOAT } }
      return [check, ...node('SelectV2', [check.name, fallback, value])]
    }
    case 'sqrt':
    case 'relu':
    case 'tanh':
    case 'softmax':
      return node(SINGLE[operation.op])
    default:
      return node(PAIRWISE[operation.op])
  }
}
