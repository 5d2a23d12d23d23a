// Claims of protocols/model/evaluation-state.ts: the best model is kept in the checkpoint bit for bit; a fall beyond the
// margin and the noise goes back to it, another does not; after three the study is paused; bytes that contradict
// themselves are refused.

import test from 'ava'
import fc from 'fast-check'
import {
  type Checkpoint,
  checkpointShape,
  decodeCheckpoint,
  encodeCheckpoint,
  initialCheckpoint,
} from '../../../protocols/model/checkpoint.ts'
import {
  type EvaluationState,
  evaluated,
  evaluationPoints,
  isPaused,
} from '../../../protocols/model/evaluation-state.ts'
import { evaluationLayout, scoreOf } from '../../../protocols/study/evaluation.ts'
import { scheduleOf } from '../../../protocols/study/rounds.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const BINS = 4
const document = testStudy(testSigners(4), {
  evaluation: { bins: BINS, share: 2 ** 30, units: 400, noiseMultiplier: 1, margin: 0.05 },
  schedule: scheduleOf({ rounds: 12, statistics: false, every: 2 }),
})
const layout = evaluationLayout(2, BINS)

/** The sum of 400 held-back units, of which so many hundredths of each class are scored on the wrong side. */
function sumOf(wrong: number): Int32Array {
  const sum = new Int32Array(layout.dimension)
  for (const label of [0, 1]) {
    sum[layout.binAt(1, label, label * (BINS - 1))] = 2 * (100 - wrong)
    sum[layout.binAt(1, label, (1 - label) * (BINS - 1))] = 2 * wrong
  }
  return sum
}

/** A checkpoint after some steps, each of which is told from the others. */
function stepped(checkpoint: Checkpoint, by: number): Checkpoint {
  const move = (values: Float32Array) => values.map((value, at) => value + by + at / 64)
  return {
    ...checkpoint,
    round: checkpoint.round + 2,
    parameters: move(checkpoint.parameters),
    momentum: move(checkpoint.momentum),
    average: move(checkpoint.average),
  }
}

const evaluate = (checkpoint: Checkpoint, wrong: number, noise = 0): Checkpoint =>
  evaluated(checkpoint, sumOf(wrong), { document, round: 9, scale: 1, noise })

const stateOf = ({ evaluation }: Checkpoint): EvaluationState => evaluation!
const outcomes = (checkpoint: Checkpoint) => evaluationPoints(stateOf(checkpoint)).map(({ outcome }) => outcome)
const modelOf = ({ round, parameters, momentum, average }: Checkpoint) => ({ round, parameters, momentum, average })

test('the best model is kept, and a fall beyond the margin goes back to it, bit for bit', t => {
  const first = evaluate(stepped(initialCheckpoint(document), 1), 20)
  const second = evaluate(stepped(first, 2), 10)
  t.deepEqual(outcomes(second), ['best', 'best'])
  // within the margin of 0.05: kept, and not the best
  const third = evaluate(stepped(second, 3), 12)
  t.deepEqual(outcomes(third), ['best', 'best', 'kept'])
  t.notDeepEqual(modelOf(third), modelOf(second))
  const fourth = evaluate(stepped(third, 4), 30)
  t.deepEqual(outcomes(fourth), ['best', 'best', 'kept', 'went-back'])
  t.deepEqual(modelOf(fourth), modelOf(second))
  t.is(stateOf(fourth).returns, 1)
  t.is(stateOf(fourth).bestAt, 2)
  t.false(isPaused(stateOf(fourth)))
  t.is(evaluationPoints(stateOf(fourth))[1]!.score, Math.fround(scoreOf(stateOf(second).counts, layout, 0).score))
})

test('a fall that the noise explains, or an evaluation that says nothing, changes no model', t => {
  const best = evaluate(stepped(initialCheckpoint(document), 1), 10, 10)
  t.deepEqual(outcomes(best), ['best'])
  t.deepEqual(outcomes(evaluate(stepped(best, 2), 19, 10)), ['best', 'kept'])
  t.deepEqual(outcomes(evaluate(stepped(best, 2), 19)), ['best', 'kept'], 'the best one was noisy')
  t.deepEqual(outcomes(evaluate(stepped(best, 2), 60, 10)), ['best', 'went-back'])
  t.deepEqual(outcomes(evaluate(stepped(best, 2), 60, 1000)), ['best', 'kept'], 'hidden by the noise')
})

test('after two returns the next one pauses the study', t => {
  let checkpoint = evaluate(stepped(initialCheckpoint(document), 1), 5)
  for (const paused of [false, false, true]) {
    checkpoint = evaluate(stepped(checkpoint, 7), 50)
    t.is(isPaused(stateOf(checkpoint)), paused)
  }
})

test('encoding keeps it all; bytes that contradict themselves are refused', t => {
  const shape = checkpointShape(document)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 6 }), wrongs => {
      let checkpoint = initialCheckpoint(document)
      for (const wrong of wrongs) checkpoint = evaluate(stepped(checkpoint, wrong), wrong)
      const bytes = encodeCheckpoint(checkpoint)
      t.deepEqual(decodeCheckpoint(bytes, shape), checkpoint)
      t.deepEqual(encodeCheckpoint(decodeCheckpoint(bytes, shape)), bytes)
    }),
    { numRuns: 50 },
  )
  const state = stateOf(evaluate(initialCheckpoint(document), 10))
  const lies: Partial<EvaluationState>[] = [
    { done: 7 },
    { done: 0.5 },
    { bestAt: 2 },
    { returns: 2 },
    { returns: -1 },
    { bestRound: -1 },
    { curve: state.curve.with(3, 5) },
  ]
  for (const lie of lies) {
    const bytes = encodeCheckpoint({ ...initialCheckpoint(document), evaluation: { ...state, ...lie } })
    t.throws(() => decodeCheckpoint(bytes, shape), { code: 'malformed-checkpoint' } as object, JSON.stringify(lie))
  }
})
