/** Checks of the noise: openings of hospitals without records. @module */

import type { StudyPrivacy } from '../../protocols/study/types.ts'
import { promised } from './expected.ts'
import {
  distancesAlike,
  type Finding,
  firstWrong,
  type Openings,
  openingsAlike,
  shapeOf,
  sizeOfAll,
  sizeOfEach,
  wordsAlike,
} from './noise-statistics.ts'
import { type Check, createOpeningTestbed, nobody, type OpeningTestbed, within } from './opening.ts'

/** Tolerance of the noise's deviation. */
const SIZE_TOLERANCE = 0.003

/** 34,002 words: several pieces of the sampler's, and the last of three chunks shorter than the others. */
const INPUTS = 17_000

const HOSPITALS = 3
const COLLUDERS = 1

/** Openings of `rounds` rounds in `views` views each, from a round number on. */
function openings(testbed: OpeningTestbed, counts: { rounds: number; views: number; first?: number }): Int32Array[] {
  const { rounds, views, first = 1 } = counts
  const sums: Int32Array[] = []
  for (let round = first; round < first + rounds; round++) {
    testbed.train(round)
    for (let view = 0; view < views; view++) sums.push(testbed.open(round, { view }))
  }
  return sums
}

function silent(inputs: number, privacy: Partial<StudyPrivacy>, hospitals = HOSPITALS): Promise<OpeningTestbed> {
  return createOpeningTestbed({
    records: nobody(inputs, hospitals),
    inputs,
    privacy: { colluders: COLLUDERS, ...privacy },
  })
}

function noiseOf(privacy: Partial<StudyPrivacy>, counts: { rounds: number; views: number }): Promise<Openings> {
  return within(silent(INPUTS, privacy), testbed => ({
    sums: openings(testbed, counts),
    deviation: promised(testbed.document, testbed.dimension).sumDeviation(HOSPITALS),
  }))
}

/** What is grossly wrong shows in a few openings, and takes no time. */
const FEW = { rounds: 2, views: 4 }
const MANY = { rounds: 8, views: 8 }

/** The openings that two checks look at. */
let shared: Promise<Openings> | undefined

function sharedNoise(): Promise<Openings> {
  shared ??= noiseOf({}, MANY)
  return shared
}

/** Asks the same of a few openings, and where nothing is wrong of many. */
async function askTwice(
  few: Promise<Openings>,
  many: () => Promise<Openings>,
  ask: (noise: Openings, tolerance: number) => Finding,
): Promise<Finding> {
  const first = ask(await few, 1)
  return first.wrong === null ? ask(await many(), SIZE_TOLERANCE) : first
}

function sizes(noise: Openings, tolerance: number): Finding {
  return firstWrong(
    () => sizeOfEach(noise),
    () => sizeOfAll(noise, tolerance),
    () => shapeOf(noise),
  )
}

/** Noise that hospitals share adds up to |P|²·σ², not |P|·σ². */
function likenesses(noise: Openings, tolerance: number): Finding {
  return firstWrong(
    () => openingsAlike(noise),
    () => wordsAlike(noise),
    () => distancesAlike(noise),
    () => sizeOfAll(noise, tolerance),
  )
}

function all(noise: Openings, tolerance: number): Finding {
  return firstWrong(
    () => sizes(noise, tolerance),
    () => likenesses(noise, tolerance),
  )
}

const NOISE: Check = {
  name: 'noise',
  claim: 'without records every word of an opened sum is noise, of σ_h·√|P| within 0.3 % in all and of the right shape',
  run: () => askTwice(noiseOf({}, FEW), sharedNoise, sizes),
}

const INDEPENDENCE: Check = {
  name: 'independence',
  claim: 'the noise of two rounds, views, hospitals or words has nothing in common',
  run: () => askTwice(noiseOf({}, FEW), sharedNoise, likenesses),
}

/** z at which s·C is 2^10 and ⌈√d⌉ a sixth of it. */
const LARGE_MULTIPLIER = 1000

const ROUNDING: Check = {
  name: 'rounding',
  claim: 'where rounding is a large part of what a record changes, it is in the sensitivity that the noise is made for',
  run: async () => {
    const privacy = { noiseMultiplier: LARGE_MULTIPLIER }
    return sizeOfAll(await noiseOf(privacy, { rounds: 2, views: 2 }), 0.02)
  },
}

const CONTRIBUTORS: Check = {
  name: 'contributors',
  claim: 'the fewer contribute, the more noise each of them adds, however many are in the study',
  run: () =>
    within(silent(INPUTS, {}, 5), testbed => {
      testbed.train(1)
      const { sumDeviation } = promised(testbed.document, testbed.dimension)
      return firstWrong(
        ...[5, 4, 3].map(contributors => () => {
          const sums = [0, 1].map(view => testbed.open(1, { view, contributors }))
          return sizeOfAll({ sums, deviation: sumDeviation(contributors) }, 0.02)
        }),
      )
    }),
}

const LOCAL_STEPS = 3

const LOCAL: Check = {
  name: 'local',
  claim: 'with local noise a hospital adds z·Δ to every word at each of its steps, all of it drawn anew',
  run: () => {
    const privacy = { noise: 'local' as const, localSteps: LOCAL_STEPS }
    return askTwice(noiseOf(privacy, { rounds: 8, views: 1 }), () => noiseOf(privacy, { rounds: 64, views: 1 }), all)
  },
}

/** Columns that a study may bound, nearly. */
const COLUMNS = 4090
const STATISTICS_MULTIPLIER = 3
/** Fewer columns than words of training make for fewer words in all, which tell sizes half as finely. */
const STATISTICS_VIEWS = 66
const STATISTICS_TOLERANCE = 0.006

const STATISTICS_NOISE: Check = {
  name: 'statistics-noise',
  claim: 'in the statistics of no records every word is noise, of the right size and shape, and drawn anew',
  run: () => {
    const init = { inputs: COLUMNS, statistics: STATISTICS_MULTIPLIER, privacy: { colluders: COLLUDERS } }
    return within(createOpeningTestbed({ ...init, records: nobody(COLUMNS, HOSPITALS) }), testbed => {
      const dimension = 2 * COLUMNS + 1
      const sums = openings(testbed, { rounds: 1, views: STATISTICS_VIEWS, first: 0 })
      const deviation = promised(testbed.document, dimension, STATISTICS_MULTIPLIER).sumDeviation(HOSPITALS)
      return all({ sums, deviation }, STATISTICS_TOLERANCE)
    })
  },
}

export const NOISE_CHECKS: readonly Check[] = [NOISE, INDEPENDENCE, ROUNDING, CONTRIBUTORS, LOCAL, STATISTICS_NOISE]
