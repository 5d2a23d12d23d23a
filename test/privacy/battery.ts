/**
 * The honest-implementation battery: what the promise of privacy rests on, measured on sums that were opened as the
 * product opens them. Each check says what is wrong, in a sentence, or nothing; its bounds are those that chance exceeds
 * once in a million, at fixed seeds.
 *
 * @module
 */

import { auditScores, gaussianOneRunEpsilon } from '../../crypto/accounting/one-run-audit.ts'
import { pldEpsilon } from '../../crypto/accounting/pld.ts'
import { effectiveMultiplier, hospitalSigma } from '../../crypto/fixed-point.ts'
import { RandomReader } from '../../crypto/rng.ts'
import type { Dataset } from '../../node/datasets/dataset.ts'
import { CLIP_MARGIN } from '../../node/training/per-example-clipping.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { seededRng } from '../helpers/seeded-rng.ts'
import { createOpeningWard, type OpeningWard, vectors } from './opening.ts'

export interface Check {
  readonly name: string
  /** what is claimed */
  readonly claim: string
  /** @returns what is wrong, or null, with what was measured */
  run(): Promise<{ wrong: string | null; measured: string }>
}

const HOSPITALS = 8
const COLLUDERS = 2
/** 1e-6, two-sided */
const CHANCE = 4.9

function sigmaOf({ document, sensitivity }: OpeningWard, contributors: number): number {
  const { noiseMultiplier, colluders } = document.privacy
  return hospitalSigma({ noiseMultiplier, sensitivity, contributors, colluders })
}

async function within<Result>(testbed: Promise<OpeningWard>, use: (testbed: OpeningWard) => Result): Promise<Result> {
  const opened = await testbed
  try {
    return use(opened)
  } finally {
    opened.close()
  }
}

const empty = (inputs: number): Dataset => vectors(inputs, [])
const nobody = (inputs: number): Dataset[] => Array.from({ length: HOSPITALS }, () => empty(inputs))

/** 1e5 parameters: two rows of inputs and their bias. */
const WIDE = 49_999

const NOISE: Check = {
  name: 'noise',
  claim: 'without any data the opened sum is noise of σ_h·√|P|, within 1 %, and of the right shape',
  run: () =>
    within(createOpeningWard({ records: nobody(WIDE), inputs: WIDE, privacy: { colluders: COLLUDERS } }), testbed => {
      testbed.train(1)
      const sum = testbed.open(1)
      const expected = sigmaOf(testbed, HOSPITALS) * Math.sqrt(HOSPITALS)
      const deviation = Math.sqrt(sum.reduce((total, word) => total + word * word, 0) / sum.length)
      const chi = shapeDeviations(sum, expected)
      const measured = `σ is ${(deviation / expected).toFixed(4)} of what it should be, the shape ${chi.toFixed(1)} deviations off`
      if (Math.abs(deviation / expected - 1) > 0.01)
        return { wrong: `the noise is of another size: ${measured}`, measured }
      return { wrong: Math.abs(chi) > CHANCE ? `the noise is of another shape: ${measured}` : null, measured }
    }),
}

/** χ² of forty equally likely cells of a normal law, in deviations. */
function shapeDeviations(sum: Int32Array, sigma: number): number {
  const cells = 40
  const counts = new Float64Array(cells)
  for (const word of sum) {
    const quantile = 0.5 * (1 + erf(word / sigma / Math.SQRT2))
    counts[Math.min(cells - 1, Math.floor(quantile * cells))]! += 1
  }
  const expected = sum.length / cells
  const chi = counts.reduce((total, count) => total + (count - expected) ** 2 / expected, 0)
  return (chi - (cells - 1)) / Math.sqrt(2 * (cells - 1))
}

/** Abramowitz-Stegun 7.1.26, good to 1.5e-7: cells of 2500 do not see that. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
  return Math.sign(x) * (1 - series * Math.exp(-x * x))
}

const INDEPENDENCE: Check = {
  name: 'independence',
  claim: 'the noise of two rounds, of two views of a round, and of two hospitals has nothing in common',
  run: () =>
    within(createOpeningWard({ records: nobody(WIDE), inputs: WIDE, privacy: { colluders: COLLUDERS } }), testbed => {
      for (const round of [1, 2]) testbed.train(round)
      const [first, view, round] = [testbed.open(1), testbed.open(1, 1), testbed.open(2)]
      const sigma = sigmaOf(testbed, HOSPITALS)
      const unit = HOSPITALS * sigma * sigma * Math.sqrt(first.length)
      const views = correlation(first, view) / unit
      const rounds = correlation(first, round) / unit
      // noise that hospitals share adds up to |P|²·σ², not |P|·σ²
      const variance =
        first.reduce((total, word) => total + word * word, 0) / first.length / (HOSPITALS * sigma * sigma)
      const shared = (variance - 1) * Math.sqrt(first.length / 2)
      const measured = `views ${views.toFixed(1)}, rounds ${rounds.toFixed(1)}, hospitals ${shared.toFixed(1)} deviations`
      const wrong = [views, rounds].some(value => Math.abs(value) > CHANCE) || shared > CHANCE
      return { wrong: wrong ? `noises are alike: ${measured}` : null, measured }
    }),
}

function correlation(a: Int32Array, b: Int32Array): number {
  return a.reduce((total, word, at) => total + word * b[at]!, 0)
}

const LOCAL_STEPS = 4
/** Columns that a study may bound, nearly. */
const BOUNDED = 4000

const LOCAL: Check = {
  name: 'local',
  claim: 'with local noise every hospital adds z·Δ at each of its steps: σ√(steps·|P|) in the sum, within 1 %',
  run: () => {
    const privacy = { noise: 'local' as const, localSteps: LOCAL_STEPS, colluders: COLLUDERS }
    return within(createOpeningWard({ records: nobody(WIDE), inputs: WIDE, privacy }), testbed => {
      testbed.train(1)
      const { noiseMultiplier } = testbed.document.privacy
      const expected = noiseMultiplier * testbed.sensitivity * Math.sqrt(LOCAL_STEPS * HOSPITALS)
      return sizeOfNoise(testbed.open(1), expected)
    })
  },
}

const STATISTICS: Check = {
  name: 'statistics',
  claim: 'statistics of no records are noise of the right size, and one record moves them by at most Δ_int',
  run: async () => {
    const init = { inputs: BOUNDED, statistics: 1, privacy: { colluders: COLLUDERS } }
    const noise = await within(createOpeningWard({ ...init, records: nobody(BOUNDED) }), testbed => {
      testbed.train(0)
      // 1e5 words: every view has noise of its own
      const words = Array.from({ length: 13 }, (_, view) => [...testbed.open(0, view)]).flat()
      const { statistics } = planStudy(testbed.document)
      const { sensitivity } = statistics!.fixedPoint
      const shared = { noiseMultiplier: 1, sensitivity, contributors: HOSPITALS, colluders: COLLUDERS }
      return sizeOfNoise(Int32Array.from(words), hospitalSigma(shared) * Math.sqrt(HOSPITALS))
    })
    if (noise.wrong !== null) return noise
    const inputs = 40
    const privacy = { noise: 'off' as const, noiseMultiplier: 0, epsilon: 0 }
    const others = Array.from({ length: 2 }, () => empty(inputs))
    const row = (value: number) => Array.from({ length: inputs }, (_, at): [number, number] => [at, value])
    const sumOf = (rows: [number, number][][]) =>
      within(
        createOpeningWard({ inputs, statistics: 1, privacy, records: [vectors(inputs, rows), ...others] }),
        testbed => {
          testbed.train(0)
          return { sum: testbed.open(0), allowed: planStudy(testbed.document).statistics!.fixedPoint.sensitivity }
        },
      )
    const crowd = [row(0.3), row(-0.9)]
    const without = await sumOf(crowd)
    for (const value of [1, -1, 1e30, -1e6, Number.NaN, Number.POSITIVE_INFINITY]) {
      const { sum, allowed } = await sumOf([...crowd, row(value)])
      const moved = Math.sqrt(sum.reduce((total, word, at) => total + (word - without.sum[at]!) ** 2, 0)) / allowed
      if (!(moved <= 1)) return { wrong: `a record of ${value} moves the statistics by ${moved} Δ_int`, measured: '' }
    }
    return noise
  },
}

function sizeOfNoise(sum: Int32Array, expected: number): { wrong: string | null; measured: string } {
  const deviation = Math.sqrt(sum.reduce((total, word) => total + word * word, 0) / sum.length)
  const measured = `σ is ${(deviation / expected).toFixed(4)} of what it should be`
  return {
    wrong: Math.abs(deviation / expected - 1) > 0.01 ? `the noise is of another size: ${measured}` : null,
    measured,
  }
}

const SENSITIVITY: Check = {
  name: 'sensitivity',
  claim: 'one record more or less moves the sum by at most Δ_int, however large, odd or broken it is',
  run: async () => {
    const inputs = 60
    const reader = new RandomReader(seededRng('sensitivity'), 64)
    const random = () => (reader.uniformUint32() / 2 ** 32 - 0.5) * 20
    const row = (value: (at: number) => number) =>
      Array.from({ length: inputs }, (_, at): [number, number] => [at, value(at)])
    // gradients that nearly cancel, of records of which no two are the same: a sum that is clipped as a whole would swing from one side to the other
    const crowd = Array.from({ length: 24 }, (_, at) => row(() => (at % 2 === 0 ? 1 : -0.9) + at * 1e-6))
    const adversaries: [string, (at: number) => number][] = [
      ['random', random],
      ['along the crowd', () => 1],
      ['against the crowd', () => -1e6],
      ['huge', () => 1e30],
      ['NaN', at => (at === 3 ? Number.NaN : 1)],
      ['infinite', () => Number.POSITIVE_INFINITY],
      ['tiny', () => 1e-30],
    ]
    const others = Array.from({ length: 2 }, () => empty(inputs))
    const privacy = { noise: 'off' as const, noiseMultiplier: 0, epsilon: 0 }
    const sumOf = (rows: [number, number][][]) =>
      within(createOpeningWard({ records: [vectors(inputs, rows), ...others], inputs, privacy }), testbed => {
        testbed.train(1)
        return { sum: testbed.open(1), allowed: testbed.sensitivity }
      })
    const without = await sumOf(crowd)
    let worst = 0
    for (const [name, value] of adversaries) {
      const { sum, allowed } = await sumOf([...crowd, row(value)])
      const moved = Math.sqrt(sum.reduce((total, word, at) => total + (word - without.sum[at]!) ** 2, 0)) / allowed
      worst = Math.max(worst, moved)
      if (!(moved <= 1)) return { wrong: `a ${name} record moves the sum by ${moved.toFixed(2)} Δ_int`, measured: name }
    }
    return { wrong: null, measured: `at most ${worst.toFixed(3)} Δ_int` }
  },
}

const SAMPLING: Check = {
  name: 'sampling',
  claim: 'every record is in a round with probability q, by itself: counts are binomial, and so are the batches',
  run: async () => {
    const [each, rounds, rate] = [64, 300, 2 ** -3]
    const inputs = HOSPITALS * each
    const records = Array.from({ length: HOSPITALS }, (_, hospital) =>
      vectors(
        inputs,
        Array.from({ length: each }, (_, record) => [[hospital * each + record, 1000] as [number, number]]),
      ),
    )
    const privacy = { noise: 'off' as const, noiseMultiplier: 0, epsilon: 0, sampleRate: rate * 2 ** 32 }
    return await within(createOpeningWard({ records, inputs, privacy }), testbed => {
      const counts = new Float64Array(inputs)
      const batches: number[] = []
      for (let round = 1; round <= rounds; round++) {
        testbed.train(round)
        const sum = testbed.open(round)
        let batch = 0
        for (let record = 0; record < inputs; record++) {
          // either row of the weights shows it
          if (sum[2 * record] === 0) continue
          counts[record]! += 1
          batch += 1
        }
        batches.push(batch)
      }
      const [mean, variance] = [rounds * rate, rounds * rate * (1 - rate)]
      const chi = counts.reduce((total, count) => total + (count - mean) ** 2 / variance, 0)
      const spread = (chi - inputs) / Math.sqrt(2 * inputs)
      const total = counts.reduce((sum, count) => sum + count, 0)
      const rateOff = (total - inputs * mean) / Math.sqrt(inputs * variance)
      const size = inputs * rate
      const batchVariance = batches.reduce((sum, batch) => sum + (batch - size) ** 2, 0) / rounds / (size * (1 - rate))
      const batchOff = (batchVariance - 1) * Math.sqrt(rounds / 2)
      const measured = `rate ${rateOff.toFixed(1)}, counts ${spread.toFixed(1)}, batch sizes ${batchOff.toFixed(1)} deviations off`
      const wrong = [spread, rateOff, batchOff].some(value => Math.abs(value) > CHANCE)
      return { wrong: wrong ? `this is not Poisson sampling: ${measured}` : null, measured }
    })
  },
}

/** Canaries, each alone on its coordinate, and who of them is in. */
interface Canaries {
  readonly records: Dataset[]
  readonly included: boolean[]
  /** the sum's projection on each canary's gradient, from the opened sum */
  scores(sum: Int32Array): Float64Array
}

/** The weight of an input is so large beside the bias that a canary's gradient has one direction of its own. */
const CANARY_VALUE = 1000

function drawCanaries(count: number, seed: string): Canaries {
  const reader = new RandomReader(seededRng(seed), 1024)
  const included = Array.from({ length: count }, () => reader.uniformUint32() < 2 ** 31)
  const rows = Array.from({ length: HOSPITALS }, (): [number, number][][] => [])
  included.forEach((isIn, canary) => {
    if (isIn) rows[canary % HOSPITALS]!.push([[canary, CANARY_VALUE]])
  })
  return {
    records: rows.map(row => vectors(count, row)),
    included,
    // label 0 raises the first class's weight and lowers the second's
    scores: sum => Float64Array.from({ length: count }, (_, at) => (sum[2 * at + 1]! - sum[2 * at]!) / Math.SQRT2),
  }
}

const CANARIES: Check = {
  name: 'canaries',
  claim: 'the gap between canaries that are in and those that are out is s·0.99·C over the noise, within 6 %',
  run: async () => {
    const { records, included, scores } = drawCanaries(8000, 'canaries')
    const privacy = { colluders: COLLUDERS, noiseMultiplier: 0.5 }
    return await within(createOpeningWard({ records, inputs: included.length, privacy }), testbed => {
      testbed.train(1)
      const projected = scores(testbed.open(1))
      const meanOf = (wanted: boolean) => {
        const some = projected.filter((_, at) => included[at] === wanted)
        return some.reduce((total, value) => total + value, 0) / some.length
      }
      const noise = sigmaOf(testbed, HOSPITALS) * Math.sqrt(HOSPITALS)
      const expected = (testbed.scale * CLIP_MARGIN * testbed.document.privacy.clippingNorm) / noise
      const deviation = spreadOf(projected, included)
      const gap = (meanOf(true) - meanOf(false)) / deviation
      const measured = `gap ${gap.toFixed(3)} of the noise, expected ${expected.toFixed(3)}`
      return {
        wrong: Math.abs(gap / expected - 1) > 0.06 ? `the signal is of another size: ${measured}` : null,
        measured,
      }
    })
  },
}

/** Standard deviation within the two groups. */
function spreadOf(values: Float64Array, included: readonly boolean[]): number {
  const squares = [true, false].map(wanted => {
    const some = values.filter((_, at) => included[at] === wanted)
    const mean = some.reduce((total, value) => total + value, 0) / some.length
    return some.reduce((total, value) => total + (value - mean) ** 2, 0)
  })
  return Math.sqrt((squares[0]! + squares[1]!) / (values.length - 2))
}

const AUDIT: Check = {
  name: 'audit',
  claim: 'guessing who was in refutes no smaller ε than the one that is claimed (one run, 8000 canaries)',
  run: async () => {
    const { records, included, scores } = drawCanaries(8000, 'audit')
    // of whoever sees the model, after one round of everybody: ε below 3
    const privacy = { colluders: COLLUDERS, noiseMultiplier: 1.5, delta: 1e-7 }
    return await within(createOpeningWard({ records, inputs: included.length, privacy }), testbed => {
      testbed.train(1)
      const sigma = sigmaOf(testbed, HOSPITALS)
      const { sensitivity } = testbed
      const noiseMultiplier = effectiveMultiplier({ sigma, sensitivity, honest: HOSPITALS })
      const { delta } = testbed.document.privacy
      const claimed = pldEpsilon([{ sampleRate: 1, noiseMultiplier, steps: 1 }], { delta })
      const terms = { counts: [50, 100, 200, 400, 800], significance: 0.05, delta }
      const guessed = { scores: scores(testbed.open(1)), included }
      const any = auditScores(guessed, terms).epsilon
      // one round at q = 1 claims the Gaussian's whole curve: the sharper test
      const gaussian = auditScores(guessed, { ...terms, bound: gaussianOneRunEpsilon }).epsilon
      const measured = `at least ${any.toFixed(3)} by Steinke et al., ${gaussian.toFixed(3)} by Mahloujifar et al.; claimed ${claimed.toFixed(3)}`
      return { wrong: Math.max(any, gaussian) > claimed ? `the claim is refuted: ${measured}` : null, measured }
    })
  },
}

export const BATTERY: readonly Check[] = [
  NOISE,
  INDEPENDENCE,
  LOCAL,
  STATISTICS,
  SENSITIVITY,
  SAMPLING,
  CANARIES,
  AUDIT,
]
