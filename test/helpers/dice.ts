/** Fast reproducible randomness for fuzzing: every frame has its own stream and can be made alone. @module */

export class Dice {
  #a: number
  #b: number
  #c: number
  #count = 1

  /** @param seed  an integer @param index  of the frame, an integer */
  constructor(seed: number, index: number) {
    this.#a = seed | 0
    this.#b = index | 0
    this.#c = (index / 2 ** 32) | 0
    for (let i = 0; i < 12; i++) this.word()
  }

  /** 32 bits: sfc32 (Doty-Humphrey, PractRand). */
  word(): number {
    const sum = (this.#a + this.#b + this.#count++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** an integer in [0, count) */
  below(count: number): number {
    return Math.floor((this.word() / 2 ** 32) * count)
  }

  /** true with probability 1 / `times` */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  bytes(count: number): Uint8Array {
    const drawn = new Uint8Array(count)
    for (let i = 0; i < count; i++) drawn[i] = this.word()
    return drawn
  }
}
