// Claims: connections in a simulated world end as real ones do; a mesh brings every message to everybody; a liar's script
// can do all that it is promised, with its own key only; a hospital that is admitted later takes part.

import test from 'ava'
import { openMessage } from '../../../protocols/messages/messages.ts'
import { encodeChange } from '../../../protocols/roster/change.ts'
import { type Outcome, runSeed } from '../../../sim/runner/run-seed.ts'
import { boundMs, type Plan, type Scenario, startAll } from '../../../sim/scenarios/scenario.ts'
import { drawStudy, type StudySettings } from '../../../sim/scenarios/study.ts'
import type { Adversary } from '../../../sim/world/adversary.ts'
import type { World } from '../../../sim/world/world.ts'

interface Told extends Outcome {
  readonly world: World
  readonly lines: readonly string[]
}

/** Runs a plan on a study of so many hospitals, whose roster has no room for surprises. */
function tell(hospitals: number, plan: (study: StudySettings) => Partial<Plan>, seed = 0): Told {
  const lines: string[] = []
  let told: World | undefined
  const scenario: Scenario = {
    name: 'test',
    summary: 'for a test',
    plan: random => {
      const drawn = drawStudy(random)
      const study = { ...drawn, hospitals, profile: hospitals === 3 ? 'crash' : 'byzantine', colluders: 1 } as const
      return { study, withinMs: boundMs(study), ...plan(study) }
    },
  }
  const tamper = (world: World) => {
    told = world
  }
  const outcome = runSeed({ scenario, seed, tamper, tell: line => lines.push(line), checkers: [] })
  return { ...outcome, world: told as World, lines }
}

/** Virtual seconds of the lines that hold some words, in order. */
function timesOf(lines: readonly string[], words: string): number[] {
  return lines.filter(line => line.includes(words)).map(line => Number(line.slice(0, line.indexOf('s')).trim()))
}

test('one direction of a line is cut: after some seconds both ends lose each other, and meet again when it is mended', t => {
  const { failure, lines } = tell(4, () => ({
    begin: world => {
      // the others wait for a third one
      for (const index of [0, 1]) world.after(0, () => world.start(index))
      world.after(1000, () => world.cut([0], [1]))
      world.after(20_000, () => world.heal())
      for (const index of [2, 3]) world.after(25_000, () => world.start(index))
    },
  }))
  t.is(failure, null)
  for (const words of ['hospital  0  has lost 1', 'hospital  1  has lost 0']) {
    const [lost] = timesOf(lines, words) as [number]
    t.true(lost >= 3 && lost <= 7, `${words} at ${lost} s`)
  }
  for (const words of ['hospital  0  is connected to 1', 'hospital  1  is connected to 0']) {
    const again = timesOf(lines, words).filter(time => time > 7)
    t.true(
      again.some(time => time >= 20 && time < 22),
      `${words} at ${again}`,
    )
  }
})

test('a killed process is missed at once, a silent line only after a while', t => {
  const { failure, lines } = tell(4, () => ({
    begin: (world, random) => {
      startAll(world, random)
      world.after(130, () => world.kill(1))
      world.after(5000, () => world.start(1))
    },
  }))
  t.is(failure, null)
  const lost = timesOf(lines, 'has lost 1')
  t.is(lost.length, 3)
  t.true(
    lost.every(time => time < 0.2),
    `${lost}`,
  )
})

test('over a mesh every message reaches everybody, in fewer copies than if everybody told everybody', t => {
  const hospitals = 24
  const { failure, world } = tell(hospitals, study => ({ study: { ...study, rounds: 2 }, gossip: 'mesh' }))
  t.is(failure, null)
  const own = world.hospitals.reduce((sum, { published }) => sum + published.length, 0)
  const { packets } = world.network.traffic.total({ kind: 'gossip' })
  t.true(packets > own * (hospitals - 1) * 0.8, 'everybody had to hear of it')
  t.true(packets < own * hospitals * 4, `${packets} copies of ${own} messages`)
  t.true(world.network.traffic.total({ kind: 'dont-want' }).packets > 0)
})

const liar = (index: number, adversary: Adversary) => ({ liars: new Map([[index, () => adversary]]) })

test('a script may withhold, replace and forge its own effects, and tell different hospitals different things', t => {
  const told = new Set<number>()
  const { failure, world } = tell(4, () =>
    liar(1, {
      name: 'two-tongued',
      intercept: (effect, io) => {
        if (effect.type !== 'publish') return [effect]
        const { body } = openMessage(effect.bytes, io.hospital.context)
        if (body.type !== 'ready') return [effect]
        const other = io.sign({ ...body, key: new Uint8Array(32).fill(9) })
        for (const to of io.hospitals) {
          if (to === io.hospital) continue
          io.send(to, to.index === 0 ? other : effect.bytes)
          told.add(to.index)
        }
        return []
      },
    }),
  )
  t.is(failure, null)
  t.deepEqual([...told].sort(), [0, 2, 3])
  const honest = world.hospitals.filter(hospital => hospital.honest)
  t.true(honest.every(({ blames }) => blames.every(({ member }) => member === 1)))
  t.true(honest.some(({ blames }) => blames.some(({ code }) => code === 'equivocation')))
})

test('a script may lie about its jobs, deny what it is asked for, and turn a deaf ear', t => {
  const asked: string[] = []
  const lied = tell(4, () =>
    liar(2, {
      name: 'liar',
      output: (_, output) => (output.kind === 'mask' ? { ...output, root: new Uint8Array(32) } : output),
      serve: wanted => {
        asked.push(wanted.kind)
        return null
      },
    }),
  )
  t.is(lied.failure, null)
  t.true(lied.world.hospitals[0]!.disk.links.length >= 3)
  // it answers hellos and questions about the past, and hears nothing else
  const polite = new Set(['hello', 'summary'])
  const deaf = tell(4, () => liar(2, { name: 'deaf', packet: (_, { kind }) => polite.has(kind) }))
  t.is(deaf.failure, null)
  t.is(deaf.world.hospitals[2]!.disk.links.length, 0)
  t.false(deaf.world.hospitals[2]!.honest)
})

test('a script acts when it will, and its timers end with its process', t => {
  const acted: number[] = []
  const { world } = tell(4, () => ({
    ...liar(0, {
      name: 'late',
      intercept: (effect, io) => {
        if (effect.type === 'train' && acted.length === 0) {
          io.after(20, () => acted.push(io.now))
          io.after(200, () => acted.push(io.now))
        }
        return [effect]
      },
    }),
    begin: (world, random) => {
      startAll(world, random)
      world.after(150, () => world.kill(0))
    },
  }))
  t.is(acted.length, 1)
  t.true((acted[0] as number) < 150)
  t.false(world.hospitals[0]!.alive)
})

test('a hospital that is admitted later is outside first, then takes part, by its new rank', t => {
  for (let seed = 0; seed < 4; seed++) {
    const { failure, world, lines } = tell(
      5,
      study => ({
        study: { ...study, rounds: 5 },
        newcomers: 1,
        begin: (world, random) => {
          startAll(world, random)
          const { signer } = world.hospitals[5]!
          const hospital = { id: signer.id, name: 'Newcomer', addresses: [] }
          const change = encodeChange({ kind: 'admit', hospital })
          for (const index of [0, 1, 2, 3, 4]) world.after(150, () => world.approve(index, change))
        },
      }),
      seed,
    )
    t.is(failure, null, failure?.what)
    t.true(lines.some(line => /hospital {2}5 .*outside/.test(line)))
    t.true(lines.some(line => /begins with version 1 of the roster/.test(line)))
    const newcomer = world.hospitals[5]!
    t.true(newcomer.disk.charges.length > 0, 'it has contributed')
    t.deepEqual(
      newcomer.disk.links.map(({ value }) => Buffer.from(value).toString('hex')),
      world.hospitals[0]!.disk.links.map(({ value }) => Buffer.from(value).toString('hex')),
    )
  }
})
