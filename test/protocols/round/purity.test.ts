// Claims: step is a function: the same state, event and context give the same effects and the same next state; and a
// state, once given out, never changes.

import test from 'ava'
import type { RoundEvent } from '../../../protocols/round/events.ts'
import type { RoundState } from '../../../protocols/round/state.ts'
import { step } from '../../../protocols/round/step.ts'
import type { SimulatedHospital } from '../../../sim/world/world.ts'
import { checkStory, createStory, finish, type Story, startAll } from '../../helpers/round/world.ts'

/** A value as text: equal texts are equal values, whatever memory they lie in. */
function print(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Map) return `Map(${[...value].map(print).join()})`
  if (Array.isArray(value)) return `[${value.map(print).join()}]`
  if (typeof value !== 'object' || value === null) return String(value)
  return `{${Object.entries(value)
    .map(([key, entry]) => `${key}:${print(entry)}`)
    .join()}}`
}

/** Steps everything twice more, the second time on copies, and remembers what every state looked like. */
function watch({ world }: Story): { differences: string[]; seen: Map<RoundState, string> } {
  const differences: string[] = []
  const seen = new Map<RoundState, string>()
  const original = world.step.bind(world)
  world.step = (hospital: SimulatedHospital, event: RoundEvent) => {
    if (hospital.alive) {
      const { state, context } = hospital
      seen.set(state, print(state))
      const once = print(step(state, event, context))
      const twice = print(step(structuredClone(state), structuredClone(event), context))
      if (once !== twice) differences.push(event.type)
    }
    original(hospital, event)
  }
  return { differences, seen }
}

for (const [name, hospitals, kill] of [
  ['in a round without trouble', 5, false],
  ['when a hospital is killed in the middle and comes back', 4, true],
] as const) {
  test(`step is a function of its arguments, and no state ever changes, ${name}`, t => {
    const story = createStory({ hospitals, study: { rounds: 2 } })
    const { world } = story
    const { differences, seen } = watch(story)
    if (kill) {
      world.after(90, () => world.kill(2))
      world.after(3000, () => world.start(2))
    }
    startAll(world)
    finish(world)
    checkStory(t, story)
    t.deepEqual(differences, [])
    t.true(seen.size > 200)
    const changed = [...seen].filter(([state, before]) => print(state) !== before)
    t.is(changed.length, 0)
  })
}

test('nothing grows from round to round: the state after 30 rounds is as large as after 3', t => {
  const story = createStory({ hospitals: 4, study: { rounds: 30 } })
  const { world } = story
  const sizes = new Map<number, number>()
  const original = world.step.bind(world)
  world.step = (hospital, event) => {
    original(hospital, event)
    const { round } = hospital.state
    sizes.set(round, Math.max(print(hospital.state).length, sizes.get(round) ?? 0))
  }
  startAll(world)
  finish(world)
  t.true((sizes.get(30) as number) < 1.3 * (sizes.get(3) as number), `${sizes.get(3)} and ${sizes.get(30)} bytes`)
  for (const { vault } of world.hospitals) t.true(vault.maskedBySid.size === 0 && vault.parts.size === 0)
})
