/**
 * What is to go wrong, and when: all of it follows from the scenario's name and a seed. What the hospitals make of it
 * does not, for their noise, keys and speed never follow from a seed.
 *
 * @module
 */

import { createRandom, type Random, shuffled } from '../demo/random.ts'

/** The phases of a round in their order, as a node's status names them. */
export const PHASES = ['training', 'idle', 'ready', 'opened', 'uploaded', 'voting', 'committed', 'released', 'summed']
/** Those in which one may be hit; the other names pass at once. */
const HIT_PHASES = ['training', 'ready', 'opened', 'uploaded', 'voting', 'committed', 'released', 'summed']
/** So much later than a phase's begin at most: about what a quick phase lasts. */
const JITTER_MS = 25
/** Restarted within 20 s; a node itself needs one or two of them to start. */
const AWAY_MS = { min: 200, max: 18_000 }
/** Most come back soon: with everybody away for long, there would be only one round in every long absence. */
const SOON_MS = 2500
const SOON_SHARE = 0.7
/** What happens first happens when the study is well under way. */
const FIRST_ROUND = 3

/** An instant of a round: so long after a phase has begun. */
export interface Instant {
  readonly round: number
  readonly phase: string
  readonly afterMs: number
}

/** One SIGKILL and the restart after it. */
export interface Kill {
  readonly instant: Instant
  /** the first choice comes first; whoever is away already is passed over */
  readonly victims: readonly number[]
  readonly awayMs: number
}

function instantOf(round: number, random: Random): Instant {
  const phase = HIT_PHASES[random.below(HIT_PHASES.length)] as string
  return { round, phase, afterMs: random.between(0, JITTER_MS) }
}

/** One kill in every round, of any hospital. */
export function planKills({ hospitals, rounds, seed }: { hospitals: number; rounds: number; seed: number }): Kill[] {
  const random = createRandom(`chaos kill ${seed}`)
  return Array.from({ length: rounds }, (_, at) => {
    const instant = instantOf(at + 1, random)
    const victims = [...shuffled(hospitals, random)]
    const most = random.unit() < SOON_SHARE ? SOON_MS : AWAY_MS.max
    return { instant, victims, awayMs: random.between(AWAY_MS.min, most) }
  })
}

/** So much later than a hospital answers at most: a restart, some rounds, and whatever it does between them. */
const ANY_INSTANT_MS_MAX = 2500

/** A SIGKILL so long after its victim runs, and a restart at once. */
export interface Sudden {
  readonly victim: number
  readonly afterMs: number
}

/** Kills at instants that have nothing to do with what the victim does. */
export function planInstants({ hospitals, kills, seed }: { hospitals: number; kills: number; seed: number }): Sudden[] {
  const random = createRandom(`chaos ledger ${seed}`)
  return Array.from({ length: kills }, () => ({
    victim: random.below(hospitals),
    afterMs: random.between(0, ANY_INSTANT_MS_MAX),
  }))
}

/** Something that happens to one hospital at one instant. */
export interface Blow {
  readonly victim: number
  readonly instant: Instant
}

/** One blow in an early round, for a scenario of that name. */
export function planBlow(scenario: string, { hospitals, seed }: { hospitals: number; seed: number }): Blow {
  const random = createRandom(`chaos ${scenario} ${seed}`)
  return { victim: random.below(hospitals), instant: instantOf(FIRST_ROUND + random.below(3), random) }
}

/** Who cannot send to whom: a link of one direction. */
export type Cut = readonly [from: number, to: number]

/** A network that is broken in one way for a while. */
export interface Split {
  readonly kind: 'three-one' | 'two-two' | 'deaf' | 'mute' | 'one-way'
  /** whom it is about: the smaller part, or the one that hears or says nothing */
  readonly part: readonly number[]
  readonly cuts: readonly Cut[]
  /** whether enough can still talk to each other for rounds to go on */
  readonly goesOn: boolean
}

/** Every way to break a network of four, once, in a random order, with random hospitals in its parts. */
export function planSplits({ hospitals, seed }: { hospitals: number; seed: number }): Split[] {
  const random = createRandom(`chaos partition ${seed}`)
  const all = Array.from({ length: hospitals }, (_, at) => at)
  const draw = (count: number): number[] => [...shuffled(hospitals, random)].slice(0, count)
  const others = (part: readonly number[]): number[] => all.filter(at => !part.includes(at))
  const from = (part: readonly number[]): Cut[] => part.flatMap(a => others(part).map((b): Cut => [a, b]))
  const towards = (part: readonly number[]): Cut[] => from(part).map(([a, b]): Cut => [b, a])
  const [one, two, deaf, mute, pair] = [draw(1), draw(Math.floor(hospitals / 2)), draw(1), draw(1), draw(2)]
  const splits: Split[] = [
    { kind: 'three-one', part: one, cuts: [...from(one), ...towards(one)], goesOn: true },
    { kind: 'two-two', part: two, cuts: [...from(two), ...towards(two)], goesOn: false },
    { kind: 'deaf', part: deaf, cuts: towards(deaf), goesOn: true },
    { kind: 'mute', part: mute, cuts: from(mute), goesOn: true },
    { kind: 'one-way', part: pair, cuts: [pair as unknown as Cut], goesOn: true },
  ]
  return [...shuffled(splits.length, random)].map(at => splits[at] as Split)
}

/** Milliseconds by which a wall clock is off at each of its jumps. */
export function planClock({ jumps, seed }: { jumps: number; seed: string }): number[] {
  const random = createRandom(`chaos clock ${seed}`)
  const hour = 3_600_000
  return Array.from({ length: jumps }, () => Math.round(random.between(-48 * hour, 48 * hour)))
}
