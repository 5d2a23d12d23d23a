// Claims: a study with a normalisation adds up the statistics of its records before the first step of training, as one
// secure sum like any other; every hospital has the same normalisation afterwards, whatever crashed; it is charged once.

import test from 'ava'
import { pldEpsilon } from '../../../crypto/accounting/pld.ts'
import { affordableRounds, chargedEpsilonOf } from '../../../protocols/study/epsilons.ts'
import { featureMeanOf } from '../../../protocols/study/feature-mean.ts'
import { noiseOfSum } from '../../../protocols/study/noise/noised-sums.ts'
import { initialNormalisation, normalisationOf } from '../../../protocols/study/normalisation.ts'
import { planStudy, sumIn } from '../../../protocols/study/plan.ts'
import { STATISTICS_ROUND } from '../../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { checkStory, createStory, exactSum, finish, startAll } from '../../helpers/round/world.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const COLUMNS = 30
const NORMALISED = {
  rounds: 2,
  contract: {
    kind: 'vector' as const,
    shape: [COLUMNS] as [number],
    classes: ['no', 'yes'],
    bounds: Array.from({ length: COLUMNS }, (): [number, number] => [0, 10]),
  },
  normalisation: { kind: 'columns' as const, noiseMultiplier: 5 },
}
const PRIVACY = {
  noise: 'distributed' as const,
  clippingNorm: 1,
  sampleRate: 2 ** 28,
  noiseMultiplier: 1,
  delta: 1e-5,
  epsilon: 3,
  colluders: 1,
}

test('round 0 opens the exact sum of the statistics, and its normalisation is in every checkpoint after it', t => {
  for (const hospitals of [3, 4, 7]) {
    const story = createStory({ hospitals, seed: `statistics ${hospitals}`, study: NORMALISED })
    startAll(story.world)
    finish(story.world)
    const [first, ...others] = checkStory(t, story)
    t.is(others.length, 2)
    if (first?.outcome !== 'result') return t.fail('round 0 has no result')
    const plan = planStudy(story.document)
    const sum = exactSum(story.world, first)
    t.is(sum.length, 2 * COLUMNS + 1)
    const { scale } = sumIn(plan, STATISTICS_ROUND).fixedPoint
    const expected = normalisationOf(sum, { columns: COLUMNS, scale, noise: 0 })
    for (const { vault, disk } of story.world.hospitals) {
      t.deepEqual(vault.current().normalisation, expected)
      t.is(vault.current().round, 2, 'statistics are no step of training')
      t.deepEqual(disk.charges.map(({ round }) => round).sort(), [0, 1, 2])
    }
  }
})

test('a hospital that comes late gets the normalisation with the checkpoint', t => {
  const story = createStory({ hospitals: 5, seed: 'late', study: NORMALISED })
  const { world } = story
  for (const { member } of world.hospitals) if (member !== 3) world.start(member)
  world.until(() => world.hospitals[0]!.disk.links.length === 2)
  world.start(3)
  finish(world)
  checkStory(t, story)
  t.false(world.hospitals[3]!.disk.charges.some(({ round }) => round === STATISTICS_ROUND))
  t.deepEqual(world.hospitals[3]!.vault.current(), world.hospitals[0]!.vault.current())
})

test('where the statistics come to nothing, the public bounds alone are what everybody goes on with', t => {
  const story = createStory({ hospitals: 4, seed: 'void', study: NORMALISED, timing: { voidAfterMs: 15_000 } })
  story.world.crashes = ({ member, alive, state }) => member === 2 && alive && state.phase === 'committed'
  startAll(story.world)
  finish(story.world, { without: [2], withinMs: 120_000 })
  const [first, second] = checkStory(t, story)
  t.is(first?.outcome, 'void')
  t.is(second?.outcome, 'result')
  t.deepEqual(story.world.hospitals[0]!.vault.current().normalisation, initialNormalisation(COLUMNS))
})

test('a crash at any of the first effects loses neither the statistics nor the training', t => {
  for (let at = 1; at <= 60; at += 3) {
    const story = createStory({ hospitals: 4, seed: `crash ${at}`, study: NORMALISED })
    let effects = 0
    story.world.crashes = ({ member }) => member === 1 && ++effects === at
    startAll(story.world)
    story.world.after(1000, () => story.world.hospitals[1]!.alive || story.world.start(1))
    finish(story.world)
    t.true(checkStory(t, story).every(({ outcome }) => outcome === 'result'))
  }
})

test('the statistics are charged like one step at q = 1 beside the training, and a budget pays for them first', t => {
  const document = { ...createStory({ hospitals: 4, study: NORMALISED }).document, privacy: PRIVACY } as StudyDocument
  const statistics = { sampleRate: 1, noiseMultiplier: 5, steps: 1, copies: 1 }
  const training = { sampleRate: 2 ** -4, noiseMultiplier: 1, copies: 1 }
  t.is(chargedEpsilonOf(document, 1), pldEpsilon([statistics, { ...training, steps: 2 }], { delta: 1e-5 }))
  const capOf = (steps: number) => {
    return pldEpsilon([statistics, { ...training, steps }], { delta: 1e-5 })
  }
  t.is(affordableRounds(document, capOf(1)), 1)
  t.is(affordableRounds(document, capOf(1) * 0.999), 0)
  const cap = capOf(1)
  const study = { ...NORMALISED, rounds: 3, privacy: PRIVACY }
  const story = createStory({ hospitals: 5, study, epsilonMax: member => (member === 1 ? cap : undefined) })
  startAll(story.world)
  finish(story.world, { withinMs: 240_000 })
  t.deepEqual(
    story.world.hospitals[1]!.disk.charges.map(({ round }) => round),
    [0, 1],
  )
  t.is(story.world.hospitals[0]!.disk.charges.length, 4)
})

test('the statistics of as many records as the study names fit beneath the clamp', t => {
  // every record is in: unlike gradients, counts and squares all have one sign
  for (const [hospitals, records] of [
    [3, 30_000],
    [8, 112_120],
  ] as const) {
    const document = testStudy(testSigners(hospitals), {
      units: records,
      contract: { kind: 'image', shape: [64, 64, 1], classes: ['no', 'yes'] },
      normalisation: { kind: 'columns' as const, noiseMultiplier: 5 },
      privacy: PRIVACY,
    })
    const sum = sumIn(planStudy(document), STATISTICS_ROUND)
    const { limit } = noiseOfSum(document.privacy, sum, hospitals)
    t.true((records / hospitals) * sum.fixedPoint.scale <= limit, `${records} records of ${hospitals} hospitals`)
  }
})

test('a mean of features goes the same way: it is in every checkpoint after round 0, and stays 0 where that is VOID', t => {
  const study = {
    rounds: 2,
    contract: { kind: 'vector' as const, shape: [COLUMNS] as [number], classes: ['no', 'yes'] },
    normalisation: { kind: 'mean' as const, norm: 10, noiseMultiplier: 5 },
  }
  const story = createStory({ hospitals: 4, seed: 'mean', study })
  startAll(story.world)
  finish(story.world)
  const [first] = checkStory(t, story)
  if (first?.outcome !== 'result') return t.fail('round 0 has no result')
  const sum = exactSum(story.world, first)
  t.is(sum.length, COLUMNS)
  const { scale } = sumIn(planStudy(story.document), STATISTICS_ROUND).fixedPoint
  const mean = featureMeanOf(sum, { features: COLUMNS, units: story.document.units, scale, noise: 0 })
  for (const { vault } of story.world.hospitals) t.deepEqual(vault.current().normalisation, mean)
  const lost = createStory({ hospitals: 4, seed: 'mean void', study, timing: { voidAfterMs: 15_000 } })
  lost.world.crashes = ({ member, alive, state }) => member === 2 && alive && state.phase === 'committed'
  startAll(lost.world)
  finish(lost.world, { without: [2], withinMs: 120_000 })
  t.is(checkStory(t, lost)[0]?.outcome, 'void')
  t.deepEqual(lost.world.hospitals[0]!.vault.current().normalisation, new Float32Array(COLUMNS))
})
