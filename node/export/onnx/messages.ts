/** The messages of ONNX that a model needs; field numbers as in onnx.proto3. @module */

import { littleEndian } from '../little-endian.ts'
import { bytesField, type Field, messageField, packedField, textField, wholeField } from './protobuf.ts'

const FLOAT = 1
const INT64 = 7
/** Of an attribute. */
const TYPE_INT = 2
const TYPE_STRING = 3
const TYPE_INTS = 7

/** A node's attribute: text, a whole number, or several. */
export type AttributeValue = string | number | readonly number[]

export interface OnnxNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly attributes?: Readonly<Record<string, AttributeValue>>
}

export interface OnnxTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array | readonly number[]
}

/** NodeProto, field `node` of GraphProto. */
export function nodeField({ op, inputs, output, attributes = {} }: OnnxNode): Field {
  return messageField(1, [
    ...inputs.map(input => textField(1, input)),
    textField(2, output),
    textField(3, `${output}/node`),
    textField(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      messageField(5, [textField(1, name), ...attributeFields(value)]),
    ),
  ])
}

function attributeFields(value: AttributeValue): Field[] {
  if (typeof value === 'number') return [wholeField(3, value), wholeField(20, TYPE_INT)]
  if (typeof value === 'string') return [textField(4, value), wholeField(20, TYPE_STRING)]
  return [...value.map(each => wholeField(8, each)), wholeField(20, TYPE_INTS)]
}

/** TensorProto, field `initializer` of GraphProto; whole numbers are int64. */
export function tensorField({ name, shape, values }: OnnxTensor): Field {
  const isFloat = values instanceof Float32Array
  return messageField(5, [
    packedField(1, shape),
    wholeField(2, isFloat ? FLOAT : INT64),
    textField(8, name),
    bytesField(9, isFloat ? littleEndian(values) : int64s(values)),
  ])
}

/** ValueInfoProto of a float tensor, field `input` (11) or `output` (12) of GraphProto. */
export function valueField(number: 11 | 12, name: string, shape: readonly (number | string)[]): Field {
  const dimensions = shape.map(length =>
    messageField(1, [typeof length === 'string' ? textField(2, length) : wholeField(1, length)]),
  )
  return messageField(number, [
    textField(1, name),
    messageField(2, [messageField(1, [wholeField(1, FLOAT), messageField(2, dimensions)])]),
  ])
}

function int64s(values: readonly number[]): Uint8Array {
  const out = new Uint8Array(8 * values.length)
  const view = new DataView(out.buffer)
  values.forEach((value, at) => {
    view.setBigInt64(8 * at, BigInt(value), true)
  })
  return out
}
