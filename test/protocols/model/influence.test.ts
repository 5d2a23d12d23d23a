// Claims of protocols/model/influence.ts: whatever a member hides under its mask, one round moves the model by no more than the
// bound, and from the eleventh on by no more than four usual rounds; honest rounds are left as they are, bit for bit; the bound
// goes on from a checkpoint's bytes.

import test from 'ava'
import fc from 'fast-check'
import {
  checkpointShape,
  decodeCheckpoint,
  encodeCheckpoint,
  initialCheckpoint,
} from '../../../protocols/model/checkpoint.ts'
import { influenceMax, timesBounded } from '../../../protocols/model/influence.ts'
import { nextCheckpoint } from '../../../protocols/model/next-checkpoint.ts'
import { noiseInSum } from '../../../protocols/study/noise/noised-sums.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { Dice } from '../../helpers/dice.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const NOISE = { clippingNorm: 1, sampleRate: 2 ** 30, noiseMultiplier: 1.2, delta: 1e-5, epsilon: 3, colluders: 1 }
const base = testStudy(testSigners(4), { rounds: 40 })
const study: StudyDocument = {
  ...base,
  influence: 1.5,
  units: 400,
  optimizer: { learningRate: 1, momentum: 0, averageDecay: 0 },
  privacy: { noise: 'distributed', ...NOISE },
}
const plan = planStudy(study)
const { scale } = plan.fixedPoint
const sigma = noiseInSum(study.privacy, plan, 4)
const lengthOf = (values: ArrayLike<number>) => Math.hypot(...Array.from(values))
const most = influenceMax({ document: study, sum: plan, kind: 'training' })

/** What honest contributors and noise add up to: in the study's range, never near the bound. */
function honest(dice: Dice, pull = 0.2): Int32Array {
  const drawn = 0.25 * study.units
  const each = (pull * drawn * scale) / Math.sqrt(plan.dimension)
  return Int32Array.from({ length: plan.dimension }, () =>
    Math.round(each + sigma * (12 * (dice.below(2 ** 20) / 2 ** 20) - 6) * 0.29),
  )
}

const moved = (before: { parameters: Float32Array }, after: { parameters: Float32Array }): number =>
  lengthOf(after.parameters.map((value, at) => value - before.parameters[at]!)) * plan.denominator * scale

test('the bound is what all drawn units and all noise can add up to, times the influence', t => {
  const drawn = 0.25 * 400
  const expected = scale * (drawn + 10 * Math.sqrt(drawn)) * 1.5 + sigma * (Math.sqrt(plan.dimension) + 10)
  t.is(most, expected)
  t.is(influenceMax({ document: { ...study, influence: null }, sum: plan, kind: 'training' }), Infinity)
})

test('one round moves the model by at most the bound, whatever the sum', t => {
  const words = fc.array(fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constant(2 ** 31 - 1)), {
    minLength: plan.dimension,
    maxLength: plan.dimension,
  })
  const start = initialCheckpoint(study)
  fc.assert(
    fc.property(words, sum => {
      const next = nextCheckpoint(start, Int32Array.from(sum), { document: study, plan, round: 1 })
      t.true(moved(start, next) <= most * (1 + 1e-4))
      t.is(timesBounded(next.influence), lengthOf(sum) > most ? 1 : 0)
    }),
    { numRuns: 200 },
  )
})

test('honest rounds are left as they are, bit for bit, and a lie among them moves four usual rounds at most', t => {
  const dice = new Dice(7, 0)
  let [checkpoint, unbound] = [initialCheckpoint(study), initialCheckpoint({ ...study, influence: null })]
  const free = { document: { ...study, influence: null } as StudyDocument, plan }
  const lengths: number[] = []
  for (let round = 1; round <= 20; round++) {
    const sum = honest(dice)
    lengths.push(lengthOf(sum))
    checkpoint = nextCheckpoint(checkpoint, sum, { document: study, plan, round })
    unbound = nextCheckpoint(unbound, sum, { ...free, round })
  }
  t.deepEqual(checkpoint.parameters, unbound.parameters)
  t.is(timesBounded(checkpoint.influence), 0)
  const lie = new Int32Array(plan.dimension).fill(2 ** 31 - 1)
  const median =
    lengths
      .slice(-10)
      .toSorted((a, b) => a - b)
      .slice(4, 6)
      .reduce((a, b) => a + b) / 2
  const limit = Math.min(most, Math.max(sigma * (Math.sqrt(plan.dimension) + 10), 4 * median))
  const after = nextCheckpoint(checkpoint, lie, { document: study, plan, round: 21 })
  t.true(moved(checkpoint, after) <= limit * (1 + 1e-4))
  t.true(limit < most / 1.5, 'tighter than the bound of the first rounds')
  t.is(timesBounded(after.influence), 1)
  t.true(moved(unbound, nextCheckpoint(unbound, lie, { ...free, round: 21 })) > 1000 * limit)
})

test('a liar in every round ramps up to the bound and no further', t => {
  const dice = new Dice(9, 0)
  let checkpoint = initialCheckpoint(study)
  for (let round = 1; round <= 15; round++) {
    checkpoint = nextCheckpoint(checkpoint, honest(dice), { document: study, plan, round })
  }
  const lie = new Int32Array(plan.dimension).fill(2 ** 31 - 1)
  let rounds = 0
  for (let last = 0; last < most * 0.999 && rounds < 40; rounds++) {
    const next = nextCheckpoint(checkpoint, lie, { document: study, plan, round: 16 + rounds })
    last = moved(checkpoint, next)
    t.true(last <= most * (1 + 1e-4))
    checkpoint = next
  }
  t.log(`rounds until the bound: ${rounds}`)
  t.true(rounds > 3 && rounds <= 12)
})

test('a peer that begins from a checkpoint goes on with the same bound', t => {
  const dice = new Dice(11, 0)
  let checkpoint = initialCheckpoint(study)
  for (let round = 1; round <= 13; round++) {
    checkpoint = nextCheckpoint(checkpoint, honest(dice), { document: study, plan, round })
  }
  const late = decodeCheckpoint(encodeCheckpoint(checkpoint), checkpointShape(study))
  const lie = new Int32Array(plan.dimension).fill(-(2 ** 31))
  const [here, there] = [checkpoint, late].map(one => nextCheckpoint(one, lie, { document: study, plan, round: 14 }))
  t.deepEqual(encodeCheckpoint(here!), encodeCheckpoint(there!))
})
