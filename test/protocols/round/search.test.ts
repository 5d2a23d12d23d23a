// Claims: a study with a search trains each candidate from the same first parameters with its own optimizer, evaluates
// it, and goes on from the model of the best one with that one's settings; every hospital chooses the same, late and
// crashed ones too, whatever rounds come to nothing; each round is charged once, and no candidate sends a study back.

import test from 'ava'
import fc from 'fast-check'
import {
  checkpointShape,
  decodeCheckpoint,
  encodeCheckpoint,
  initialCheckpoint,
} from '../../../protocols/model/checkpoint.ts'
import { evaluationPoints } from '../../../protocols/model/evaluation-state.ts'
import { nextCheckpoint } from '../../../protocols/model/next-checkpoint.ts'
import { beginningOf, optimizerOf, searchSeen } from '../../../protocols/model/search-state.ts'
import { evaluationLayout } from '../../../protocols/study/evaluation.ts'
import { planStudy, sumIn } from '../../../protocols/study/plan.ts'
import { lastRound, roundKind, scheduleOf } from '../../../protocols/study/rounds.ts'
import { candidateIn } from '../../../protocols/study/search.ts'
import { checkStory, createStory, finish, startAll } from '../../helpers/round/world.ts'

const BINS = 4
const layout = evaluationLayout(2, BINS)
const search = {
  candidates: [
    { learningRate: 0.1, momentum: 0.5 },
    { learningRate: 0.4, momentum: 0 },
    { learningRate: 0.2, momentum: 0.5 },
  ],
  rounds: 2,
}
const SEARCHED = {
  evaluation: { bins: BINS, share: 2 ** 30, units: 400, noiseMultiplier: 1, margin: 0.05 },
  search,
  schedule: scheduleOf({ rounds: 5, statistics: false, every: 2, search }),
}
const LAST_OF_SEARCH = 9
const LAST = 14

/** Words of a hospital's counts: of 50 units in each class, so many are scored on the wrong side; null: none at all. */
function countsOf(wrong: number | null, scale: number): Int32Array {
  const words = new Int32Array(layout.dimension)
  if (wrong === null) return words
  for (const label of [0, 1]) {
    words[layout.binAt(1, label, label * (BINS - 1))] = (50 - wrong) * scale
    words[layout.binAt(1, label, (1 - label) * (BINS - 1))] = wrong * scale
  }
  return words
}

/** A story whose hospitals count so many wrong scores in its evaluations, one after the other. */
function storyOf(
  wrongs: readonly (number | null)[],
  { hospitals = 4, seed = 'searched', timing = {} }: { hospitals?: number; seed?: string; timing?: object } = {},
) {
  const story = createStory({
    ...{ hospitals, seed, timing, study: SEARCHED },
    update: (member, round) => {
      const { dimension, fixedPoint } = sumIn(plan, round)
      if (roundKind(story.document, round) !== 'evaluation') {
        return Int32Array.from({ length: dimension }, (_, at) => 1000 * round + 10 * member + at)
      }
      const before = Array.from({ length: round }, (_, at) => roundKind(story.document, at))
      const done = before.filter(kind => kind === 'evaluation').length
      return countsOf(wrongs[done]!, fixedPoint.scale)
    },
  })
  const plan = planStudy(story.document)
  return story
}

const stateOf = (story: ReturnType<typeof storyOf>, member = 0) => story.world.hospitals[member]!.vault.current()
const seenOf = (story: ReturnType<typeof storyOf>, member = 0) =>
  searchSeen(story.document, stateOf(story, member).evaluation!)!

test('candidates are trained one after the other from the same start, and the best one goes on with its own settings', t => {
  for (const hospitals of [3, 5]) {
    const story = storyOf([20, 5, 12, 6, 4], { hospitals, seed: `searched ${hospitals}` })
    const { document, world } = story
    t.is(lastRound(document), LAST)
    t.deepEqual(
      Array.from({ length: LAST }, (_, at) => candidateIn(document, at + 1)),
      [0, 0, 0, 1, 1, 1, 2, 2, 2, null, null, null, null, null],
    )
    startAll(world)
    const initial = initialCheckpoint(document)
    for (const [candidate, round] of [3, 6].entries()) {
      world.until(() => world.hospitals.every(({ disk }) => disk.links.length >= round))
      const after = world.hospitals
        .filter(({ disk }) => disk.links.length === round)
        .map(({ vault }) => vault.current())
      t.true(after.length > 0)
      for (const { parameters, momentum, average, round: steps, evaluation } of after) {
        t.deepEqual(
          { parameters, momentum, average },
          {
            parameters: initial.parameters,
            momentum: initial.momentum,
            average: initial.average,
          },
        )
        t.is(steps, 0)
        t.is(searchSeen(document, evaluation!)!.running, candidate + 1)
        t.is(optimizerOf(document, { evaluation }).learningRate, search.candidates[candidate + 1]!.learningRate)
      }
    }
    world.until(() => world.hospitals.every(({ disk }) => disk.links.length >= LAST_OF_SEARCH))
    finish(world)
    checkStory(t, story)
    for (const { member, disk } of world.hospitals) {
      const { running, chosen, points } = seenOf(story, member)
      t.deepEqual({ running, chosen }, { running: null, chosen: 1 })
      t.deepEqual(
        points.map(point => point!.score),
        [0.6, 0.9, 0.76].map(Math.fround),
      )
      t.deepEqual(optimizerOf(document, stateOf(story, member)), { learningRate: 0.4, momentum: 0, averageDecay: 0.9 })
      t.is(stateOf(story, member).round, 5, 'the steps of the chosen one and those after')
      t.deepEqual(
        disk.charges.map(({ round }) => round).sort((a, b) => a - b),
        Array.from({ length: LAST }, (_, at) => at + 1),
        'each round is charged once, those of the other candidates too',
      )
    }
  }
})

test('the first of two that score the same is chosen, and no candidate sends a study back', t => {
  const story = storyOf([10, 40, 10, 12, 10], { seed: 'ties' })
  startAll(story.world)
  finish(story.world)
  checkStory(t, story)
  t.is(seenOf(story).chosen, 0)
  const { evaluation, round } = stateOf(story)
  t.deepEqual(
    evaluationPoints(evaluation!).map(({ outcome }) => outcome),
    ['best', 'kept', 'kept', 'kept', 'kept'],
  )
  t.is(evaluation!.returns, 0)
  t.is(round, 5)
})

test('a fall after the search goes back to the best model, and keeps the chosen settings', t => {
  const story = storyOf([20, 30, 5, 45, 7], { seed: 'fall' })
  startAll(story.world)
  finish(story.world)
  checkStory(t, story)
  const { evaluation, round } = stateOf(story)
  t.deepEqual(
    evaluationPoints(evaluation!).map(({ outcome }) => outcome),
    ['best', 'kept', 'best', 'went-back', 'kept'],
  )
  t.is(seenOf(story).chosen, 2)
  t.is(round, 3, 'two steps of the chosen one, and the last one')
  t.is(optimizerOf(story.document, { evaluation }).learningRate, 0.2)
})

test('where no evaluation says anything, all train from the start with the settings of the study', t => {
  const story = storyOf([null, null, null, 10, 10], { seed: 'hidden' })
  startAll(story.world)
  finish(story.world)
  checkStory(t, story)
  t.is(seenOf(story).chosen, null)
  t.is(seenOf(story).running, null)
  t.is(stateOf(story).round, 3)
  t.deepEqual(optimizerOf(story.document, stateOf(story)), story.document.optimizer)
})

test('a hospital that comes late, within the search or after it, chooses the same from the checkpoint alone', t => {
  for (const [at, comes] of [5, 9, 11].entries()) {
    const story = storyOf([20, 5, 12, 6, 4], { hospitals: 5, seed: `late ${at}` })
    const { world } = story
    for (const { member } of world.hospitals) if (member !== 3) world.start(member)
    world.until(() => world.hospitals[0]!.disk.links.length === comes)
    world.start(3)
    finish(world)
    checkStory(t, story)
    t.is(seenOf(story, 3).chosen, 1)
    t.deepEqual(stateOf(story, 3), stateOf(story))
  }
})

test('a crash at any of the first effects loses neither the search nor the choice', t => {
  for (let at = 1; at <= 400; at += 57) {
    const story = storyOf([20, 5, 12, 6, 4], { seed: `crash ${at}` })
    let effects = 0
    story.world.crashes = ({ member }) => member === 1 && ++effects === at
    startAll(story.world)
    story.world.after(1000, () => story.world.hospitals[1]!.alive || story.world.start(1))
    finish(story.world)
    t.true(checkStory(t, story).every(({ outcome }) => outcome === 'result'))
    t.is(seenOf(story, 1).chosen, 1)
  }
})

test('whichever rounds come to nothing, each candidate starts from the first parameters and none is scored for another', t => {
  const { document } = storyOf([0])
  const plan = planStudy(document)
  const initial = initialCheckpoint(document)
  const wrongs = [20, 5, 12, 6, 4]
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: LAST, maxLength: LAST }), voids => {
      let checkpoint = initial
      const scored: (number | null)[] = [null, null, null]
      for (let round = 1; round <= LAST; round++) {
        const begins = beginningOf(document, checkpoint, round)
        t.deepEqual(beginningOf(document, begins, round), begins, 'beginning twice changes nothing')
        const candidate = candidateIn(document, round)
        const seen = searchSeen(document, begins.evaluation!)!
        t.is(seen.running, candidate)
        if (candidate !== null && (round - 1) % 3 === 0) t.deepEqual(begins.parameters, initial.parameters)
        if (voids[round - 1]) continue
        const { dimension, fixedPoint } = sumIn(plan, round)
        const isEvaluation = roundKind(document, round) === 'evaluation'
        const at = round <= LAST_OF_SEARCH ? candidate! : round === LAST ? 4 : 3
        if (isEvaluation && candidate !== null) scored[candidate] = Math.fround(1 - wrongs[at]! / 50)
        const sum = isEvaluation ? countsOf(wrongs[at]!, fixedPoint.scale) : new Int32Array(dimension).fill(round)
        checkpoint = nextCheckpoint(checkpoint, sum, { document, plan, round })
      }
      const { chosen, points } = searchSeen(document, beginningOf(document, checkpoint, LAST + 1).evaluation!)!
      t.deepEqual(
        points.map(point => point?.score ?? null),
        scored,
      )
      const best = scored.reduce<number | null>(
        (found, score, at) => (score !== null && (found === null || score > scored[found]!) ? at : found),
        null,
      )
      t.is(chosen, best)
      const decoded = decodeCheckpoint(encodeCheckpoint(checkpoint), checkpointShape(document))
      t.deepEqual(decoded, checkpoint)
    }),
    { numRuns: 60 },
  )
})
