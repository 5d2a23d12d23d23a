/** Mutations of frames, accidental and malicious. @module */

import type { Dice } from './dice.ts'
import { FAULTS, head, Raw, writeCbor } from './loose-cbor.ts'

/** A valid frame, as bytes and as the decoded value. */
export interface Sample {
  readonly value: unknown
  readonly bytes: Uint8Array
}

/** @param others valid frames of the same kind and of others */
export type Mutation = (sample: Sample, dice: Dice, others: () => Uint8Array) => Uint8Array

const NAMES = ['', 'type', 'study', 'constructor', '__proto__', 'toString', 'length', '0', 'hasOwnProperty', '\u0000']
const NUMBERS = [
  0,
  1,
  -1,
  23,
  24,
  255,
  256,
  65535,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  0.5,
  1e308,
]
const LENGTHS = [0, 1, 31, 32, 33, 38, 63, 64, 65, 256, 1024, 1025, 4096, 4097]
const HUGE = [16 * 1024, 16 * 1024 + 1, 64 * 1024, 512 * 1024, (1 << 20) - 64, 1 << 20]

/** A random CBOR value of an unusual kind or size. */
function anything(dice: Dice, depth = 0): unknown {
  const size = dice.once(300) ? dice.pick(HUGE) : dice.pick(LENGTHS)
  switch (dice.below(depth > 2 ? 8 : 11)) {
    case 0:
      return null
    case 1:
      return dice.once(2)
    case 2:
    case 3:
      return dice.pick(NUMBERS) * (dice.once(3) ? -1 : 1)
    case 4:
    case 5:
      return new Uint8Array(size)
    case 6:
      return dice.pick(NAMES)
    case 7:
      return dice.pick(['x', '\u202e', 'é', '\ufeff', '\u001b[2J']).repeat(Math.min(size, 1 << 18))
    case 8:
      return new Raw(nested(dice, dice.pick([1, 8, 15, 16, 17, 40, 400])))
    case 9:
      return Array.from({ length: dice.below(5) }, () => anything(dice, depth + 1))
    default:
      return Object.fromEntries(
        Array.from({ length: dice.below(4) }, () => [dice.pick(NAMES), anything(dice, depth + 1)]),
      )
  }
}

/** Nested lists and records. */
export function nested(dice: Dice, levels: number): Uint8Array {
  const level = Buffer.from(dice.pick(['81', 'a16161', '8100', '9f', 'd818', '5f']), 'hex')
  return Buffer.concat([...new Array<Uint8Array>(levels).fill(level), Uint8Array.of(0)])
}

/** The value with one random change. */
function changed(value: unknown, dice: Dice): unknown {
  if (Array.isArray(value) && !dice.once(4)) return changedList(value, dice)
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !dice.once(8)) {
    return changedRecord(value as Record<string, unknown>, dice)
  }
  return anything(dice)
}

function changedList(items: readonly unknown[], dice: Dice): unknown {
  const at = dice.below(items.length)
  const [one = anything(dice, 9)] = [items[at]].filter(item => !(item instanceof Uint8Array) || item.length <= 256)
  switch (dice.below(5)) {
    case 0:
      return items.toSpliced(at, 1)
    case 1:
      return [...items, anything(dice)]
    case 2:
      return new Array(dice.pick(dice.once(200) ? [4097, 20_000] : [2, 100, 101])).fill(one)
    case 3:
      return items.toReversed()
    default:
      return items.length === 0 ? [anything(dice)] : items.with(at, changed(items[at], dice))
  }
}

function changedRecord(record: Record<string, unknown>, dice: Dice): unknown {
  const name = dice.pick(Object.keys(record))
  switch (dice.below(8)) {
    case 0:
      return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name))
    case 1:
      return { ...record, [dice.pick(NAMES)]: anything(dice) }
    case 2:
      return { ...record, [name]: record[dice.pick(Object.keys(record))] }
    case 3:
      return many(record, dice)
    default:
      return { ...record, [name]: changed(record[name], dice) }
  }
}

function many(record: Record<string, unknown>, dice: Dice): unknown {
  const count = dice.once(200) ? dice.pick([1000, 5000, 9000]) : 12
  return { ...record, ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${dice.once(2) ? i : -i}`, i])) }
}

function between(bytes: Uint8Array, dice: Dice): [number, number] {
  const from = dice.below(bytes.length + 1)
  return [from, Math.min(bytes.length, from + dice.below(dice.pick([2, 8, 64, 1024])))]
}

function put(bytes: Uint8Array, [from, to]: [number, number], piece: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(to)])
}

function place(bytes: Uint8Array, dice: Dice): [number, number] {
  const at = dice.below(bytes.length + 1)
  return [at, at]
}

function lengthLie(dice: Dice): Uint8Array {
  const length = dice.pick([255, 65535, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 53 - 1, 2 ** 53, 2 ** 64])
  return head(dice.pick([2, 3, 4, 5]), length, length < 256 ? 1 : length < 65536 ? 2 : length < 2 ** 32 ? 4 : 8)
}

/** All mutations. A million frames need each made in microseconds, so the costly variants are drawn rarely. */
export const MUTATIONS = {
  none: ({ bytes }) => bytes,
  flip: ({ bytes }, dice) => {
    const flipped = bytes.slice()
    for (let i = dice.pick([1, 1, 2, 8]); i > 0; i--) flipped[dice.below(bytes.length)]! ^= 1 << dice.below(8)
    return flipped
  },
  truncate: ({ bytes }, dice) => bytes.subarray(0, dice.below(bytes.length)),
  insert: ({ bytes }, dice) => put(bytes, place(bytes, dice), dice.bytes(1 + dice.below(dice.pick([2, 8, 64])))),
  remove: ({ bytes }, dice) => put(bytes, between(bytes, dice), new Uint8Array(0)),
  repeat: ({ bytes }, dice) => {
    const [from, to] = between(bytes, dice)
    return put(bytes, [to, to], bytes.subarray(from, to))
  },
  splice: ({ bytes }, dice, others) => {
    const other = others()
    return Buffer.concat([bytes.subarray(0, dice.below(bytes.length)), other.subarray(dice.below(other.length))])
  },
  embed: ({ bytes }, dice, others) => put(bytes, between(bytes, dice), others()),
  lie: ({ bytes }, dice) => {
    const [at] = place(bytes, dice)
    return put(bytes, [at, Math.min(bytes.length, at + dice.below(10))], lengthLie(dice))
  },
  nest: ({ bytes }, dice) => {
    const levels = dice.once(1000) ? dice.pick([16_000, 60_000, 1_000_000]) : dice.pick([1, 15, 16, 17, 100, 1000])
    return put(bytes, place(bytes, dice), nested(dice, levels))
  },
  fault: ({ value }, dice) => writeCbor(value, dice, dice.pick(FAULTS)),
  value: ({ value }, dice) => writeCbor(changed(value, dice), dice),
  twice: ({ value }, dice) => writeCbor(changed(changed(value, dice), dice), dice, dice.pick(FAULTS)),
  grow: ({ bytes }, dice) => {
    if (!dice.once(100)) return put(bytes, place(bytes, dice), new Uint8Array(dice.pick(LENGTHS)).fill(dice.word()))
    const fill = dice.pick([0x00, 0x40, 0x60, 0x80, 0xa0, 0xf6])
    const count = dice.pick([1000, 16_000, 64_000])
    return put(bytes, place(bytes, dice), Buffer.concat([head(4, count), new Uint8Array(count).fill(fill)]))
  },
  noise: (_, dice) => dice.bytes(dice.below(dice.pick([4, 40, 400]))),
} as const satisfies Record<string, Mutation>

export type MutationName = keyof typeof MUTATIONS
