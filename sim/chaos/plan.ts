/**
 * Plans faults and their instants from the scenario's name and a seed. The hospitals' reactions are not reproducible,
 * because their noise, keys and speed do not follow from a seed.
 *
 * @module
 */

import { createRandom, type Random, shuffled } from '../demo/random.ts'

/** The phases of a round in their order, as a node's status names them. */
export const PHASES = ['training', 'idle', 'ready', 'opened', 'uploaded', 'voting', 'committed', 'released', 'summed']
/** Phases in which a hospital may be hit; the others pass at once. */
const HIT_PHASES = ['training', 'ready', 'opened', 'uploaded', 'voting', 'committed', 'released', 'summed']
/** The largest delay after a phase's begin: about the length of a quick phase. */
const JITTER_MS = 25
/** Downtime; with the one or two seconds that a node needs to start, it is back within 20 s. */
const AWAY_MS = { min: 200, max: 18_000 }
/** Downtime of most victims, at most: if all were away for long, a long absence would cover only one round. */
const SOON_MS = 2500
const SOON_SHARE = 0.7
/** The first round with a fault, when the study is well under way. */
const FIRST_ROUND = 3

/** An instant of a round: `afterMs` after the phase began. */
export interface Instant {
  readonly round: number
  readonly phase: string
  readonly afterMs: number
}

/** One SIGKILL and the restart after it. */
export interface Kill {
  readonly instant: Instant
  /** in order of preference; hospitals that are away already are skipped */
  readonly victims: readonly number[]
  readonly awayMs: number
}

function instantOf(round: number, random: Random): Instant {
  const phase = HIT_PHASES[random.below(HIT_PHASES.length)] as string
  return { round, phase, afterMs: random.between(0, JITTER_MS) }
}

/** Plans one kill in every round, of any hospital. */
export function planKills({ hospitals, rounds, seed }: { hospitals: number; rounds: number; seed: number }): Kill[] {
  const random = createRandom(`chaos kill ${seed}`)
  return Array.from({ length: rounds }, (_, at) => {
    const instant = instantOf(at + 1, random)
    const victims = [...shuffled(hospitals, random)]
    const most = random.unit() < SOON_SHARE ? SOON_MS : AWAY_MS.max
    return { instant, victims, awayMs: random.between(AWAY_MS.min, most) }
  })
}

/** The largest delay after a hospital answers: it covers a restart and some rounds. */
const ANY_INSTANT_MS_MAX = 2500

/** A SIGKILL `afterMs` after its victim runs, and an immediate restart. */
export interface Sudden {
  readonly victim: number
  readonly afterMs: number
}

/** Plans kills at instants that do not depend on the victim's phase. */
export function planInstants({ hospitals, kills, seed }: { hospitals: number; kills: number; seed: number }): Sudden[] {
  const random = createRandom(`chaos ledger ${seed}`)
  return Array.from({ length: kills }, () => ({
    victim: random.below(hospitals),
    afterMs: random.between(0, ANY_INSTANT_MS_MAX),
  }))
}

/** A fault of one hospital at one instant. */
export interface Blow {
  readonly victim: number
  readonly instant: Instant
}

/** Plans one fault in an early round, for a scenario of that name. */
export function planBlow(scenario: string, { hospitals, seed }: { hospitals: number; seed: number }): Blow {
  const random = createRandom(`chaos ${scenario} ${seed}`)
  return { victim: random.below(hospitals), instant: instantOf(FIRST_ROUND + random.below(3), random) }
}

/** One direction of a link that is cut. */
export type Cut = readonly [from: number, to: number]

/** A network partition of one kind. */
export interface Split {
  readonly kind: 'three-one' | 'two-two' | 'deaf' | 'mute' | 'one-way'
  /** the smaller part, or the hospital that receives or sends nothing */
  readonly part: readonly number[]
  readonly cuts: readonly Cut[]
  /** whether enough hospitals can still communicate for rounds to go on */
  readonly goesOn: boolean
}

/** Plans every kind of partition of four hospitals once, in random order, with random hospitals in its parts. */
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

/** Offsets of a wall clock after each of its jumps, ms. */
export function planClock({ jumps, seed }: { jumps: number; seed: string }): number[] {
  const random = createRandom(`chaos clock ${seed}`)
  const hour = 3_600_000
  return Array.from({ length: jumps }, () => Math.round(random.between(-48 * hour, 48 * hour)))
}
