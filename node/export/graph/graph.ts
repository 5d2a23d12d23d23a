/**
 * A model as a list of operations on tensors, with its constants: described once, and translated by the writers of ONNX
 * and of tfjs. The first axis of what is computed is the batch, whose length is open; images lie as height, width,
 * channels.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { sizeOf } from '../../../protocols/study/models/tensors.ts'

/** The open length of a batch, in shapes. */
export const OPEN = -1

/** A tensor by its name. */
export interface GraphValue {
  readonly name: string
  /** row-major; the first length is OPEN in all but constants */
  readonly shape: readonly number[]
}

export interface GraphConstant extends GraphValue {
  readonly values: Float32Array
}

export type Pairwise = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min'
export type Single = 'sqrt' | 'relu' | 'tanh' | 'softmax'

/** What is computed; `inputs` are names of the input, of constants, or of operations before. */
export type OperationKind =
  | { readonly op: Pairwise }
  | { readonly op: Single }
  /** means over axes, which stay with length 1 */
  | { readonly op: 'mean'; readonly axes: readonly number[] }
  | { readonly op: 'reshape'; readonly shape: readonly number[] }
  | { readonly op: 'transpose'; readonly order: readonly number[] }
  /** of a matrix with a constant matrix */
  | { readonly op: 'matmul' }
  /** of images with a constant kernel [height, width, channels, filters]; padding `same` as TensorFlow means it */
  | { readonly op: 'convolution'; readonly strides: readonly [number, number] }
  /** entries of the second axis */
  | { readonly op: 'slice'; readonly start: number; readonly end: number }
  /** along the second axis */
  | { readonly op: 'concat' }
  /** the second input, or the third where the first is not a number */
  | { readonly op: 'unless-nan' }

export type GraphOperation = OperationKind & GraphValue & { readonly inputs: readonly GraphValue[] }

/** A whole model. */
export interface ModelGraph {
  readonly input: GraphValue
  readonly constants: readonly GraphConstant[]
  readonly operations: readonly GraphOperation[]
  /** names of operations */
  readonly outputs: readonly GraphValue[]
}

/** Builds a graph, operation by operation; every method returns the new value. */
export class GraphBuilder {
  readonly #input: GraphValue
  readonly #constants: GraphConstant[] = []
  readonly #operations: GraphOperation[] = []

  /** @param shape of one record */
  constructor(name: string, shape: readonly number[]) {
    this.#input = { name, shape: [OPEN, ...shape] }
  }

  get input(): GraphValue {
    return this.#input
  }

  constant(values: ArrayLike<number>, shape: readonly number[], name = `constant${this.#constants.length + 1}`) {
    assert.equal(values.length, sizeOf(shape), `${name} has the entries of its shape`)
    const constant = { name, shape, values: Float32Array.from(values) }
    this.#constants.push(constant)
    return constant
  }

  /** One number. */
  scalar(value: number): GraphConstant {
    return this.constant([value], [1])
  }

  pair(op: Pairwise, a: GraphValue, b: GraphValue, name?: string): GraphValue {
    return this.#add({ op }, [a, b], broadcast(a.shape, b.shape), name)
  }

  single(op: Single, value: GraphValue, name?: string): GraphValue {
    return this.#add({ op }, [value], value.shape, name)
  }

  mean(value: GraphValue, axes: readonly number[]): GraphValue {
    const shape = value.shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    return this.#add({ op: 'mean', axes }, [value], shape)
  }

  /** @param rest the shape after the batch, whose length follows */
  reshape(value: GraphValue, rest: readonly number[]): GraphValue {
    const shape = [OPEN, ...rest]
    return this.#add({ op: 'reshape', shape }, [value], shape)
  }

  transpose(value: GraphValue, order: readonly number[]): GraphValue {
    const shape = order.map(axis => value.shape[axis] as number)
    return this.#add({ op: 'transpose', order }, [value], shape)
  }

  /** The last axes of a value, as many entries as the matrix has rows, by a matrix: one axis instead of them. */
  matmul(value: GraphValue, matrix: GraphConstant): GraphValue {
    const [rows, columns] = matrix.shape as [number, number]
    const flat = value.shape.length === 2 && value.shape[1] === rows ? value : this.reshape(value, [rows])
    return this.#add({ op: 'matmul' }, [flat, matrix], [OPEN, columns])
  }

  convolution(images: GraphValue, kernel: GraphConstant, strides: readonly [number, number]): GraphValue {
    const [, height, width] = images.shape as [number, number, number]
    const sides = [height, width].map((side, at) => Math.ceil(side / strides[at]!))
    return this.#add({ op: 'convolution', strides }, [images, kernel], [OPEN, ...sides, kernel.shape[3] as number])
  }

  slice(value: GraphValue, start: number, end: number): GraphValue {
    const [batch, , ...rest] = value.shape as [number, number]
    return this.#add({ op: 'slice', start, end }, [value], [batch, end - start, ...rest])
  }

  concat(values: readonly GraphValue[]): GraphValue {
    if (values.length === 1) return values[0]!
    const [batch, , ...rest] = values[0]!.shape as [number, number]
    const length = values.reduce((sum, { shape }) => sum + shape[1]!, 0)
    return this.#add({ op: 'concat' }, values, [batch, length, ...rest])
  }

  /** @param fallback taken where `checked` is not a number */
  unlessNaN(checked: GraphValue, value: GraphValue, fallback: GraphConstant): GraphValue {
    return this.#add({ op: 'unless-nan' }, [checked, value, fallback], value.shape)
  }

  /** The graph, without constants that nothing takes. */
  build(outputs: readonly GraphValue[]): ModelGraph {
    const used = new Set(this.#operations.flatMap(({ inputs }) => inputs.map(({ name }) => name)))
    const constants = this.#constants.filter(({ name }) => used.has(name))
    return { input: this.#input, constants, operations: this.#operations, outputs }
  }

  #add(
    kind: OperationKind,
    inputs: readonly GraphValue[],
    shape: readonly number[],
    name = `step${this.#operations.length + 1}`,
  ): GraphValue {
    this.#operations.push({ ...kind, inputs, shape, name })
    return { name, shape }
  }
}

/** Shape of what two values give entry by entry, as in NumPy. */
function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, at) => {
    const [one, other] = [a[a.length - rank + at] ?? 1, b[b.length - rank + at] ?? 1]
    assert(one === other || one === 1 || other === 1, `shapes [${a}] and [${b}] fit`)
    return one === 1 ? other : one
  })
}
