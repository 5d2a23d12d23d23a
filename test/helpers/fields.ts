/**
 * Descriptions of wire formats, independent of the schemas under test: every field generates valid values, the values
 * at its bounds, and values that must be refused in its place.
 *
 * @module
 */

import fc from 'fast-check'
import type { Plain } from '../../protocols/encoding/codec.ts'

export interface Field {
  readonly good: fc.Arbitrary<Plain>
  /** the smallest valid value, for lists that are too long */
  readonly least: Plain
  /** valid values at the bounds */
  readonly edges: readonly Plain[]
  /** values that must be refused in place of this valid value */
  readonly bad: (value: Plain) => Plain[]
}

/** One value of each kind of CBOR. */
const KINDS: Readonly<Record<string, Plain>> = {
  null: null,
  boolean: true,
  number: 7,
  fraction: 1.5,
  bigint: 2n ** 60n,
  text: 'seven',
  bytes: Uint8Array.of(7),
  list: [7],
  record: { seven: 7 },
}

/** One value of every kind but these. */
function otherKinds(...own: string[]): Plain[] {
  return Object.keys(KINDS).flatMap(kind => (own.includes(kind) ? [] : [KINDS[kind] as Plain]))
}

export function bytes(length: number): Field {
  const least = new Uint8Array(length)
  const bad = [...otherKinds('bytes'), new Uint8Array(length - 1), new Uint8Array(length + 1), new Uint8Array(0)]
  const good = fc.uint8Array({ minLength: length, maxLength: length })
  return { good, least, edges: [least], bad: () => bad }
}

/** Bytes of any length up to a bound, which is an edge; without a bound only the whole frame limits it. */
export function blob(max?: number): Field {
  const least = new Uint8Array(0)
  const [most, over] = max === undefined ? [[], []] : [[new Uint8Array(max)], [new Uint8Array(max + 1)]]
  const good = fc.uint8Array({ maxLength: Math.min(max ?? 64, 64) })
  return { good, least, edges: [least, ...most], bad: () => [...otherKinds('bytes'), ...over] }
}

export function whole(min: number, max: number): Field {
  const outside = [min - 1, max + 1, -(2 ** 53) + 1, 2 ** 53 - 1].filter(value => value < min || value > max)
  const bad = [...otherKinds('number'), ...outside]
  return { good: fc.integer({ min, max }), least: min, edges: [min, max], bad: () => bad }
}

/** A real number of [min, max]; `above` and `below` exclude the bound. */
export function real(min: number, max: number, { above = false, below = false } = {}): Field {
  const bad = [...otherKinds('number', 'fraction'), -1e300, 1e300, min - 1e-3, max + 1]
  const edges = [...(above ? [] : [min]), ...(below ? [] : [max])]
  const good = fc.double({ min, max, minExcluded: above, maxExcluded: below, noNaN: true }).map(value => value + 0)
  const ends = [...(above ? [min] : []), ...(below ? [max] : [])]
  return { good, least: edges[0] ?? (min + max) / 2, edges, bad: () => [...bad, ...ends] }
}

export const truth: Field = {
  good: fc.boolean(),
  least: false,
  edges: [false, true],
  bad: () => otherKinds('boolean'),
}

/** One of these and nothing else. */
export function oneOf(...values: [Plain, ...Plain[]]): Field {
  const near = values.flatMap(value => (typeof value === 'string' ? [`${value} `, value.toUpperCase()] : []))
  const bad = [...Object.values(KINDS), ...near, '', 'constructor', '__proto__'].filter(one => !values.includes(one))
  return { good: fc.constantFrom(...values), least: values[0], edges: values, bad: () => bad }
}

/** @param draws generates valid texts; @param never texts that must be refused */
export function text(draws: fc.Arbitrary<string>, { max, never = [] }: { max: number; never?: string[] }): Field {
  const least = fc.sample(draws, { numRuns: 1, seed: 1 })[0] as string
  const bad = [...otherKinds('text'), 'x'.repeat(max + 1), ...never]
  return { good: draws, least, edges: [], bad: () => bad }
}

export function nullable(field: Field): Field {
  const bad = (value: Plain) => field.bad(value ?? field.least).filter(one => one !== null)
  return { good: fc.option(field.good), least: null, edges: [null, ...field.edges], bad }
}

/** @param usually length of generated lists, at most; a list of `max` least elements is an edge */
export function list(
  of: Field,
  { min = 0, max, usually = Math.min(max, Math.max(min, 4)) }: { min?: number; max: number; usually?: number },
): Field {
  const times = (count: number) => new Array<Plain>(count).fill(of.least)
  const bad = (value: Plain) => {
    const [first, ...rest] = (value as readonly Plain[]).length > 0 ? (value as readonly Plain[]) : [of.least]
    const wrong = of.bad(first as Plain).map(one => [one, ...rest])
    return [...otherKinds('list'), times(max + 1), ...(min > 0 ? [times(min - 1)] : []), ...wrong]
  }
  const good = fc.array(of.good, { minLength: min, maxLength: usually })
  return { good, least: times(min), edges: [times(min), times(max)], bad }
}

export type Fields = Readonly<Record<string, Field>>

/** A record of exactly these fields; those of `optional` may be absent. */
export function record(required: Fields, optional: Fields = {}): Field {
  const fields = { ...required, ...optional }
  const arbitraries = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.good]))
  const least = Object.fromEntries(Object.entries(required).map(([name, field]) => [name, field.least]))
  const edges = Object.entries(fields).flatMap(([name, field]) => field.edges.map(edge => ({ ...least, [name]: edge })))
  const requiredKeys = Object.keys(required)
  const good = fc.record(arbitraries, { noNullPrototype: true, requiredKeys }) as fc.Arbitrary<Plain>
  const bad = (value: Plain) => badRecords(fields, requiredKeys, value as Readonly<Record<string, Plain>>)
  return { good, least, edges, bad }
}

/** A record that a later program may add fields to: they are passed over. */
export function openRecord(required: Fields): Field {
  const field = record(required)
  const isKnown = (value: Plain): boolean =>
    typeof value !== 'object' || value === null || Object.keys(value).every(key => Object.hasOwn(required, key))
  return { ...field, bad: value => field.bad(value).filter(isKnown) }
}

function badRecords(fields: Fields, required: string[], value: Readonly<Record<string, Plain>>): Plain[] {
  const names = Object.keys(fields)
  const without = required.map(name => Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)))
  const more = ['more', '', 'constructor', 'toString', '0'].map(name => ({ ...value, [name]: 1 }))
  const wrong = names.flatMap(name =>
    (fields[name] as Field).bad(value[name] ?? (fields[name] as Field).least).map(bad => ({ ...value, [name]: bad })),
  )
  return [...otherKinds('record'), ...without, ...more, ...wrong]
}

/** The same field with fewer valid values, where a rule between fields requires it. */
export function only(field: Field, ...values: [Plain, ...Plain[]]): Field {
  return { ...field, good: fc.constantFrom(...values), least: values[0], edges: [] }
}

/** One format that peers decode. */
export interface Form {
  readonly name: string
  readonly field: Field
  readonly encode: (value: Plain) => Uint8Array
  /** gives back the value that was encoded */
  readonly decode: (bytes: Uint8Array) => unknown
  /** error codes for a value of the wrong shape */
  readonly codes: readonly string[]
}
