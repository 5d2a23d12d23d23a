/** A model as an ONNX file: IR version 8, operator set 17, which onnxruntime has read since 1.12. @module */

import type { GraphConstant, GraphOperation, GraphValue, ModelGraph, Pairwise, Single } from '../graph/graph.ts'
import type { ModelWords } from '../model-words.ts'
import { nodeField, type OnnxNode, type OnnxTensor, tensorField, valueField } from './messages.ts'
import { encodeMessage, messageField, textField, wholeField } from './protobuf.ts'

const IR_VERSION = 8
const OPERATOR_SET = 17
const PRODUCER = 'confrere'
/** Name of the open length of a batch. */
const BATCH = 'batch'

/** The bytes of an ONNX file; the same graph and words give the same bytes. */
export function encodeOnnx(graph: ModelGraph, { name, description, metadata }: ModelWords): Uint8Array {
  const { nodes, tensors } = translated(graph)
  return encodeMessage([
    wholeField(1, IR_VERSION),
    textField(2, PRODUCER),
    textField(6, description),
    messageField(7, [
      ...nodes.map(nodeField),
      textField(2, name),
      ...tensors.map(tensorField),
      valueField(11, graph.input.name, [BATCH, ...graph.input.shape.slice(1)]),
      ...graph.outputs.map(output => valueField(12, output.name, [BATCH, ...output.shape.slice(1)])),
    ]),
    messageField(8, [textField(1, ''), wholeField(2, OPERATOR_SET)]),
    ...Object.entries(metadata).map(([key, value]) => messageField(14, [textField(1, key), textField(2, value)])),
  ])
}

interface Translated {
  readonly nodes: OnnxNode[]
  readonly tensors: OnnxTensor[]
}

function translated({ constants, operations }: ModelGraph): Translated {
  const kernels = new Set(operations.flatMap(found => (found.op === 'convolution' ? [found.inputs[1]!.name] : [])))
  const out: Translated = {
    nodes: [],
    tensors: constants.map(constant => (kernels.has(constant.name) ? filtersFirst(constant) : constant)),
  }
  for (const operation of operations) translate(out, operation)
  return out
}

const PAIRWISE: Readonly<Record<Pairwise, string>> = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  max: 'Max',
  min: 'Min',
}
const SINGLE: Readonly<Record<Single, string>> = { sqrt: 'Sqrt', relu: 'Relu', tanh: 'Tanh', softmax: 'Softmax' }

function translate({ nodes, tensors }: Translated, operation: GraphOperation): void {
  const { name, inputs: values } = operation
  const inputs = values.map(value => value.name)
  const wholes = (suffix: string, numbers: readonly number[]): string => {
    const tensor = { name: `${name}/${suffix}`, shape: [numbers.length], values: numbers }
    tensors.push(tensor)
    return tensor.name
  }
  const add = (op: string, rest: Partial<OnnxNode> = {}): void => {
    nodes.push({ op, inputs, output: name, ...rest })
  }
  switch (operation.op) {
    case 'mean':
      return add('ReduceMean', { attributes: { axes: operation.axes, keepdims: 1 } })
    case 'reshape':
      return add('Reshape', { inputs: [...inputs, wholes('shape', operation.shape)] })
    case 'transpose':
      return add('Transpose', { attributes: { perm: operation.order } })
    case 'matmul':
      return add('MatMul')
    case 'convolution':
      return convolve(nodes, operation.strides, operation)
    case 'slice':
      return add('Slice', {
        inputs: [...inputs, wholes('start', [operation.start]), wholes('end', [operation.end]), wholes('axis', [1])],
      })
    case 'concat':
      return add('Concat', { attributes: { axis: 1 } })
    case 'unless-nan': {
      const [checked, value, fallback] = inputs as [string, string, string]
      nodes.push({ op: 'IsNaN', inputs: [checked], output: `${name}/nan` })
      return add('Where', { inputs: [`${name}/nan`, fallback, value] })
    }
    case 'softmax':
      return add('Softmax', { attributes: { axis: -1 } })
    case 'sqrt':
    case 'relu':
    case 'tanh':
      return add(SINGLE[operation.op])
    default:
      return add(PAIRWISE[operation.op])
  }
}

/** ONNX has the channels before height and width. */
function convolve(
  nodes: OnnxNode[],
  strides: readonly number[],
  { name, inputs }: { name: string; inputs: readonly GraphValue[] },
): void {
  const [images, kernel] = inputs as [GraphValue, GraphValue]
  const [before, after] = [`${name}/channels-first`, `${name}/convolved`]
  nodes.push(
    { op: 'Transpose', inputs: [images.name], output: before, attributes: { perm: [0, 3, 1, 2] } },
    // what TensorFlow calls SAME
    { op: 'Conv', inputs: [before, kernel.name], output: after, attributes: { auto_pad: 'SAME_UPPER', strides } },
    { op: 'Transpose', inputs: [after], output: name, attributes: { perm: [0, 2, 3, 1] } },
  )
}

/** A kernel [height, width, channels, filters] as [filters, channels, height, width]. */
function filtersFirst({ name, shape, values }: GraphConstant): OnnxTensor {
  const [height, width, channels, filters] = shape as [number, number, number, number]
  const turned = new Float32Array(values.length)
  const taps = height * width
  for (let tap = 0; tap < taps; tap++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let filter = 0; filter < filters; filter++) {
        turned[(filter * channels + channel) * taps + tap] = values[(tap * channels + channel) * filters + filter]!
      }
    }
  }
  return { name, shape: [filters, channels, height, width], values: turned }
}
