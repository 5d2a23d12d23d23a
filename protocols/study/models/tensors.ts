/** The tensors of a model, known without a tensor engine. @module */

import { ProtocolError } from '../../errors.ts'

/** How one tensor's entries start: uniform in (−limit, limit), or all of them the same. */
export type InitialValue = { kind: 'uniform'; limit: number } | { kind: 'constant'; value: number }

/** One tensor of the model. The flat vector is the row-major tensors, one after the other, in the order of the list. */
export interface ParameterSpec {
  name: string
  shape: number[]
  initial: InitialValue
}

export function uniform(name: string, shape: number[], limit: number): ParameterSpec {
  return { name, shape, initial: { kind: 'uniform', limit } }
}

export function constant(name: string, shape: number[], value: number): ParameterSpec {
  return { name, shape, initial: { kind: 'constant', value } }
}

/** Entries of a tensor. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

/** @throws ProtocolError `unsupported-model` */
export function requireCount(count: number, what: string): void {
  if (!Number.isSafeInteger(count) || count < 1) throw unsupportedModel(`the ${what} must be whole and positive`)
}

/** The error for a model that does not fit the data, or itself. */
export function unsupportedModel(reason: string): ProtocolError {
  return new ProtocolError('unsupported-model', `This model cannot be trained: ${reason}`)
}
