// Claims: gossip may lose anything; anti-entropy repairs it and every round ends. Slow lines cost time only.

import test from 'ava'
import { openMessage } from '../../../protocols/messages/messages.ts'
import { checkStory, createStory, finish, startAll } from '../../helpers/round/world.ts'

for (const loss of [0.3, 0.6, 1]) {
  test(`with ${loss * 100} % of all gossip lost, every round of every hospital ends in the same result`, t => {
    for (let seed = 0; seed < (loss < 1 ? 4 : 2); seed++) {
      const story = createStory({ hospitals: 4 + (seed % 3), seed: `loss ${loss} ${seed}`, study: { rounds: 2 } })
      const { world } = story
      world.deliver = () => world.random() >= loss
      startAll(world)
      finish(world, { withinMs: 600_000 })
      t.is(checkStory(t, story).length, 2)
    }
  })
}

test('one edge that loses everything is walked around', t => {
  const story = createStory({ hospitals: 4, study: { rounds: 4 } })
  const { world } = story
  world.deliver = (from, to) => !(from === 1 && to === 2)
  startAll(world)
  finish(world, { withinMs: 120_000 })
  for (const value of checkStory(t, story)) t.is(value.outcome, 'result')
})

test('a message that one kind never gets through by gossip does not stop a round', t => {
  for (const kind of [
    'ready',
    'open',
    'manifest',
    'loaded',
    'propose',
    'prevote',
    'precommit',
    'release',
    'chunk-sum',
  ]) {
    const story = createStory({ hospitals: 4, seed: kind, study: { rounds: 1 } })
    const { world } = story
    world.deliver = (_from, to, bytes) => openMessage(bytes, world.hospitals[to]!.context).body.type !== kind
    startAll(world)
    finish(world, { withinMs: 120_000 })
    t.is(checkStory(t, story)[0]?.outcome, 'result', kind)
  }
})

test('with 300 ms of delay on every message, two rounds end in their first view', t => {
  const story = createStory({ hospitals: 5, delayMs: 300, study: { rounds: 2 } })
  startAll(story.world)
  finish(story.world, { withinMs: 60_000 })
  for (const value of checkStory(t, story)) t.like(value, { outcome: 'result', view: 0 })
})

test('a round without trouble takes some 15 message delays and no timer', t => {
  const story = createStory({ hospitals: 7, delayMs: 10, study: { rounds: 10 } })
  startAll(story.world)
  finish(story.world)
  checkStory(t, story)
  t.true(story.world.now < 10 * 300, `${story.world.now} ms for ten rounds`)
})
