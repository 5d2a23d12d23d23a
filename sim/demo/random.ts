/**
 * Reproducible randomness for the demonstration's data: phantoms and their partition. Nothing that protects privacy is
 * drawn from it.
 *
 * @module
 */

import { createHash } from 'node:crypto'

export interface Random {
  /** uniform in [0, 1) */
  unit(): number
  /** uniform in [low, high) */
  between(low: number, high: number): number
  /** normal with mean 0 and the given standard deviation */
  normal(sigma: number): number
  /** whole, uniform in [0, count) */
  below(count: number): number
}

/** xoshiro128** (Blackman, Vigna 2018), its state the hash of a label: one label, one sequence. */
export function createRandom(label: string): Random {
  const digest = createHash('sha256').update(label).digest()
  const state = Uint32Array.from({ length: 4 }, (_, word) => digest.readUInt32LE(4 * word))
  const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))

  function word(): number {
    const [a, b, c, d] = state as unknown as [number, number, number, number]
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const third = c ^ a
    const fourth = d ^ b
    state.set([a ^ fourth, b ^ third, third ^ (b << 9), rotate(fourth, 11)])
    return result
  }

  const unit = (): number => word() / 2 ** 32
  return {
    unit,
    between: (low, high) => low + (high - low) * unit(),
    normal: sigma => sigma * Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    below: count => Math.floor(count * unit()),
  }
}

/** The numbers 0 to count − 1 in a random order. */
export function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const kept = order[last]!
    order[last] = order[other]!
    order[other] = kept
  }
  return order
}
