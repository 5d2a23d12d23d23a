// Claims: a study with a table has rounds of that alone, each one secure sum like any other; every hospital has the same
// table, late ones and crashed ones too; it is the mean of its rounds; each round is charged once, and none beyond what the
// budget pays for.

import test from 'ava'
import { tableFigures } from '../../../node/study/table-figures.ts'
import { planStudy } from '../../../protocols/study/plan.ts'
import { lastRound } from '../../../protocols/study/rounds.ts'
import { tableLayout } from '../../../protocols/study/table.ts'
import { checkStory, createStory, exactSum, finish, startAll } from '../../helpers/round/world.ts'
import { tableStudy } from '../../helpers/study/table-study.ts'

const ROUNDS = 2

/** A story whose hospital m counts m + 1 units of the first class and one of the second, of which one lacks its weight. */
function storyOf({ hospitals = 4, seed = 'table' }: { hospitals?: number; seed?: string } = {}) {
  const story = createStory({
    ...{ hospitals, seed, study: tableStudy({ rounds: ROUNDS }) },
    update: member => {
      const words = new Int32Array(layout.dimension)
      const add = (at: number, count: number) => {
        words[at] = Math.round(count * scale)
      }
      add(0, member + 1)
      add(1, 1)
      add(layout.binAt(0, 0, 1), member + 2)
      add(layout.sumAt(0, 0), -(member + 2) / 2)
      add(layout.binAt(1, 0, 2), member + 1)
      add(layout.binAt(1, 0, 4), 1)
      add(layout.sumAt(1, 0), (member + 1) / 4)
      return words
    },
  })
  const layout = tableLayout(story.document)!
  const { scale } = planStudy(story.document).fixedPoint
  return story
}

test('rounds of a table add up to the same table at every hospital, and each is charged once', t => {
  for (const hospitals of [3, 5]) {
    const story = storyOf({ hospitals, seed: `table ${hospitals}` })
    t.is(lastRound(story.document), ROUNDS)
    startAll(story.world)
    finish(story.world)
    const values = checkStory(t, story)
    t.deepEqual(
      values.map(value => value.outcome === 'result' && value.kind),
      ['table', 'table'],
    )
    if (values[0]!.outcome !== 'result') return t.fail('the first round has no result')
    t.is(exactSum(story.world, values[0]!).length, tableLayout(story.document)!.dimension)
    const contributors = Array.from({ length: hospitals }, (_, member) => member)
    const units = contributors.reduce((sum, member) => sum + member + 2, 0)
    for (const { vault, disk } of story.world.hospitals) {
      const checkpoint = vault.current()
      t.deepEqual(checkpoint, story.world.hospitals[0]!.vault.current())
      t.is(checkpoint.parameters.length, 0)
      const found = tableFigures(story.document, checkpoint)!
      t.is(found.rounds, ROUNDS)
      t.is(Math.round(found.classes[0]!.count.value), units - hospitals)
      t.is(Math.round(found.units.value), units)
      t.is(Math.round(found.columns[0]!.groups[0]!.mean!.value), 35)
      t.is(Math.round(found.columns[1]!.groups[0]!.mean!.value), 90)
      t.is(Math.round(found.columns[1]!.groups[0]!.missing!.value), hospitals)
      t.deepEqual(disk.charges.map(({ round }) => round).sort(), [1, 2])
    }
  }
})

test('a hospital that comes after the first round has the same table in the end', t => {
  const story = storyOf({ hospitals: 5, seed: 'late' })
  const { world } = story
  for (const { member } of world.hospitals) if (member !== 3) world.start(member)
  world.until(() => world.hospitals[0]!.disk.links.length === 1)
  world.start(3)
  finish(world)
  checkStory(t, story)
  t.deepEqual(world.hospitals[3]!.vault.current(), world.hospitals[0]!.vault.current())
})

test('a crash at any of the first effects loses nothing of the table', t => {
  for (let at = 1; at <= 60; at += 7) {
    const story = storyOf({ seed: `crash ${at}` })
    let effects = 0
    story.world.crashes = ({ member }) => member === 1 && ++effects === at
    startAll(story.world)
    story.world.after(1000, () => story.world.hospitals[1]!.alive || story.world.start(1))
    finish(story.world)
    t.true(checkStory(t, story).every(({ outcome }) => outcome === 'result'))
    t.deepEqual(story.world.hospitals[1]!.vault.current(), story.world.hospitals[0]!.vault.current())
  }
})
