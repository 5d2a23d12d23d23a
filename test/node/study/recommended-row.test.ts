// Claims of the recommended row: it follows from public numbers; a stronger promise or a larger model has no more rounds,
// more units no fewer; larger samples are not bought where they add little; a row that does not fit, or is not possible,
// is never recommended; on X-rays it is what folds of training images chose.

import test from 'ava'
import fc from 'fast-check'
import { errorOf, recommendedRow } from '../../../node/study/recommended-row.ts'
import type { PlanRow } from '../../../node/study/study-planner.ts'

const ROUNDS = [10, 20, 40, 80, 160, 320]

/** Rows of every record in every round: the noise is that of composed Gaussians. @param first noise of one round's */
function rowsOf(first: number, rounds: readonly number[] = ROUNDS): PlanRow[] {
  const row = { sampleRate: 1, batch: 1, noiseMultiplier: 1, epsilons: null }
  return rounds.map(count => ({ ...row, rounds: count, noise: first * Math.sqrt(count) }))
}

const roundsOf = (first: number, parameters: number): number =>
  recommendedRow({ records: 1000, parameters, rows: rowsOf(first) })!.rounds

test('a stronger promise, a larger model or fewer units never have more rounds', t => {
  const noise = fc.double({ min: 1e-6, max: 1, noNaN: true })
  const factor = fc.double({ min: 1, max: 100, noNaN: true })
  const size = fc.integer({ min: 1, max: 100_000 })
  fc.assert(
    fc.property(noise, factor, size, size, (first, worse, parameters, more) => {
      t.true(roundsOf(first * worse, parameters) <= roundsOf(first, parameters))
      t.true(roundsOf(first, parameters + more) <= roundsOf(first, parameters))
    }),
  )
})

test('no other row has an error less by more than 0.002, and none as good has less work', t => {
  const row = fc.record({
    rounds: fc.integer({ min: 1, max: 1000 }),
    sampleRate: fc.double({ min: 0.01, max: 1, noNaN: true }),
    noise: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), found => {
      const rows = found.map(one => ({ ...one, batch: 1, noiseMultiplier: 1, epsilons: null }))
      const planning = { records: 500, parameters: 40, rows }
      const best = recommendedRow(planning)
      const fitting = rows.filter(({ noise }) => noise !== null)
      if (best === null) return t.is(fitting.length, 0)
      const errors = fitting.map(one => errorOf(one, planning)!)
      t.true(errorOf(best, planning)! <= Math.min(...errors) + 0.002)
      for (const [at, one] of fitting.entries()) {
        if (one.rounds * one.sampleRate < best.rounds * best.sampleRate) {
          t.true(errors[at]! > Math.min(...errors) + 0.002)
        }
      }
      return undefined
    }),
  )
})

test('the chance of the sample counts as noise does, and local steps as rounds', t => {
  const [row] = rowsOf(0, [10])
  const size = { records: 100, parameters: 5 }
  t.is(errorOf(row!, size), 0.1)
  t.is(errorOf(row!, { ...size, localSteps: 2 }), 0.05)
  // half of 100 units: a variance of (1 − 0.5) / (0.5 × 100)
  t.is(errorOf({ ...row!, sampleRate: 0.5 }, size), 0.1 + 0.01 / 16)
  t.is(errorOf({ ...row!, noise: 0.2 }, size), 0.1 + (5 * 0.2 ** 2) / 16)
})

test('a row that does not fit or is not possible is not recommended, and of none there is none', t => {
  const size = { records: 1000, parameters: 100 }
  const rows = rowsOf(1e-3)
  const best = recommendedRow({ ...size, rows })!
  t.is(recommendedRow({ ...size, rows }, ({ rounds }) => rounds < best.rounds)!.rounds, best.rounds / 2)
  t.is(recommendedRow({ ...size, rows: rows.map(row => ({ ...row, noise: null })) }), null)
  t.is(recommendedRow({ ...size, rows: [] }), null)
})

test('with every X-ray in every round, eight hospitals of which two collude have the rounds that folds chose', t => {
  // first: the noise multiplier of one round at delta 1e-5, shared out, over the units
  const atOnce = { 3: 1.3906, 1: 3.7305 }
  for (const [records, parameters] of [
    [4708, 7940],
    [3654, 11_715],
  ] as const) {
    const rounds = (epsilon: 1 | 3): number =>
      recommendedRow({
        ...{ records, parameters },
        rows: rowsOf((atOnce[epsilon] * Math.sqrt(8 / 6)) / records),
      })!.rounds
    t.is(rounds(3), 80)
    t.is(rounds(1), 40)
  }
})
