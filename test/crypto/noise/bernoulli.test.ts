import test from 'ava'
import fc from 'fast-check'
import { bernoulli, bernoulliExp, bernoulliExpOne } from '../../../crypto/noise/bernoulli.ts'
import { RandomReader } from '../../../crypto/rng.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

/** A reader of the given words, then of zeros. */
function readerOf(words: readonly number[]): RandomReader {
  let next = 0
  return new RandomReader(
    target => new DataView(target.buffer, target.byteOffset).setUint32(0, words[next++] ?? 0, true),
    1,
  )
}

/** As many bits as `bernoulli` takes of a word, and the digit that decides nothing: the fraction's own. */
function digitsOf(numerator: number, denominator: number, count: number): { bits: number; digit: number }[] {
  let rest = BigInt(numerator)
  return Array.from({ length: count }, () => {
    const bits = rest < 2n ** 21n ? 32 : rest < 2n ** 42n ? 11 : 1
    const shifted = rest << BigInt(bits)
    rest = shifted % BigInt(denominator)
    return { bits, digit: Number(shifted / BigInt(denominator)) }
  })
}

const fraction = fc
  .tuple(fc.integer({ min: 1, max: 53 }), fc.integer({ min: 1, max: 53 }), fc.maxSafeNat(), fc.maxSafeNat())
  .map(([size, part, a, b]) => {
    const denominator = 1 + (a % 2 ** size)
    return { numerator: Math.min(denominator, b % 2 ** Math.min(size, part)), denominator }
  })

test('however long random bits tie with the fraction, the first that differ decide: exact to any depth', t => {
  fc.assert(
    fc.property(fraction, fc.integer({ min: 0, max: 12 }), ({ numerator, denominator }, ties) => {
      fc.pre(numerator > 0 && numerator < denominator)
      const digits = digitsOf(numerator, denominator, ties + 1)
      const wordOf = ({ bits, digit }: { bits: number; digit: number }): number => digit * 2 ** (32 - bits)
      const prefix = digits.slice(0, ties).map(wordOf)
      const last = digits[ties]!
      // a fraction with finitely many digits has no tie left after them
      fc.pre(
        digits.slice(0, ties).every((_, i) =>
          digitsOf(numerator, denominator, 40)
            .slice(i + 1)
            .some(d => d.digit > 0),
        ),
      )
      if (last.digit > 0) {
        t.true(bernoulli(readerOf([...prefix, wordOf({ ...last, digit: last.digit - 1 })]), numerator, denominator))
      }
      if (last.digit < 2 ** last.bits - 1) {
        t.false(bernoulli(readerOf([...prefix, wordOf({ ...last, digit: last.digit + 1 })]), numerator, denominator))
      }
    }),
    { numRuns: 2000 },
  )
})

test('probability 0 never happens, probability 1 always does', t => {
  for (const word of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
    for (const denominator of [1, 3, 2 ** 31, 2 ** 53 - 1]) {
      t.false(bernoulli(readerOf([word]), 0, denominator))
      t.true(bernoulli(readerOf([word]), denominator, denominator))
    }
  }
})

test('frequencies are those of the fraction and of the exponential', t => {
  const reader = new RandomReader(seededRng('frequencies'))
  const count = 200_000
  const frequency = (draw: () => boolean): number => {
    let hits = 0
    for (let i = 0; i < count; i++) if (draw()) hits++
    return hits / count
  }
  const close = (value: number, p: number): boolean => Math.abs(value - p) < 4 * Math.sqrt((p * (1 - p)) / count)
  for (const [a, b] of [
    [1, 3],
    [5, 7],
    [2 ** 40 - 1, 2 ** 41],
    [2 ** 52, 2 ** 53 - 1],
  ] as const) {
    t.true(
      close(
        frequency(() => bernoulli(reader, a, b)),
        a / b,
      ),
      `${a}/${b}`,
    )
  }
  for (const [a, b] of [
    [0, 5],
    [1, 2],
    [999_999, 2 ** 20],
    [2 ** 40, 2 ** 41],
    [7, 7],
  ] as const) {
    t.true(
      close(
        frequency(() => bernoulliExp(reader, a, b)),
        Math.exp(-a / b),
      ) || a === 0,
      `exp(−${a}/${b})`,
    )
  }
  t.is(
    frequency(() => bernoulliExp(reader, 0, 5)),
    1,
  )
  t.true(
    close(
      frequency(() => bernoulliExpOne(reader)),
      Math.exp(-1),
    ),
  )
})
