// Claims: whatever one liar signs, to a hospital in any state, and whatever certified rounds it makes up: the step never
// throws anything but a ProtocolError, never blames anybody else, never takes a round over that is not the transcript's,
// never speaks twice in one slot, never halts; and what the hospital keeps of it all stays bounded.

import { serialize } from 'node:v8'
import test from 'ava'
import { ProtocolError } from '../../protocols/errors.ts'
import { hex } from '../../protocols/immutable.ts'
import { INSTANCES } from '../../protocols/messages/limits.ts'
import { openMessage } from '../../protocols/messages/messages.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import type { RoundEvent } from '../../protocols/round/events.ts'
import { challengeOf } from '../../protocols/round/fingerprints.ts'
import { asked } from '../../protocols/round/once.ts'
import type { RoundState } from '../../protocols/round/state.ts'
import { step } from '../../protocols/round/step.ts'
import type { Timer } from '../../protocols/round/timers.ts'
import { done } from '../../protocols/round/transition.ts'
import { Dice } from '../helpers/dice.ts'
import { type Moment, type Past, rememberStudy } from '../helpers/moments.ts'
import { Liar } from '../helpers/round/liar.ts'

const LIAR = 4
const STORIES = 40
const EVENTS = 12
const SEED = 1
/** twice what a member may have us keep of a round, for messages are kept as bytes and as values; and its second words */
const GROWTH_BYTES_MAX = 16 << 20

const past: Past = rememberStudy({ of: [0, 1] })
const liar = new Liar(past, LIAR)

/** A message after `openMessage`, or undefined when that refuses it. */
function opened(wire: Uint8Array, { context }: Moment) {
  try {
    return openMessage(wire, context)
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/** Every timer that a round of this size may ask for. */
function timersOf(state: RoundState): Timer[] {
  const numbers = [0, 1, 2, 3, 4]
  const challenge = challengeOf(state)
  return [
    ...(['open', 'open-few', 'trained-delay', 'patience', 'void', 'recall'] as const).map(kind => ({ kind })),
    ...(['wait', 'data', 'reports'] as const).flatMap(kind => numbers.map(view => ({ kind, view }))),
    ...numbers.map(attempt => ({ kind: 'resend', attempt }) as const),
    ...(challenge === undefined ? [] : [{ kind: 'cross-check', challenge: hex(challenge) } as const]),
    ...INSTANCES.flatMap(instance =>
      (['propose', 'prevote', 'precommit'] as const).flatMap(step =>
        numbers.map(view => ({ kind: 'vote', instance, step, view }) as const),
      ),
    ),
  ]
}

function tickOf(state: RoundState, dice: Dice): RoundEvent {
  const due = timersOf(state).filter(timer => done(state, asked(timer)))
  const view = dice.below(3)
  const others: Timer[] = [
    { kind: 'lost', member: dice.below(5) },
    { kind: 'vote', instance: 'commit', step: 'propose', view },
    { kind: 'vote', instance: 'result', step: 'prevote', view },
    { kind: 'vote', instance: 'commit', step: 'precommit', view },
  ]
  return { type: 'tick', round: state.round, timer: dice.pick([...due, ...others]) }
}

/** What the hospital is told next: mostly by the liar, sometimes what really happened, in any order. */
function eventOf(moment: Moment, state: RoundState, dice: Dice): RoundEvent | undefined {
  const at = { ...moment, state }
  const heard = (wire: Uint8Array): RoundEvent | undefined => {
    const message = opened(wire, moment)
    return message && { type: 'received', message }
  }
  switch (dice.below(12)) {
    case 0:
      return { type: 'links', links: liar.links(dice), from: LIAR }
    case 1: {
      const messages = Array.from({ length: dice.below(5) }, () => opened(dice.pick(past.wires), moment))
      const known = messages.filter(message => message !== undefined)
      return { type: 'recalled', from: LIAR, round: dice.below(5), messages: known }
    }
    case 2:
      return { type: dice.once(2) ? 'connected' : 'disconnected', member: dice.below(5) }
    case 3:
      return tickOf(state, dice)
    case 4:
    case 5:
      return heard(dice.pick(past.wires))
    default:
      return heard(liar.wire(at, dice))
  }
}

/** What must hold of every effect, whoever lies. */
function checkEffect(effect: Effect, before: RoundState): void {
  if (effect.type === 'blame' && effect.member !== LIAR) throw new Error(`blames ${effect.member}: ${effect.code}`)
  if (effect.type !== 'store') return
  for (const entry of effect.entries) {
    if (entry.kind === 'halt') throw new Error('halts, and only one lies')
    if (entry.kind === 'own' && entry.round === before.round && before.own.has(entry.slot)) {
      throw new Error(`speaks twice in ${entry.slot}`)
    }
    if (entry.kind !== 'link') continue
    const certified = past.links[entry.link.round - 1]?.value ?? new Uint8Array(0)
    if (Buffer.compare(certified, entry.link.value) !== 0)
      throw new Error(`takes round ${entry.link.round} from a liar`)
  }
}

interface Tally {
  events: number
  /** by type of message: kept in the state */
  readonly kept: Map<string, number>
  readonly blames: Map<string, number>
}

function count(tally: Map<string, number>, name: string): void {
  tally.set(name, (tally.get(name) ?? 0) + 1)
}

/** One hospital's life from a moment on, for some events. */
function live(moment: Moment, dice: Dice, tally: Tally): void {
  let { state } = moment
  for (let i = 0; i < EVENTS; i++) {
    const event = eventOf(moment, state, dice)
    if (event === undefined) continue
    const before = state
    try {
      const stepped = step(state, event, moment.context)
      state = stepped.state
      for (const effect of stepped.effects) {
        checkEffect(effect, before)
        if (effect.type === 'blame') count(tally.blames, effect.code)
      }
    } catch (error) {
      const what = event.type === 'received' ? Buffer.from(event.message.bytes).toString('hex') : ''
      throw new Error(`${moment.name}: ${error} on ${event.type} ${what}`, { cause: error })
    }
    tally.events += 1
    const said = event.type === 'received' && event.message.from === LIAR ? event.message.body.type : undefined
    if (said !== undefined && state.messages !== before.messages) count(tally.kept, said)
  }
}

test('in every state, a liar makes the step neither throw, nor blame another, nor leave the transcript', t => {
  const tally: Tally = { events: 0, kept: new Map(), blames: new Map() }
  for (const [index, moment] of past.moments.entries()) {
    for (let story = 0; story < STORIES; story++) {
      const number = index * STORIES + story
      try {
        live(moment, new Dice(SEED, number), tally)
      } catch (error) {
        t.log(`seed ${SEED}, story ${number}`)
        throw error
      }
    }
  }
  const phases = new Set(past.moments.map(({ state }) => state.phase))
  const all = ['idle', 'ready', 'opened', 'uploaded', 'voting', 'committed', 'released', 'summed', 'catching-up']
  for (const phase of [...all, 'finished']) t.true(phases.has(phase as RoundState['phase']), phase)
  t.true(tally.events > 10_000, `${tally.events}`)
  // the lies went in: as facts, and as reasons to blame their author
  t.true(tally.kept.size >= 13, `${[...tally.kept.keys()]}`)
  t.true(tally.blames.size >= 6, `${[...tally.blames.keys()]}`)
  t.log(`${tally.events} events; kept ${describe(tally.kept)}; blamed ${describe(tally.blames)}`)
})

function describe(tally: ReadonlyMap<string, number>): string {
  return [...tally].map(([name, times]) => `${name} ${times}`).join(', ')
}

test('however much a liar says, what is kept of it is bounded', t => {
  const phases = ['idle', 'released'] as const
  for (const phase of phases) {
    const moment = past.moments.find(({ state, name }) => state.phase === phase && !name.endsWith('asking')) as Moment
    let { state } = moment
    const before = serialize(state).length
    let heard = 0
    for (const wire of liar.flood(moment)) {
      const message = opened(wire, moment)
      if (message === undefined) continue
      heard += message.bytes.length
      state = step(state, { type: 'received', message }, moment.context).state
    }
    const growth = serialize(state).length - before
    t.true(heard > 2 * GROWTH_BYTES_MAX, `${heard} bytes heard`)
    t.true(growth < GROWTH_BYTES_MAX, `${phase}: ${growth} bytes`)
    t.log(`${phase}: ${heard >> 20} MiB heard, ${growth >> 10} KiB kept`)
  }
})
