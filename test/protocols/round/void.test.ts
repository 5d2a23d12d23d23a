// Claims: a contributor that never releases costs one round, certified VOID; whoever released is charged for it, and the
// next round takes newly trained updates. A round that everybody released ends as well, even if a chunk cannot be had.

import test from 'ava'
import type { Phase } from '../../../protocols/round/state.ts'
import type { SimulatedHospital } from '../../../sim/world/world.ts'
import { checkStory, createStory, finish, type Story, startAll } from '../../helpers/round/world.ts'

const TIMING = { voidAfterMs: 15_000 }

/** Kills the hospital for good once it is in that phase of the first round. */
function killForGood({ world }: Story, member: number, phase: Phase): void {
  world.crashes = hospital => hospital.member === member && hospital.alive && hospital.state.phase === phase
}

const chargesOf = ({ disk }: SimulatedHospital) => disk.charges.map(({ round }) => round).join()

test('one that commits and never releases: the other three certify VOID and go on with fresh updates', t => {
  for (let member = 0; member < 4; member++) {
    const story = createStory({ hospitals: 4, seed: `void ${member}`, study: { rounds: 2 }, timing: TIMING })
    killForGood(story, member, 'committed')
    startAll(story.world)
    finish(story.world, { without: [member], withinMs: 120_000 })
    const [first, second] = checkStory(t, story)
    t.like(first, { outcome: 'void', members: [member] })
    t.is(second?.outcome, 'result')
    t.false(second?.members.includes(member))
    for (const hospital of story.world.hospitals) t.is(chargesOf(hospital), hospital.member === member ? '' : '1,2')
    for (const { member: other } of story.world.hospitals.filter(one => one.member !== member)) {
      t.deepEqual(
        story.trained.filter(training => training.member === other).map(({ round }) => round),
        [1, 2],
      )
    }
  }
})

test('VOID is certified only after its timer, and changes no checkpoint', t => {
  const story = createStory({ hospitals: 4, study: { rounds: 1 }, timing: TIMING })
  killForGood(story, 1, 'committed')
  startAll(story.world)
  finish(story.world, { without: [1], withinMs: 120_000 })
  checkStory(t, story)
  t.true(story.world.now > 15_000 && story.world.now < 25_000, `${story.world.now} ms`)
  t.is(story.world.hospitals[0]!.vault.current().round, 0)
})

test('one that dies after its release takes its chunk with it: VOID names it, all are charged, the study goes on', t => {
  const story = createStory({ hospitals: 4, study: { rounds: 2 }, timing: TIMING })
  // its last word is the RELEASE: the notice of the new phase comes after it
  story.world.crashes = ({ member, state }, point) => member === 2 && state.phase === 'released' && point === 'emit'
  startAll(story.world)
  finish(story.world, { without: [2], withinMs: 120_000 })
  const [first, second] = checkStory(t, story)
  t.like(first, { outcome: 'void', members: [2] })
  t.like(second, { outcome: 'result', members: [0, 1, 3] })
  for (const hospital of story.world.hospitals) t.is(chargesOf(hospital), hospital.member === 2 ? '1' : '1,2')
})

test('one that dies when it has summed leaves a result behind', t => {
  const story = createStory({ hospitals: 4, study: { rounds: 2 }, timing: TIMING })
  killForGood(story, 2, 'summed')
  startAll(story.world)
  finish(story.world, { without: [2], withinMs: 120_000 })
  t.deepEqual(
    checkStory(t, story).map(({ outcome }) => outcome),
    ['result', 'result'],
  )
})

test('an owner that is down when its chunk is due is stood in for by the next one, when its own part can be had', t => {
  const story = createStory({ hospitals: 5, study: { rounds: 1 } })
  const { world } = story
  // its sum never leaves, but it still serves its own masked vector
  world.inspect = (hospital, effect) => {
    if (hospital.member === 3 && effect.type === 'compute' && effect.job.kind === 'sum') hospital.vault.parts.clear()
  }
  startAll(world)
  finish(world, { withinMs: 60_000 })
  const [value] = checkStory(t, story)
  t.is(value?.outcome, 'result')
  t.true(world.now > 5000, 'one resend timer had to end')
})

test('one that was away during a VOID round learns of it by its link and is not charged', t => {
  const story = createStory({ hospitals: 4, study: { rounds: 4 }, timing: TIMING })
  const { world } = story
  let down = false
  world.crashes = ({ member, state }) => {
    if (member !== 0 || down || state.phase !== 'committed') return false
    down = true
    return true
  }
  startAll(world)
  world.until(() => world.hospitals[1]!.disk.links.length >= 1)
  world.start(0)
  finish(world, { withinMs: 120_000 })
  const values = checkStory(t, story)
  t.is(values[0]?.outcome, 'void')
  t.is(chargesOf(world.hospitals[0]!).includes('1'), false)
  t.deepEqual(
    values.slice(1).map(value => value.members.length),
    [3, 3, 4],
    'named once, it stays out of two rounds',
  )
})
