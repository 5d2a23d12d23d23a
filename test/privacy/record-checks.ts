/** Checks of what records add to a sum: how much one of them may change, at every number of records. @module */

import type { Dataset } from '../../node/datasets/dataset.ts'
import { EXAMPLES_MAX } from '../../node/training/per-example-clipping.ts'
import { seededReader } from './canaries.ts'
import { clippedSum, promised } from './expected.ts'
import type { Finding } from './noise-statistics.ts'
import { type Check, createOpeningTestbed, nobody, type TestbedInit, vectors, within } from './opening.ts'

const NO_NOISE = { noise: 'off' as const, noiseMultiplier: 0, epsilon: 0 }

type Row = [index: number, value: number][]

function rowOf(inputs: number, value: (at: number) => number): Row {
  return Array.from({ length: inputs }, (_, at) => [at, value(at)])
}

/** How far one more record moves what a crowd opens, in units of what it may. */
async function movedBy(
  init: Pick<TestbedInit, 'inputs' | 'statistics' | 'featureNorm'>,
  { crowd, row, round }: { crowd: Row[]; row: Row; round: number },
): Promise<number> {
  const { inputs } = init
  const sumOf = (rows: Row[]) => {
    const records = [vectors(inputs, rows), ...nobody(inputs, 2)]
    return within(createOpeningTestbed({ ...init, privacy: NO_NOISE, records }), testbed => {
      testbed.train(round)
      const sum = testbed.open(round)
      return { sum, allowed: promised(testbed.document, sum.length).sensitivity }
    })
  }
  const [without, { sum, allowed }] = [await sumOf(crowd), await sumOf([...crowd, row])]
  return Math.sqrt(sum.reduce((total, word, at) => total + (word - without.sum[at]!) ** 2, 0)) / allowed
}

function adversaries(): [string, (at: number) => number][] {
  const reader = seededReader('sensitivity')
  return [
    ['random', () => (reader.uniformUint32() / 2 ** 32 - 0.5) * 20],
    ['along the crowd', () => 1],
    ['against the crowd', () => -1e6],
    ['huge', () => 1e30],
    ['NaN', at => (at === 3 ? Number.NaN : 1)],
    ['infinite', () => Number.POSITIVE_INFINITY],
    ['tiny', () => 1e-30],
  ]
}

const SENSITIVITY: Check = {
  name: 'sensitivity',
  claim: 'one record more or less moves the sum by at most Δ_int, however large, odd or broken it is',
  run: async () => {
    const inputs = 60
    // gradients that nearly cancel, of records of which no two are the same: a sum that is clipped as a whole would swing from one side to the other
    const crowd = Array.from({ length: 24 }, (_, at) => rowOf(inputs, () => (at % 2 === 0 ? 1 : -0.9) + at * 1e-6))
    let worst = 0
    for (const [name, value] of adversaries()) {
      const moved = await movedBy({ inputs }, { crowd, row: rowOf(inputs, value), round: 1 })
      worst = Math.max(worst, moved)
      if (!(moved <= 1)) return { wrong: `a ${name} record moves the sum by ${moved.toFixed(2)} Δ_int`, measured: name }
    }
    return { wrong: null, measured: `at most ${worst.toFixed(3)} Δ_int` }
  },
}

const STATISTICS: Check = {
  name: 'statistics',
  claim: 'one record moves the statistics by at most Δ_int, however large, odd or broken it is',
  run: async () => {
    const inputs = 40
    const crowd = [0.3, -0.9].map(value => rowOf(inputs, () => value))
    let worst = 0
    for (const value of [1, -1, 1e30, -1e6, Number.NaN, Number.POSITIVE_INFINITY]) {
      const moved = await movedBy({ inputs, statistics: 1 }, { crowd, row: rowOf(inputs, () => value), round: 0 })
      worst = Math.max(worst, moved)
      if (!(moved <= 1)) return { wrong: `a record of ${value} moves the statistics by ${moved} Δ_int`, measured: '' }
    }
    return { wrong: null, measured: `at most ${worst.toFixed(3)} Δ_int` }
  },
}

const FEATURE_MEAN: Check = {
  name: 'feature-mean',
  claim: "one record moves the sum of features by at most their norm in Δ_int, whatever its features' length",
  run: async () => {
    const inputs = 40
    const crowd = [0.3, -0.9].map(value => rowOf(inputs, () => value))
    const init = { inputs, featureNorm: 3 }
    let worst = 0
    for (const [name, value] of adversaries()) {
      const moved = await movedBy(init, { crowd, row: rowOf(inputs, value), round: 0 })
      worst = Math.max(worst, moved)
      if (!(moved <= 1)) return { wrong: `a ${name} record moves the mean by ${moved} Δ_int`, measured: '' }
    }
    return { wrong: null, measured: `at most ${worst.toFixed(3)} Δ_int` }
  },
}

/** Numbers of records: all that one pass holds, a few more, and around two full passes. */
const SIZES = [
  ...Array.from({ length: EXAMPLES_MAX + 4 }, (_, at) => at + 1),
  ...[-1, 0, 1].map(more => 2 * EXAMPLES_MAX + more),
]
/** Hospitals of one study, each with another number of records. */
const SIZES_AT_ONCE = 12
/** Entries of records: gradients a little and very much longer than C, and such as are no number. */
const ENTRIES = [1.1, -3, 1000, 1e6, Number.NaN, -30, Number.POSITIVE_INFINITY]

/** The records of a hospital that has so many, each on an input of its own, each of another length. */
function ladder(size: number): [index: number, value: number][] {
  return Array.from({ length: size }, (_, at) => [at, Math.fround(ENTRIES[(at + size) % ENTRIES.length]!)])
}

/** Do hospitals with so many records open exactly the sum of their clipped gradients, each of them once at each step? */
async function exactSum(sizes: readonly number[], localSteps: number): Promise<Finding> {
  const inputs = Math.max(...sizes)
  const rows = sizes.map(ladder)
  const records = rows.map(all =>
    vectors(
      inputs,
      all.map(row => [row]),
    ),
  )
  const { sum, recordLength } = await within(
    createOpeningTestbed({ records, inputs, privacy: { ...NO_NOISE, localSteps } }),
    testbed => {
      testbed.train(1)
      return { sum: testbed.open(1), ...promised(testbed.document, testbed.dimension) }
    },
  )
  const measured = `of ${sizes[0]} to ${sizes.at(-1)} records, ${localSteps} steps`
  const expected = clippedSum(inputs, rows.flat()).map(share => localSteps * recordLength * share)
  // each hospital rounds at each step; float32 is good to seven digits
  const off = sum.findIndex((word, at) => {
    const error = Math.abs(word - expected[at]!)
    return !(error <= sizes.length * localSteps + 1e-5 * Math.abs(expected[at]!))
  })
  if (off < 0) return { wrong: null, measured }
  const wrong = `hospitals ${measured} open ${sum[off]} at word ${off}, where clipped records make ${expected[off]}`
  return { wrong, measured }
}

async function firstWrongSizes(sizes: readonly number[], localSteps: number): Promise<Finding> {
  for (let start = 0; start < sizes.length; start += SIZES_AT_ONCE) {
    const found = await exactSum(sizes.slice(start, start + SIZES_AT_ONCE), localSteps)
    if (found.wrong !== null) return found
  }
  return { wrong: null, measured: `sums ${sizes[0]} to ${sizes.at(-1)} records long are exact` }
}

const PASSES: Check = {
  name: 'passes',
  claim: 'each record is clipped to 0.99·C by itself, whatever the number of records: 1 to a pass, and more',
  run: () => firstWrongSizes(SIZES, 1),
}

const STEPS: Check = {
  name: 'steps',
  claim: "each record is clipped at each of a hospital's own steps",
  run: async () => {
    const sizes = [1, 2, 3, 4, 5, 8, 13, 21, 34, 55, EXAMPLES_MAX, EXAMPLES_MAX + 1]
    for (const steps of [2, 5]) {
      const found = await firstWrongSizes(sizes, steps)
      if (found.wrong !== null) return found
    }
    return { wrong: null, measured: '2 and 5 steps' }
  },
}

const SIDE = 4
const IMAGE = SIDE * SIDE

/** Images of one bright pixel each. */
function images(pixels: readonly number[], labels: readonly number[]): Dataset {
  const rows = pixels.map(pixel => [[pixel, 1] as [number, number]])
  return { ...vectors(IMAGE, rows), shape: [SIDE, SIDE, 1], labels: Uint8Array.from(labels) }
}

const DUPLICATES: Check = {
  name: 'duplicates',
  claim: 'an image counts once however often it stands in the data, and not at all where its labels differ',
  run: async () => {
    const sumOf = (first: Dataset) => {
      const records = [first, images([], []), images([], [])]
      const init = { records, inputs: IMAGE, image: [SIDE, SIDE, 1] as [number, number, number] }
      // gradients of one bright pixel are as long as C
      return within(createOpeningTestbed({ ...init, privacy: { ...NO_NOISE, clippingNorm: 0.5 } }), testbed => {
        testbed.train(1)
        return testbed.open(1)
      })
    }
    const once = await sumOf(images([0, 1, 2], [0, 1, 0]))
    const cases: [string, Dataset][] = [
      ['an image that stands there twice', images([0, 1, 2, 0], [0, 1, 0, 0])],
      ['an image that stands there three times in a row', images([0, 0, 0, 1, 2], [0, 0, 0, 1, 0])],
      ['the last image again', images([0, 1, 2, 2], [0, 1, 0, 0])],
      ['an image with two labels', images([0, 5, 1, 2, 5], [0, 1, 1, 0, 0])],
    ]
    for (const [name, data] of cases) {
      const sum = await sumOf(data)
      if (sum.some((word, at) => word !== once[at])) return { wrong: `${name} counts`, measured: name }
    }
    const alone = await sumOf(images([0, 1], [0, 1]))
    if (alone.every((word, at) => word === once[at])) throw new Error('an image more changes nothing')
    return { wrong: null, measured: `${cases.length} cases` }
  },
}

export const RECORD_CHECKS: readonly Check[] = [SENSITIVITY, STATISTICS, FEATURE_MEAN, PASSES, STEPS, DUPLICATES]
