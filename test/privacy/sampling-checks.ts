/** Checks of the sampling: who is in a round, by what was drawn and by how often it happens. @module */

import type { Rng } from '../../crypto/rng.ts'
import { seededReader } from './canaries.ts'
import { deviationsMax, meanSquareRange } from './chance.ts'
import type { Finding } from './noise-statistics.ts'
import { type Check, createOpeningTestbed, type OpeningTestbed, vectors, within } from './opening.ts'

const NO_NOISE = { noise: 'off' as const, noiseMultiplier: 0, epsilon: 0 }
const CERTAIN = 2 ** 32

/** Hospitals with so many records, each on an input of its own, at a sampling rate of `rate` / 2^32. */
function roster(counts: readonly number[], rate: number, sampler?: (hospital: number) => Rng): Promise<OpeningTestbed> {
  const inputs = counts.reduce((sum, count) => sum + count, 0)
  let next = 0
  const records = counts.map(count =>
    vectors(
      inputs,
      Array.from({ length: count }, () => [[next++, 1000] as [number, number]]),
    ),
  )
  const privacy = { ...NO_NOISE, sampleRate: rate }
  return createOpeningTestbed({ records, inputs, privacy, ...(sampler && { sampler }) })
}

/** Which of all records are in a round. */
function included(testbed: OpeningTestbed, round: number): boolean[] {
  testbed.train(round)
  const sum = testbed.open(round)
  // either row of the weights shows it; the last two words are the bias
  return Array.from({ length: sum.length / 2 - 1 }, (_, record) => sum[2 * record] !== 0)
}

const SAMPLING: Check = {
  name: 'sampling',
  claim: 'every record is in a round with probability q, by itself: counts are binomial, and so are the batches',
  run: async () => {
    const [counts, rounds, rate] = [[200, 200, 200], 96, 7 / 16]
    return await within(roster(counts, rate * CERTAIN), testbed => {
      const seen = Array.from({ length: rounds }, (_, at) => included(testbed, at + 1))
      const all = seen[0]!.length
      const each = seen[0]!.map((_, record) => seen.filter(round => round[record]).length)
      const [mean, variance] = [rounds * rate, rounds * rate * (1 - rate)]
      const total = each.reduce((sum, count) => sum + count, 0)
      const rateOff = (total - all * mean) / Math.sqrt(all * variance)
      const furthest = Math.max(...each.map(count => Math.abs(count - mean))) / Math.sqrt(variance)
      const spread = each.reduce((sum, count) => sum + (count - mean) ** 2, 0) / variance / all
      const size = all * rate
      const batches = seen.map(round => round.filter(Boolean).length)
      const batchSpread = batches.reduce((sum, batch) => sum + (batch - size) ** 2, 0) / rounds / (size * (1 - rate))
      const measured =
        `rate ${rateOff.toFixed(1)}, furthest record ${furthest.toFixed(1)} deviations off; ` +
        `variance of counts ${spread.toFixed(2)}, of batch sizes ${batchSpread.toFixed(2)} of what they should be`
      const [ofCounts, ofBatches] = [meanSquareRange(all), meanSquareRange(rounds)]
      const wrong =
        Math.abs(rateOff) > deviationsMax() ||
        furthest > deviationsMax(all) ||
        spread < ofCounts.low ||
        spread > ofCounts.high ||
        batchSpread < ofBatches.low ||
        batchSpread > ofBatches.high
      return { wrong: wrong ? `this is not Poisson sampling: ${measured}` : null, measured }
    })
  },
}

/** 7.11 % and little else: no multiple of any power of two, and no short fraction. */
const ODD_RATE = 0x1234_5677

/** What each record draws in a round, by its hospital's and its own number. */
type Draw = (hospital: number, record: number) => number

/** Words around a rate, and such as differ from it in one bit, alike for all; then in or out by a hair, record by record. */
function drawsAround(rate: number): Draw[] {
  const bits = Array.from({ length: rate === ODD_RATE ? 32 : 1 }, (_, bit) => 2 ** bit)
  const alike = [
    0,
    1,
    rate - 2,
    rate - 1,
    rate,
    rate + 1,
    CERTAIN - 1,
    ...bits.flatMap(bit => [rate - bit, rate + bit]),
  ]
  const reader = seededReader(`rate ${rate}`)
  const coins = Array.from({ length: 4 }, () => {
    const tosses = Array.from({ length: 3 }, () => Array.from({ length: 300 }, () => reader.uniformUint32() % 2))
    return (hospital: number, record: number) => rate - tosses[hospital]![record]!
  })
  const words = [...new Set(alike)].map(word => () => word)
  return [...words, ...coins].filter(draw => isWord(draw(0, 0)) && isWord(draw(0, 1)))
}

function isWord(word: number): boolean {
  return word >= 0 && word < CERTAIN
}

/** Is a record in exactly when the word that it draws is below the rate? */
function exactRate(rate: number): Promise<Finding> {
  const counts = [1, 40, 300]
  let draw: Draw = () => 0
  const drawn = counts.map(() => 0)
  const sampler =
    (hospital: number): Rng =>
    target => {
      const words = new Uint32Array(target.length / 4).map(() => draw(hospital, drawn[hospital]!++ % counts[hospital]!))
      target.set(new Uint8Array(words.buffer))
    }
  return within(roster(counts, rate, sampler), testbed => {
    const owners = counts.flatMap((count, hospital) =>
      Array.from({ length: count }, (_, at) => [hospital, at] as const),
    )
    const draws = drawsAround(rate)
    for (const [at, next] of draws.entries()) {
      draw = next
      drawn.fill(0)
      const seen = included(testbed, at + 1)
      const off = owners.findIndex(([hospital, record], row) => seen[row] !== next(hospital, record) < rate)
      if (off < 0) continue
      const [hospital, record] = owners[off]!
      const word = next(hospital, record)
      const measured = `record ${record} of ${counts[hospital]} draws ${word} and is ${seen[off] ? 'in' : 'out'}`
      return { wrong: `the rate is not ${rate} / 2^32: ${measured}`, measured }
    }
    return { wrong: null, measured: `${draws.length} draws` }
  })
}

const RATE: Check = {
  name: 'rate',
  claim: 'q is a / 2^32 to the last bit: a record is in exactly when the word that it draws is below a',
  run: async () => {
    const measured: string[] = []
    for (const rate of [ODD_RATE, 1, CERTAIN - 1, CERTAIN]) {
      const found = await exactRate(rate)
      if (found.wrong !== null) return found
      measured.push(`${rate}: ${found.measured}`)
    }
    return { wrong: null, measured: measured.join(', ') }
  },
}

export const SAMPLING_CHECKS: readonly Check[] = [SAMPLING, RATE]
