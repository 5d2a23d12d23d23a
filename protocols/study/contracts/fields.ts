/** Fields of data contracts, and what every kind of contract gives. @module */

import { z } from 'zod'
import { real } from '../../encoding/fields.ts'
import { ProtocolError } from '../../errors.ts'
import * as limit from '../limits.ts'

/** The smallest and largest value of a column; values outside are clipped to the nearer one. */
export type Bounds = readonly [low: number, high: number]

/** @typeParam Contract the fields of one kind of contract */
export interface ContractKind<Contract> {
  /** the records, as errors call them */
  readonly plural: string
  /** Checks what a schema cannot. @throws ProtocolError `malformed-study`, `bad-bounds` */
  check(contract: Contract): void
  /** Public bounds of each entry of a record, from knowledge of the field and never from data; null: none are stated. */
  bounds(contract: Contract): Bounds[] | null
  /** How a record is made of what a hospital has, for readers of a study. */
  sentence(contract: Contract): string
}

// Names are printed on the terminals of other hospitals: no control characters, none that change the text direction.
export const NAME_SCHEMA = z
  .string()
  .min(1)
  .max(limit.NAME_CHARACTERS_MAX)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'has control characters')
  .refine(text => text.trim() === text, 'begins or ends with a space')

/** Names of the classes: a label is the index of one. */
export const CLASSES_SCHEMA = z.array(NAME_SCHEMA).min(2).max(limit.CLASSES_MAX)

/** Pairs: what hospitals' own files call a class, and the class. Names of classes themselves need none. */
export const LABELS_SCHEMA = z
  .array(z.tuple([NAME_SCHEMA, NAME_SCHEMA]))
  .max(limit.LABELS_MAX)
  .exactOptional()

/** Whether every record says whose it is, so that a patient can be the unit of privacy. */
export const PATIENTS_SCHEMA = z.literal(true).exactOptional()

export const BOUND_SCHEMA = real(-limit.BOUND_ABS_MAX, limit.BOUND_ABS_MAX)

/** @throws ProtocolError `malformed-study` when a label means no class, or two */
export function checkLabels({ classes, labels = [] }: { classes: string[]; labels?: [string, string][] }): void {
  requireDistinct('malformed-study', 'Two classes have the name', classes)
  requireDistinct(
    'malformed-study',
    'contract.labels says twice what class is',
    labels.map(([label]) => label),
  )
  const unknown = labels.find(([, name]) => !classes.includes(name))
  if (unknown === undefined) return
  throw new ProtocolError('malformed-study', `contract.labels: "${unknown[1]}" is none of the classes`)
}

/** @throws ProtocolError with a sentence and the name that occurs twice */
export function requireDistinct(code: string, sentence: string, names: readonly string[]): void {
  const twice = names.find((text, index) => names.indexOf(text) !== index)
  if (twice !== undefined) throw new ProtocolError(code, `${sentence} "${twice}"`)
}

/** @throws ProtocolError `bad-bounds` when a column has none of the values between its bounds */
export function checkBounds(where: string, bounds: readonly Bounds[]): void {
  const empty = bounds.findIndex(([low, high]) => !(low < high))
  if (empty < 0) return
  throw new ProtocolError(
    'bad-bounds',
    `${where}: column ${empty + 1} of ${bounds.length} has no values between its bounds`,
  )
}
