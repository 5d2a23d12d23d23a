/** The messages of ONNX that a model needs; field numbers as in onnx.proto3. @module */

import { littleEndian } from '../little-endian.ts'
import { bytes, type Field, message, packed, text, whole } from './protobuf.ts'

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
  return message(1, [
    ...inputs.map(input => text(1, input)),
    text(2, output),
    text(3, `${output}/node`),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => message(5, [text(1, name), ...attributeFields(value)])),
  ])
}

function attributeFields(value: AttributeValue): Field[] {
  if (typeof value === 'number') return [whole(3, value), whole(20, TYPE_INT)]
  if (typeof value === 'string') return [text(4, value), whole(20, TYPE_STRING)]
  return [...value.map(each => whole(8, each)), whole(20, TYPE_INTS)]
}

/** TensorProto, field `initializer` of GraphProto; whole numbers are int64. */
export function tensorField({ name, shape, values }: OnnxTensor): Field {
  const isFloat = values instanceof Float32Array
  return message(5, [
    packed(1, shape),
    whole(2, isFloat ? FLOAT : INT64),
    text(8, name),
    bytes(9, isFloat ? littleEndian(values) : int64s(values)),
  ])
}

/** ValueInfoProto of a float tensor, field `input` (11) or `output` (12) of GraphProto. */
export function valueField(number: 11 | 12, name: string, shape: readonly (number | string)[]): Field {
  const dimensions = shape.map(length => message(1, [typeof length === 'string' ? text(2, length) : whole(1, length)]))
  return message(number, [text(1, name), message(2, [message(1, [whole(1, FLOAT), message(2, dimensions)])])])
}

function int64s(values: readonly number[]): Uint8Array {
  const out = new Uint8Array(8 * values.length)
  const view = new DataView(out.buffer)
  values.forEach((value, at) => {
    view.setBigInt64(8 * at, BigInt(value), true)
  })
  return out
}
