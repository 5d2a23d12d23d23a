// Claims of protocols/study/evaluation.ts: every count has a place of its own, one unit moves the counts by no more than
// the stated norm, and the score of exact counts is the area under the ROC curve, with the deviation that noise gives it.

import test from 'ava'
import fc from 'fast-check'
import type { Rng } from '../../../crypto/rng.ts'
import {
  areaOf,
  binOf,
  countsOf,
  edgeOf,
  evaluationLayout,
  HIDDEN,
  oneAgainstRest,
  scoreOf,
} from '../../../protocols/study/evaluation.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

const CLASSES = fc.integer({ min: 2, max: 9 })
const BINS = fc.integer({ min: 2, max: 64 })

test('every count has a place of its own, and all places are used', t => {
  fc.assert(
    fc.property(CLASSES, BINS, (classes, bins) => {
      const { dimension, scored, binAt, predictionAt } = evaluationLayout(classes, bins)
      const places = new Set<number>()
      for (const one of scored) {
        for (let label = 0; label < classes; label++) {
          for (let bin = 0; bin < bins; bin++) places.add(binAt(one, label, bin))
        }
      }
      for (let label = 0; label < classes && predictionAt !== null; label++) {
        for (let predicted = 0; predicted < classes; predicted++) places.add(predictionAt(label, predicted))
      }
      t.deepEqual(
        [...places].sort((a, b) => a - b),
        Array.from({ length: dimension }, (_, at) => at),
      )
      t.is(dimension, classes === 2 ? 2 * bins : classes * classes * (bins + 1))
    }),
  )
})

test('a probability falls into one bin, whatever it is', t => {
  t.deepEqual(
    [0, 0.038, 0.0381, 0.4999, 0.5001, 0.96, 0.97, 1, -1e-9, 1 + 1e-6].map(value => binOf(value, 8)),
    [0, 0, 1, 3, 4, 6, 7, 7, 0, 7],
  )
  for (const bins of [2, 7, 64]) {
    t.deepEqual([edgeOf(0, bins), edgeOf(bins, bins)], [0, 1])
    for (let bin = 0; bin < bins; bin++) {
      const [from, to] = [edgeOf(bin, bins), edgeOf(bin + 1, bins)]
      for (const part of [0.001, 0.5, 0.999]) t.is(binOf(from + part * (to - from), bins), bin)
    }
  }
})

test('a sum of another length is refused', t => {
  t.throws(() => countsOf(new Int32Array(15), 1, evaluationLayout(2, 8)), { code: 'length-mismatch' } as object)
})

function seeded(rng: Rng): Uint8Array {
  const bytes = new Uint8Array(8)
  rng(bytes)
  return bytes
}

/** The area by comparing every positive with every negative. */
function byPairs(positive: readonly number[], negative: readonly number[]): number {
  let wins = 0
  positive.forEach((p, a) => {
    negative.forEach((n, b) => {
      wins += p * n * (a > b ? 1 : a === b ? 0.5 : 0)
    })
  })
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  return wins / total(positive) / total(negative)
}

test('without noise the area is that of all pairs', t => {
  const histogram = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 6, maxLength: 6 })
  fc.assert(
    fc.property(histogram, histogram, (positive, negative) => {
      const found = areaOf(
        { positive: Float64Array.from(positive), negative: Float64Array.from(negative) },
        { noise: 0, rest: 1 },
      )!
      t.true(Math.abs(found.area - byPairs(positive, negative)) < 1e-12)
      t.is(found.variance, 0)
    }),
  )
})

test('the deviation of a score is that of many noised counts; a score that the noise hides says nothing', t => {
  const rng = seededRng('evaluation noise')
  const layout = evaluationLayout(3, 6)
  const exact = new Float32Array(layout.dimension)
  for (const one of layout.scored) {
    for (let label = 0; label < 3; label++) {
      for (let bin = 0; bin < 6; bin++)
        exact[layout.binAt(one, label, bin)] = label === one ? 5 + 12 * bin : 70 - 11 * bin
    }
  }
  const noise = 3
  const normal = () => {
    const [a, b] = new Uint32Array(seeded(rng).buffer) as unknown as [number, number]
    return Math.sqrt(-2 * Math.log((a + 1) / 2 ** 32)) * Math.cos((2 * Math.PI * b) / 2 ** 32)
  }
  const scores = Array.from({ length: 4000 }, () => {
    return scoreOf(
      Float32Array.from(exact, count => count + noise * normal()),
      layout,
      noise,
    ).score
  })
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length)
  const stated = scoreOf(exact, layout, noise)
  t.true(Math.abs(mean - stated.score) < 0.002, `${mean} ${stated.score}`)
  t.true(Math.abs(deviation / stated.deviation - 1) < 0.1, `${deviation} ${stated.deviation}`)
  t.deepEqual(scoreOf(exact, layout, 500), { score: 0.5, deviation: HIDDEN })
  t.deepEqual(scoreOf(new Float32Array(layout.dimension), layout, 0), { score: 0.5, deviation: HIDDEN })
  const { positive, negative } = oneAgainstRest(exact, layout, 0)
  t.is(positive[5], 65)
  t.is(negative[0], 140)
})
