// Claims of node/privacy-audit/roc.ts and likelihood-ratio.ts: guesses score as chance, knowledge as knowledge, and
// equal scores share one threshold.

import test from 'ava'
import fc from 'fast-check'
import { rocOf } from '../../../node/evaluation/roc.ts'
import { confidences, likelihoodRatios } from '../../../node/privacy-audit/likelihood-ratio.ts'
import { truePositivesAt } from '../../../node/privacy-audit/roc.ts'
import { uniforms } from '../training/engines.ts'

test('scores that know nothing have an AUC of a half; ones that know everything find everybody', t => {
  const next = uniforms('roc')
  const members = Array.from({ length: 4000 }, (_, at) => at % 2 === 0)
  const blind = rocOf(
    members.map(() => next()),
    members,
  )
  t.true(Math.abs(blind.auc - 0.5) < 0.04)
  t.true(truePositivesAt(blind, 0.01) < 0.025)
  const seeing = rocOf(
    members.map(isMember => next() + (isMember ? 1 : 0)),
    members,
  )
  t.is(seeing.auc, 1)
  t.is(truePositivesAt(seeing, 0.01), 1)
})

test('the AUC is the area under the points, ties are one threshold, and shares rise from 0 to 1', t => {
  const scored = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { minLength: 2, maxLength: 60 })
  const both = scored.filter(all => all.some(([, isIn]) => isIn) && all.some(([, isIn]) => !isIn))
  fc.assert(
    fc.property(both, all => {
      const { auc, points } = rocOf(
        all.map(([score]) => score),
        all.map(([, isIn]) => isIn),
      )
      t.deepEqual(
        [points[0], points.at(-1)].map(point => ({
          falsePositives: point?.falsePositives,
          truePositives: point?.truePositives,
        })),
        [
          { falsePositives: 0, truePositives: 0 },
          { falsePositives: 1, truePositives: 1 },
        ],
      )
      t.is(points.length, 1 + new Set(all.map(([score]) => score)).size)
      const area = points.slice(1).reduce((sum, { falsePositives, truePositives }, at) => {
        const before = points[at]!
        t.true(falsePositives >= before.falsePositives && truePositives >= before.truePositives)
        return sum + ((falsePositives - before.falsePositives) * (truePositives + before.truePositives)) / 2
      }, 0)
      t.true(Math.abs(area - auc) < 1e-9)
    }),
  )
})

test('a threshold that accuses too many is not taken', t => {
  const roc = rocOf([5, 4, 3, 2], [true, false, true, false])
  t.is(truePositivesAt(roc, 0.49), 0.5)
  t.is(truePositivesAt(roc, 0.5), 1)
})

test('confidence is the logit of the true class, also where a probability is all but 1', t => {
  const found = confidences([0.9, 0.1, 0.2, 0.8, 1, 1e-30], [0, 0, 0], 2)
  t.true(Math.abs(found[0]! - Math.log(9)) < 1e-12 && Math.abs(found[1]! - Math.log(0.25)) < 1e-12)
  t.true(Math.abs(found[2]! - 30 * Math.log(10)) < 1e-9)
  t.true(Number.isFinite(confidences([1, 0], [0], 2)[0]!))
})

/** Pairs of models, each trained on the half that its partner is not; `memory` is what training on a record adds. */
function answers(memory: number): number {
  const next = uniforms(`answers ${memory}`)
  const [models, records] = [8, 800]
  const difficulty = Array.from({ length: records }, () => 6 * next())
  const halves = Array.from({ length: models / 2 }, () => difficulty.map(() => next() < 0.5))
  const included = halves.flatMap(half => [half, half.map(isIn => !isIn)])
  const each = included.map(isIn => difficulty.map((hard, at) => hard + next() + next() + (isIn[at] ? memory : 0)))
  const ratios = each.flatMap((_, target) => {
    const shadows = [...each.keys()].filter(model => model >> 1 !== target >> 1)
    return [...likelihoodRatios({ confidences: each, included }, { target, shadows })]
  })
  return rocOf(ratios, included.flat()).auc
}

test('likelihood ratios see through how hard a record is, and of nothing remembered they say nothing', t => {
  t.true(answers(1) > 0.8)
  t.true(Math.abs(answers(0) - 0.5) < 0.03)
})
