// Claims: kill -9 at any instant, between any two effects, of any hospital costs time, never the result, and never a
// second word in a slot, a second vector under one session, a second release or an uncharged one. The world throws on
// each of these; the seed reproduces the story.

import test from 'ava'
import { checkStory, createStory, finish, type Story, startAll } from '../../helpers/round/world.ts'
import { seededBytes } from '../../helpers/seeded-rng.ts'

interface Kill {
  readonly member: number
  /** the how manieth effect or job of the hospital, over all its lives */
  readonly point: number
  readonly downMs: number
}

/** Effects and jobs of one hospital in one round of four or five. */
const POINTS_PER_ROUND = 65

function plan({ world }: Story, kills: readonly Kill[]): void {
  const passed = new Map<number, number>()
  world.crashes = ({ member }) => {
    const point = passed.get(member) ?? 0
    passed.set(member, point + 1)
    const kill = kills.find(one => one.member === member && one.point === point)
    if (kill !== undefined) world.after(kill.downMs, () => world.start(member))
    return kill !== undefined
  }
}

/** Numbers from a seed. */
function drawer(seed: string): (below: number) => number {
  const bytes = Buffer.from(seededBytes(seed, 256))
  let at = 0
  return below => {
    at += 2
    return bytes.readUInt16BE(at) % below
  }
}

function tell(story: Story, withinMs: number): void {
  startAll(story.world)
  finish(story.world, { withinMs })
}

test('one hospital killed at a random instant and restarted: the round ends in a certified, exact result', t => {
  for (let seed = 0; seed < 300; seed++) {
    const draw = drawer(`crash ${seed}`)
    const hospitals = 4 + (seed % 2)
    const story = createStory({ hospitals, seed: `crash ${seed}`, study: { rounds: 1 } })
    plan(story, [{ member: draw(hospitals), point: draw(POINTS_PER_ROUND), downMs: 10 + draw(12_000) }])
    try {
      tell(story, 60_000)
    } catch (cause) {
      throw new Error(`this story fails with seed=${seed}`, { cause })
    }
    const [value] = checkStory(t, story)
    t.is(value?.outcome, 'result', `seed=${seed}`)
  }
})

test('several hospitals killed at random instants, with lost gossip and an early void timer: all rounds are certified', t => {
  let voids = 0
  for (let seed = 0; seed < 60; seed++) {
    const draw = drawer(`chaos ${seed}`)
    const hospitals = [3, 4, 5, 7][draw(4)] as number
    const timing = draw(2) === 0 ? {} : { voidAfterMs: 7000 + draw(4000) }
    const story = createStory({ hospitals, seed: `chaos ${seed}`, study: { rounds: 2 }, timing })
    const loss = draw(3) * 0.2
    story.world.deliver = () => story.world.random() >= loss
    const kill = () => ({ member: draw(hospitals), point: draw(4 * POINTS_PER_ROUND), downMs: 10 + draw(15_000) })
    plan(story, Array.from({ length: 1 + draw(4) }, kill))
    try {
      tell(story, 600_000)
    } catch (cause) {
      throw new Error(`this story fails with seed=${seed}`, { cause })
    }
    const values = checkStory(t, story)
    t.is(values.length, 2, `seed=${seed}`)
    voids += values.filter(({ outcome }) => outcome === 'void').length
  }
  t.true(voids > 0, 'some of these stories must have lost a round')
})
