/**
 * Randomness is an argument: production passes `randomFillSync`, tests pass a keyed stream, and both run the same code.
 *
 * @module
 */

import { requireInteger } from './check.ts'

/** Fills `target` with uniform random bytes from a cryptographically secure generator. */
export type Rng = (target: Uint8Array) => void

/** Most words that a reader draws from its generator at a time: 64 KiB, where a call's own cost is negligible. */
export const READER_WORDS_MAX = 1 << 14

const UNIFORM_LIMIT_MAX = 2 ** 31

/** Returns random words from a buffer that it refills from an `Rng`. */
export class RandomReader {
  readonly #rng: Rng
  readonly #words: Uint32Array
  readonly #bytes: Uint8Array
  #position: number

  /**
   * @param rng     source of uniform bytes
   * @param words   words to draw at a time, 1 to READER_WORDS_MAX; fewer when few are needed
   */
  constructor(rng: Rng, words: number = READER_WORDS_MAX) {
    requireInteger(words, { min: 1, max: READER_WORDS_MAX }, 'words')
    this.#rng = rng
    this.#words = new Uint32Array(words)
    this.#bytes = new Uint8Array(this.#words.buffer)
    this.#position = words
  }

  /** One uniform integer of [0, 2^32). */
  uniformUint32(): number {
    if (this.#position === this.#words.length) {
      this.#rng(this.#bytes)
      this.#position = 0
    }
    return this.#words[this.#position++]!
  }

  /**
   * One uniform integer of [0, limit), 1 ≤ limit ≤ 2^31, exactly, by rejection: draws below a power of two and repeats
   * a draw that is not below the limit (a division would be slower, and a plain remainder biased).
   *
   * @throws CryptoError `out-of-range`
   */
  uniformBelow(limit: number): number {
    requireInteger(limit, { min: 1, max: UNIFORM_LIMIT_MAX }, 'limit')
    const shift = Math.clz32(limit - 1)
    for (;;) {
      // a shift by 32 would be a shift by 0 in JavaScript
      const candidate = shift === 32 ? 0 : this.uniformUint32() >>> shift
      if (candidate < limit) return candidate
    }
  }

  /** Overwrites the buffer: words drawn from it may be secret. */
  wipe(): void {
    this.#words.fill(0)
    this.#position = this.#words.length
  }
}
