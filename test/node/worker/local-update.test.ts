// Claims of node/worker/local-update.ts: with local noise every step's sum has the whole noise before the next step
// uses it; without noise several local steps are plain local training; the update is always a sum of integers.

import test from 'ava'
import { hospitalSigma } from '../../../crypto/fixed-point.ts'
import type { ModelState, Trainer } from '../../../node/training/trainer.ts'
import { trainUpdate } from '../../../node/worker/local-update.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { scheduleOf } from '../../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { type StudyChanges, testSigners, testStudy } from '../../helpers/study/study.ts'

const INPUTS = 1999
const DIMENSION = 2 * (INPUTS + 1)

function study(privacy: Partial<StudyDocument['privacy']>, changes: StudyChanges = {}): StudyDocument {
  const base = { noise: 'local' as const, clippingNorm: 1, sampleRate: 2 ** 31, noiseMultiplier: 1.3 }
  return testStudy(testSigners(4), {
    contract: { kind: 'vector', shape: [INPUTS], classes: ['no', 'yes'] },
    privacy: { ...base, delta: 1e-5, epsilon: 50, colluders: 1, ...privacy },
    ...changes,
  })
}

/** A trainer that gives what a function of the parameters says, and remembers what it was asked. */
function trainerOf(sum: (model: ModelState, step: number) => Float64Array): Trainer & { asked: Float32Array[] } {
  const asked: Float32Array[] = []
  return {
    dimension: DIMENSION,
    engine: 'given',
    asked,
    clippedSum: model => {
      asked.push(model.parameters.slice())
      return sum(model, asked.length)
    },
    statisticsSum: () => new Float64Array(2 * INPUTS + 1).fill(3),
    evaluationSum: () => new Float64Array(0),
    tableSum: () => new Float64Array(0),
    repeatedRecords: 0,
    recordCounts: { records: 0, patients: null },
    units: 0,
    sumOfLargest() {},
    dispose: () => {},
  }
}

function update(document: StudyDocument, trainer: Trainer, { round = 1, seed = 'update' } = {}): Int32Array {
  const plan = planStudy(document)
  const input = { document, plan, trainer, checkpoint: initialCheckpoint(document), round }
  return trainUpdate(input, seededRng(seed))
}

const deviation = (words: ArrayLike<number>): number =>
  Math.sqrt(Array.from(words).reduce((sum, word) => sum + word * word, 0) / words.length)

test('with no data at all an update of K local steps is noise of σ√K, with σ = z·Δ for each of them', t => {
  for (const localSteps of [1, 4, 9]) {
    const document = study({ localSteps })
    const { sensitivity } = planStudy(document).fixedPoint
    const sigma = Math.ceil(1.3 * sensitivity)
    const words = update(
      document,
      trainerOf(() => new Float64Array(DIMENSION)),
    )
    // the standard error over 4000 words is 1.1 %
    t.true(Math.abs(deviation(words) / (sigma * Math.sqrt(localSteps)) - 1) < 0.05, `${localSteps}`)
  }
})

test('the second step is taken from the noised first one', t => {
  const document = study({ localSteps: 2 })
  const { denominator, fixedPoint } = planStudy(document)
  const trainer = trainerOf(() => new Float64Array(DIMENSION))
  update(document, trainer)
  const moved = trainer.asked[1]!.map((value, at) => value - trainer.asked[0]![at]!)
  const step = (document.optimizer.learningRate * 4) / (fixedPoint.scale * denominator)
  const sigma = hospitalSigma({
    noiseMultiplier: 1.3,
    sensitivity: fixedPoint.sensitivity,
    contributors: 1,
    colluders: 0,
  })
  t.true(Math.abs(deviation(moved) / (step * sigma) - 1) < 0.05)
})

test('without noise K local steps are K steps of gradient descent on the public share of the batch', t => {
  const localSteps = 5
  const document = study({ noise: 'off', noiseMultiplier: 0, epsilon: 0, localSteps })
  const { denominator, fixedPoint } = planStudy(document)
  // the gradient of a parabola: what plain descent does is known in closed form
  const trainer = trainerOf(({ parameters }) => Float64Array.from(parameters, (value, at) => value - 0.1 - at / 1e5))
  const words = update(document, trainer)
  const rate = (document.optimizer.learningRate * 4) / denominator
  for (const at of [0, 7, DIMENSION - 1]) {
    const goal = 0.1 + at / 1e5
    // parameters start at 0 and close in by a factor of 1 − rate a step; the sum of the gradients is the way, over the rate
    const way = goal * (1 - (1 - rate) ** localSteps)
    t.true(Math.abs(words[at]! / fixedPoint.scale + way / rate) < 1e-3)
  }
  const once = update(study({ noise: 'off', noiseMultiplier: 0, epsilon: 0 }), trainer)
  t.is(once[3], Math.round(-(0.1 + 3 / 1e5) * fixedPoint.scale))
})

test('with distributed noise an update leaves the trainer as it is: the noise comes with the masks', t => {
  const document = study({ noise: 'distributed', noiseMultiplier: 1.3 })
  const words = update(
    document,
    trainerOf(() => new Float64Array(DIMENSION)),
  )
  t.true(words.every(word => word === 0))
})

test('local noise is on the statistics too, and a huge sum is cut off, not wrapped around', t => {
  const bounds = Array.from({ length: INPUTS }, (): [number, number] => [0, 1])
  const data = { kind: 'vector' as const, shape: [INPUTS] as [number], classes: ['no', 'yes'], bounds }
  const document = study({}, { contract: data, normalisation: { kind: 'columns' as const, noiseMultiplier: 2 } })
  const { statistics } = planStudy(document)
  const words = update(
    document,
    trainerOf(() => new Float64Array(DIMENSION)),
    { round: 0 },
  )
  t.is(words.length, 2 * INPUTS + 1)
  const noise = words.map(word => word - Math.round(3 * statistics!.fixedPoint.scale))
  t.true(Math.abs(deviation(noise) / (2 * statistics!.fixedPoint.sensitivity) - 1) < 0.05)
  const huge = update(
    document,
    trainerOf(() => new Float64Array(DIMENSION).fill(1e30)),
  )
  t.true(huge.every(word => word > 2 ** 30))
})

test('local steps are taken with the learning rate of the candidate that the round tries', t => {
  const search = {
    candidates: [
      { learningRate: 0.1, momentum: 0 },
      { learningRate: 0.8, momentum: 0 },
    ],
    rounds: 1,
  }
  const evaluation = { bins: 4, share: 2 ** 30, units: 400, noiseMultiplier: 1, margin: 0.05 }
  const schedule = scheduleOf({ rounds: 2, statistics: false, every: 1, search })
  const privacy = { noise: 'off' as const, noiseMultiplier: 0, epsilon: 0, localSteps: 2 }
  const document = study(privacy, { search, evaluation, schedule })
  const movedIn = (round: number): number => {
    const trainer = trainerOf(() => new Float64Array(DIMENSION).fill(1))
    update(document, trainer, { round })
    return trainer.asked[1]![0]! - trainer.asked[0]![0]!
  }
  t.true(Math.abs(movedIn(3) / movedIn(1) - 8) < 1e-6)
})
