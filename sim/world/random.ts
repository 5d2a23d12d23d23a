/**
 * Repeatable randomness for simulated worlds: fast, seeded by a label, split into streams that do not disturb each
 * other. Nothing that protects anybody is drawn from here.
 *
 * @module xoshiro128** (Blackman, Vigna: Scrambled linear pseudorandom number generators, 2018).
 */

import { createHash } from 'node:crypto'

const TWO_32 = 2 ** 32

export class Random {
  readonly label: string
  #a: number
  #b: number
  #c: number
  #d: number

  /** One label, one sequence. */
  constructor(label: string) {
    this.label = label
    const digest = createHash('sha256').update(label).digest()
    this.#a = digest.readInt32LE(0)
    this.#b = digest.readInt32LE(4)
    this.#c = digest.readInt32LE(8)
    this.#d = digest.readInt32LE(12)
  }

  /** A stream of its own: what is drawn from it changes nothing here. */
  fork(name: string): Random {
    return new Random(`${this.label}/${name}`)
  }

  /** uniform in [0, 2^32) */
  word(): number {
    const b = this.#b
    const five = Math.imul(b, 5)
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0
    const c = this.#c ^ this.#a
    const d = this.#d ^ b
    this.#b = b ^ c
    this.#a ^= d
    this.#c = c ^ (b << 9)
    this.#d = (d << 11) | (d >>> 21)
    return result
  }

  /** uniform in [0, 1) */
  unit(): number {
    return this.word() / TWO_32
  }

  /** uniform in [low, high) */
  between(low: number, high: number): number {
    return low + (high - low) * this.unit()
  }

  /** whole, uniform in [0, count) */
  below(count: number): number {
    return Math.floor(count * this.unit())
  }

  /** whole, uniform in [low, high] */
  whole(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** Some of a list, in a random order. */
  sample<T>(list: readonly T[], count: number): T[] {
    const left = [...list]
    const taken: T[] = []
    while (taken.length < count && left.length > 0) taken.push(...left.splice(this.below(left.length), 1))
    return taken
  }

  /** Bytes, as crypto/rng.ts wants them. */
  readonly fill = (target: Uint8Array): void => {
    let at = 0
    while (at < target.length) {
      let word = this.word()
      for (let i = 0; i < 4 && at < target.length; i++, word >>>= 8) target[at++] = word & 0xff
    }
  }
}
