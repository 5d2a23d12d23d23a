// Claims: a study with evaluations counts scores in single rounds among those of training, each one secure sum like any
// other; every hospital has the same scores and the same best model, late ones and crashed ones too; a poisoned stretch
// that an evaluation shows is undone; each round is charged once.

import test from 'ava'
import { evaluationsSeen } from '../../../node/worker/evaluations-seen.ts'
import { evaluationPoints, isPaused } from '../../../protocols/model/evaluation-state.ts'
import { evaluationLayout } from '../../../protocols/study/evaluation.ts'
import { planStudy, sumIn } from '../../../protocols/study/plan.ts'
import { lastRound, roundKind, scheduleOf } from '../../../protocols/study/rounds.ts'
import { checkStory, createStory, exactSum, finish, startAll } from '../../helpers/round/world.ts'

const BINS = 4
const layout = evaluationLayout(2, BINS)
const EVALUATED = {
  evaluation: { bins: BINS, share: 2 ** 30, units: 400, noiseMultiplier: 1, margin: 0.05 },
  schedule: scheduleOf({ rounds: 6, statistics: false, every: 2 }),
}
const LAST = 9

/** Words of a hospital's counts: of 50 units in each class, so many are scored on the wrong side. */
function countsOf(wrong: number, scale: number): Int32Array {
  const words = new Int32Array(layout.dimension)
  for (const label of [0, 1]) {
    words[layout.binAt(1, label, label * (BINS - 1))] = (50 - wrong) * scale
    words[layout.binAt(1, label, (1 - label) * (BINS - 1))] = wrong * scale
  }
  return words
}

/** A story whose hospitals count so many wrong scores in its evaluations. */
function storyOf(
  wrongs: readonly number[],
  {
    hospitals = 4,
    seed = 'evaluated',
    liar = null,
  }: { hospitals?: number; seed?: string; liar?: ((wrong: number) => { wrong: number; times: number }) | null } = {},
) {
  const story = createStory({
    ...{ hospitals, seed, study: EVALUATED },
    update: (member, round) => {
      const { dimension, fixedPoint } = sumIn(plan, round)
      if (roundKind(story.document, round) === 'evaluation') {
        const honest = wrongs[round / 3 - 1]!
        if (liar === null || member !== 2) return countsOf(honest, fixedPoint.scale)
        const { wrong, times } = liar(honest)
        return countsOf(wrong, fixedPoint.scale * times)
      }
      return Int32Array.from({ length: dimension }, (_, at) => 1000 * round + 10 * member + at)
    },
  })
  const plan = planStudy(story.document)
  return story
}

test('evaluations stand among the rounds of training, and every hospital has their scores', t => {
  for (const hospitals of [3, 5]) {
    const story = storyOf([20, 10, 12], { hospitals, seed: `evaluated ${hospitals}` })
    t.is(lastRound(story.document), LAST)
    startAll(story.world)
    finish(story.world)
    const values = checkStory(t, story)
    t.deepEqual(
      values.map(value => value.outcome === 'result' && value.kind),
      Array.from({ length: LAST }, (_, at) => ((at + 1) % 3 === 0 ? 'evaluation' : 'training')),
    )
    const third = values[2]!
    if (third.outcome !== 'result') return t.fail('the first evaluation has no result')
    t.is(exactSum(story.world, third).length, layout.dimension)
    for (const { vault, disk } of story.world.hospitals) {
      const { evaluation, round } = vault.current()
      t.is(round, 6, 'evaluations are no step of training')
      t.deepEqual(
        evaluationPoints(evaluation!).map(({ outcome }) => outcome),
        ['best', 'best', 'kept'],
      )
      t.is(evaluationPoints(evaluation!)[1]!.score, Math.fround(0.8))
      t.deepEqual(
        disk.charges.map(({ round }) => round).sort((a, b) => a - b),
        Array.from({ length: LAST }, (_, at) => at + 1),
      )
    }
  }
})

test('a stretch that spoils the model is undone: all go on from the best one', t => {
  const story = storyOf([10, 40, 10])
  startAll(story.world)
  story.world.until(() => story.world.hospitals.every(({ disk }) => disk.links.length >= 3))
  const best = story.world.hospitals.map(({ vault }) => vault.current())
  finish(story.world)
  checkStory(t, story)
  for (const [at, { vault }] of story.world.hospitals.entries()) {
    const { evaluation, round } = vault.current()
    t.deepEqual(
      evaluationPoints(evaluation!).map(({ outcome }) => outcome),
      ['best', 'went-back', 'kept'],
    )
    t.deepEqual(evaluation!.best.parameters, best[at]!.evaluation!.best.parameters)
    t.is(round, 4, 'two steps, two that were undone, two more')
  }
})

test('a hospital that comes after the return has the best model with the checkpoint', t => {
  const story = storyOf([10, 40, 12], { hospitals: 5, seed: 'late' })
  const { world } = story
  for (const { member } of world.hospitals) if (member !== 3) world.start(member)
  world.until(() => world.hospitals[0]!.disk.links.length === 7)
  world.start(3)
  finish(world)
  checkStory(t, story)
  t.deepEqual(world.hospitals[3]!.vault.current(), world.hospitals[0]!.vault.current())
})

test('a crash at any of the first effects loses neither the scores nor the training', t => {
  for (let at = 1; at <= 140; at += 17) {
    const story = storyOf([10, 40, 12], { seed: `crash ${at}` })
    let effects = 0
    story.world.crashes = ({ member }) => member === 1 && ++effects === at
    startAll(story.world)
    story.world.after(1000, () => story.world.hospitals[1]!.alive || story.world.start(1))
    finish(story.world)
    t.true(checkStory(t, story).every(({ outcome }) => outcome === 'result'))
  }
})

const outcomesOf = (story: ReturnType<typeof storyOf>) =>
  evaluationPoints(story.world.hospitals[0]!.vault.current().evaluation!).map(({ outcome }) => outcome)

test('who says that scores are worse can send a study back, and after two returns pauses it; the model loses no more', t => {
  const worse = storyOf([10, 10, 10], { seed: 'worse', liar: () => ({ wrong: 50, times: 4 }) })
  startAll(worse.world)
  finish(worse.world)
  checkStory(t, worse)
  // the liar is in all of them: nothing falls
  t.deepEqual(outcomesOf(worse), ['best', 'kept', 'kept'])
  let evaluations = 0
  const later = storyOf([10, 10, 10], {
    seed: 'later',
    liar: wrong => (evaluations++ === 0 ? { wrong, times: 1 } : { wrong: 50, times: 4 }),
  })
  startAll(later.world)
  finish(later.world)
  checkStory(t, later)
  t.deepEqual(outcomesOf(later), ['best', 'went-back', 'went-back'])
  const { evaluation } = later.world.hospitals[0]!.vault.current()
  t.is(evaluation!.returns, 2)
  t.false(isPaused(evaluation!), 'the next one pauses')
})

test('who says that scores are better can hide a fall, but not from hospitals that look at their own counts', t => {
  const story = storyOf([10, 40, 40], { seed: 'better', liar: () => ({ wrong: 0, times: 100 }) })
  startAll(story.world)
  finish(story.world)
  checkStory(t, story)
  t.false(outcomesOf(story).includes('went-back'))
  const { evaluation } = story.world.hospitals[0]!.vault.current()
  const own = { round: LAST, counts: Float32Array.from(countsOf(40, 1)) }
  t.true(evaluationsSeen(evaluation!, own, layout).ownDiffers)
  const honest = storyOf([10, 12, 12], { seed: 'honest' })
  startAll(honest.world)
  finish(honest.world)
  const seen = honest.world.hospitals[0]!.vault.current().evaluation!
  const same = { round: LAST, counts: Float32Array.from(countsOf(14, 1)) }
  t.false(evaluationsSeen(seen, same, layout).ownDiffers)
})

test('where groups are counted apart, every hospital has the score of all of them together', t => {
  const columns = ['age', 'weight'].map(name => {
    return { name, type: 'number' as const, low: 0, high: 100, missing: 'leave out' as const }
  })
  const story = createStory({
    ...{ hospitals: 4, seed: 'groups' },
    study: {
      ...EVALUATED,
      contract: { kind: 'table', shape: [2], classes: ['no', 'yes'], columns, label: 'ill', absent: [] },
      evaluation: { ...EVALUATED.evaluation, subgroups: { column: 'age', bands: [40, 60] } },
    },
    update: (_, round) => {
      const { dimension, fixedPoint } = sumIn(planStudy(story.document), round)
      if (roundKind(story.document, round) !== 'evaluation') return new Int32Array(dimension).fill(round)
      const words = new Int32Array(dimension)
      // 0, 10 and 20 of 100 on the wrong side: 10 of 100 in all
      for (const group of [0, 1, 2]) words.set(countsOf(5 * group, fixedPoint.scale), group * layout.dimension)
      return words
    },
  })
  startAll(story.world)
  finish(story.world)
  checkStory(t, story)
  const states = story.world.hospitals.map(({ vault }) => vault.current().evaluation!)
  for (const state of states) {
    t.is(state.counts.length, 3 * layout.dimension)
    t.deepEqual(evaluationPoints(state), evaluationPoints(states[0]!))
    t.is(evaluationPoints(state)[0]!.score, Math.fround(0.9))
    t.deepEqual(state.counts, states[0]!.counts)
  }
})
