// Claims: a hospital that is away, at the start or from any phase on, costs the others at most a view; when it is back
// it catches up by hash and contributes again. A kill between commit and release costs the round nothing but time.

import test from 'ava'
import type { Phase } from '../../../protocols/round/state.ts'
import type { World } from '../../../sim/world/world.ts'
import { checkStory, createStory, finish, type StoryOptions, startAll } from '../../helpers/round/world.ts'

/** Runs until the hospital enters the phase of its first round, then kills it. */
function killIn(world: World, member: number, phase: Phase): void {
  world.until(() => {
    const { notices } = world.hospitals[member]!
    return notices.some(notice => notice.kind === 'phase' && notice.phase === phase)
  })
  world.kill(member)
}

const PHASES: Phase[] = ['ready', 'opened', 'uploaded', 'voting', 'committed', 'released', 'summed']

for (const hospitals of [3, 4, 5]) {
  for (const phase of PHASES) {
    test(`${hospitals} hospitals: one killed when ${phase}, back after 10 s, contributes again`, t => {
      for (let member = 0; member < hospitals; member++) {
        const story = createStory({ hospitals, seed: `${phase} ${member}`, study: { rounds: 2 } })
        const { world } = story
        startAll(world)
        killIn(world, member, phase)
        world.after(10_000, () => world.start(member))
        finish(world, { withinMs: 60_000 })
        const values = checkStory(t, story)
        t.deepEqual(
          values.map(value => value.outcome),
          ['result', 'result'],
        )
      }
    })
  }
}

test('an owner that is back before it counts as lost gets its chunks again, and the first view succeeds', t => {
  for (let member = 0; member < 4; member++) {
    const timing = { lostAfterMs: 5000 }
    const story = createStory({ hospitals: 4, seed: `owner ${member}`, study: { rounds: 1 }, timing })
    const { world } = story
    startAll(world)
    // its receipts are out, its parts are in memory only
    world.until(() => [...world.hospitals[member]!.vault.parts.keys()].length >= 2)
    world.kill(member)
    world.after(400, () => world.start(member))
    finish(world, { withinMs: 60_000 })
    t.like(checkStory(t, story)[0], { outcome: 'result', view: 0, members: [0, 1, 2, 3] }, `${member}`)
  }
})

test('the others go on while one is down, and it contributes again once it is back', t => {
  const story = createStory({ hospitals: 4, study: { rounds: 60 } })
  const { world } = story
  startAll(world)
  killIn(world, 1, 'ready')
  world.until(() => world.hospitals.some(({ disk }) => disk.links.length >= 5))
  t.is(world.hospitals[1]!.disk.links.length, 0)
  world.start(1)
  finish(world)
  const members = checkStory(t, story).map(value => (value.outcome === 'result' ? value.members.join('') : 'void'))
  t.is(members[3], '023')
  t.is(members.at(-1), '0123')
})

for (const late of [false, true]) {
  const instant = late ? 'after its RELEASE was logged and before it was sent' : 'between commit and release'
  test(`killed ${instant}: that very round ends with a result, one release, one charge`, t => {
    const story = createStory({ hospitals: 4, study: { rounds: 1 } })
    const { world } = story
    let down = false
    world.crashes = ({ member, state, disk }, point) => {
      const logged = disk.own.get(1)?.has('release/0/2') === true
      const instant = late ? logged && point === 'publish' : state.phase === 'committed' && !logged
      if (member !== 2 || down || !instant) return false
      down = true
      world.after(10_000, () => world.start(2))
      return true
    }
    startAll(world)
    finish(world, { withinMs: 60_000 })
    t.true(down)
    t.true(world.now > 10_000, 'the others had to wait for it')
    const [value] = checkStory(t, story)
    t.is(value?.outcome, 'result')
    t.deepEqual(value?.members, [0, 1, 2, 3])
    t.is(world.hospitals[2]!.disk.charges.length, 1)
  })
}

for (const hospitals of [4, 5, 7]) {
  test(`${hospitals} hospitals: one that never comes is left out, whichever it is`, t => {
    for (let absent = 0; absent < hospitals; absent++) {
      const story = createStory({ hospitals, seed: `never ${absent}`, study: { rounds: 2 } })
      const { world } = story
      for (const { member } of world.hospitals) if (member !== absent) world.start(member)
      finish(world, { without: [absent], withinMs: 60_000 })
      for (const value of checkStory(t, story)) {
        t.is(value.members.length, hospitals - 1)
        t.false(value.members.includes(absent))
      }
    }
  })
}

test('three hospitals need each other: while one is away the others wait, and lose nothing', t => {
  const story = createStory({ hospitals: 3, study: { rounds: 2 } })
  const { world } = story
  world.start(0)
  world.start(2)
  t.throws(() => world.until(() => world.hospitals[0]!.disk.links.length > 0, { withinMs: 300_000 }))
  world.start(1)
  finish(world, { withinMs: 30_000 })
  t.is(checkStory(t, story).length, 2)
})

test('a peer many rounds behind catches up through links and one checkpoint', t => {
  const story = createStory({ hospitals: 5, study: { rounds: 12 } })
  const { world } = story
  for (const member of [0, 1, 2, 3]) world.start(member)
  world.until(() => world.hospitals.some(({ disk }) => disk.links.length >= 8))
  const pulled: string[] = []
  world.inspect = (hospital, effect) => {
    if (hospital.member === 4 && effect.type === 'pull' && effect.wanted.kind === 'checkpoint') {
      pulled.push(effect.wanted.hash)
    }
  }
  world.start(4)
  finish(world)
  checkStory(t, story)
  t.is(world.hospitals[4]!.disk.links.length, 12)
  t.true(pulled.length >= 1 && pulled.length <= 3, `${pulled.length} checkpoints for eight rounds and more`)
})

test('all hospitals lose power at once and come back one by one', t => {
  for (const atMs of [60, 80, 100, 120, 150, 200]) {
    const story = createStory({ hospitals: 4, seed: atMs, study: { rounds: 2 } })
    const { world } = story
    startAll(world)
    world.after(atMs, () => {
      for (const { member } of world.hospitals) world.kill(member)
      for (const { member } of world.hospitals) world.after(1000 + 700 * member, () => world.start(member))
    })
    finish(world, { withinMs: 60_000 })
    t.is(checkStory(t, story).length, 2)
  }
})

test('of two sides of a partition at most one goes on; the other halts and syncs when it is healed', t => {
  const story = createStory({ hospitals: 7, study: { rounds: 40 } })
  const { world } = story
  startAll(world)
  world.until(() => world.hospitals[0]!.disk.links.length >= 2)
  world.partition([0, 1])
  world.until(() => world.hospitals[6]!.disk.links.length >= 8)
  const halted = world.hospitals[0]!.disk.links.length
  t.true(halted <= 4)
  world.heal()
  finish(world)
  const values = checkStory(t, story)
  t.is(values.at(-1)?.members.length, 7)
})

const LOST: StoryOptions = { hospitals: 4, study: { rounds: 2 } }

test('who lost its ephemeral key after READY sits the round out: nothing of it is masked under another key', t => {
  const story = createStory(LOST)
  const { world } = story
  startAll(world)
  killIn(world, 3, 'ready')
  world.hospitals[3]!.vault.loseSecrets(1)
  world.after(300, () => world.start(3))
  finish(world, { withinMs: 120_000 })
  const [first, second] = checkStory(t, story)
  t.deepEqual(first?.members, [0, 1, 2])
  t.deepEqual(second?.members, [0, 1, 2, 3])
  t.is([...world.hospitals[3]!.vault.inputs].length, 1)
})

test('who lost the root of its self key after the commit withholds its release, and the round ends VOID', t => {
  const story = createStory({ ...LOST, timing: { voidAfterMs: 20_000 } })
  const { world } = story
  startAll(world)
  killIn(world, 3, 'committed')
  world.hospitals[3]!.vault.loseSecrets(1)
  world.after(300, () => world.start(3))
  finish(world, { withinMs: 120_000 })
  const [first, second] = checkStory(t, story)
  t.like(first, { outcome: 'void', members: [3] })
  t.like(second, { outcome: 'result', members: [0, 1, 2] })
  t.deepEqual(
    world.hospitals.map(({ disk }) => disk.charges.length),
    [2, 2, 2, 0],
  )
  t.true(world.hospitals[3]!.notices.some(notice => notice.kind === 'refused' && notice.code === 'lost-secrets'))
})
