/** A CBOR writer that can make one fault, and that also writes values that the real one refuses. @module */

import type { Dice } from './dice.ts'

/** Bytes that are written into a value verbatim. */
export class Raw {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

export const FAULTS = [
  /** an argument encoded in more bytes than it needs */
  'wide',
  /** a wrong length */
  'lie',
  /** an indefinite length, closed or not */
  'indefinite',
  /** a tag before the value */
  'tag',
  /** a key twice, with one value or two */
  'twice',
  /** keys in another order */
  'unsorted',
  /** an integer as a float */
  'float',
  /** an invalid value: break, undefined, NaN, infinity, reserved heads */
  'none',
] as const
export type Fault = (typeof FAULTS)[number]

const NONE = ['ff', 'f7', 'f97e00', 'f97c00', 'fbfff0000000000000', '1c', '5e', '9d', 'f800', 'f81f', 'fc', 'e0', 'f3']
const LIES = [
  2 ** 8,
  2 ** 16,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  2 ** 64,
]

/** A head of the given width (bytes of the argument: 0, 1, 2, 4, 8), by default the shortest. */
export function head(major: number, argument: number, width = shortest(argument)): Uint8Array {
  if (width === 0) return Uint8Array.of((major << 5) | argument)
  const out = new Uint8Array(1 + width)
  out[0] = (major << 5) | (24 + Math.log2(width))
  let rest = Math.min(argument, 2 ** 64 - 2 ** 11)
  for (let at = width; at > 0; at--, rest = Math.floor(rest / 256)) out[at] = rest % 256
  return out
}

function shortest(argument: number): number {
  if (argument < 24) return 0
  if (argument < 2 ** 8) return 1
  if (argument < 2 ** 16) return 2
  return argument < 2 ** 32 ? 4 : 8
}

class Writer {
  readonly #parts: Uint8Array[] = []
  readonly #fault: Fault | undefined
  readonly #dice: Dice
  /** heads before the fault */
  #left: number

  constructor(dice: Dice, fault: Fault | undefined, after: number) {
    this.#dice = dice
    this.#fault = fault
    this.#left = after
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts)
  }

  /** Whether the fault is due and possible here. */
  #now(...faults: Fault[]): boolean {
    if (this.#fault === undefined || !faults.includes(this.#fault)) return false
    this.#left -= 1
    return this.#left === -1
  }

  #head(major: number, argument: number): void {
    const dice = this.#dice
    if (this.#now('tag')) this.#parts.push(head(6, dice.pick([0, 1, 2, 24, 55799, 2 ** 40])))
    if (this.#now('none')) this.#parts.push(Buffer.from(dice.pick(NONE), 'hex'))
    const widths = [1, 2, 4, 8].filter(width => width > shortest(argument))
    if (widths.length > 0 && this.#now('wide')) this.#parts.push(head(major, argument, dice.pick(widths)))
    else if (major > 1 && this.#now('lie')) this.#parts.push(head(major, this.#lie(argument)))
    else this.#parts.push(head(major, argument))
  }

  #lie(length: number): number {
    const near = length > 0 ? [length - 1, length + 1] : [1]
    return this.#dice.once(2) ? this.#dice.pick(near) : this.#dice.pick(LIES)
  }

  write(value: unknown): void {
    if (value instanceof Raw) this.#parts.push(value.bytes)
    else if (value instanceof Uint8Array) this.#string(2, value)
    else if (typeof value === 'string') this.#string(3, Buffer.from(value))
    else if (typeof value === 'number' || typeof value === 'bigint') this.#number(value)
    else if (Array.isArray(value)) this.#list(value)
    else if (typeof value === 'object' && value !== null) this.#record(Object.entries(value))
    else this.#parts.push(Uint8Array.of(value === null ? 0xf6 : value === true ? 0xf5 : 0xf4))
  }

  #string(major: number, bytes: Uint8Array): void {
    if (this.#now('indefinite')) {
      this.#parts.push(Uint8Array.of((major << 5) | 31), head(major, bytes.length), bytes)
      this.#close()
      return
    }
    this.#head(major, bytes.length)
    this.#parts.push(bytes)
  }

  #close(): void {
    if (!this.#dice.once(4)) this.#parts.push(Uint8Array.of(0xff))
  }

  #number(value: number | bigint): void {
    const integer = typeof value === 'bigint' || Number.isSafeInteger(value)
    if (!integer || this.#now('float')) {
      const out = new DataView(new ArrayBuffer(9))
      out.setUint8(0, 0xfb)
      out.setFloat64(1, Number(value))
      this.#parts.push(new Uint8Array(out.buffer))
    } else if (value >= 0) this.#head(0, Number(value))
    else this.#head(1, -1 - Number(value))
  }

  #list(items: readonly unknown[]): void {
    const open = this.#now('indefinite')
    if (open) this.#parts.push(Uint8Array.of(0x9f))
    else this.#head(4, items.length)
    for (const item of items) this.write(item)
    if (open) this.#close()
  }

  #record(entries: [string, unknown][]): void {
    const order = (key: string) => Buffer.concat([head(3, Buffer.byteLength(key)), Buffer.from(key)])
    entries.sort(([one], [other]) => Buffer.compare(order(one), order(other)))
    const [first] = entries
    if (first !== undefined && this.#now('twice')) entries.push([first[0], this.#dice.once(2) ? first[1] : 0])
    if (this.#now('unsorted')) entries.reverse()
    const open = this.#now('indefinite')
    if (open) this.#parts.push(Uint8Array.of(0xbf))
    else this.#head(5, entries.length)
    for (const [key, value] of entries) {
      this.#string(3, Buffer.from(key))
      this.write(value)
    }
    if (open) this.#close()
  }
}

/** @param fault the fault to make, once, if there is a place for it */
export function writeCbor(value: unknown, dice: Dice, fault?: Fault): Uint8Array {
  const writer = new Writer(dice, fault, dice.below(dice.pick([1, 4, 16])))
  writer.write(value)
  return writer.bytes()
}
