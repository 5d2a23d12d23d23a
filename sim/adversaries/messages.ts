/** What a liar hears itself about to say, and how it says something else. @module */

import { ProtocolError } from '../../protocols/errors.ts'
import { type Body, type BodyOf, type Content, openMessage } from '../../protocols/messages/messages.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import { decodeFill } from '../../protocols/sync/anti-entropy.ts'
import type { Adversary, AdversaryIo } from '../world/adversary.ts'
import { contextOf, type SimulatedHospital } from '../world/hospital.ts'
import type { Random } from '../world/random.ts'

/** A line may lose a message: what the plot depends on is said again. */
const AGAIN_MS = 250

/** The body that an effect publishes, if it is of that type and of this round. */
export function about<T extends Body['type']>(
  effect: Effect,
  type: T,
  { hospital }: AdversaryIo,
): BodyOf<T> | undefined {
  if (effect.type !== 'publish') return undefined
  const { body } = openMessage(effect.bytes, contextOf(hospital))
  return body.type === type ? (body as BodyOf<T>) : undefined
}

/** An envelope of this round by the liar. */
export function word(io: AdversaryIo, content: Content): Uint8Array {
  const { context, state } = io.hospital
  return io.sign({ ...content, study: context.study, roster: state.roster.version, round: state.round } as Body)
}

/** 32 bytes of nothing. */
export function junk(random: Random, length = 32): Uint8Array {
  const bytes = new Uint8Array(length)
  random.fill(bytes)
  return bytes
}

export function othersOf({ hospital, hospitals }: AdversaryIo): SimulatedHospital[] {
  return hospitals.filter(other => other !== hospital)
}

/** Says something to one hospital, surely. */
export function tell(io: AdversaryIo, to: SimulatedHospital, bytes: Uint8Array): void {
  io.send(to, bytes)
  io.after(AGAIN_MS, () => io.send(to, bytes))
}

/** Says something to everybody, surely. */
export function tellAll(io: AdversaryIo, bytes: Uint8Array): void {
  for (const other of othersOf(io)) tell(io, other, bytes)
}

/**
 * Says two things in one place: to each hospital the one, the other or both, in any order, as drawn; to one of them
 * surely both. Those who hear one only may compare it with others later.
 */
export function tellTwo(io: AdversaryIo, random: Random, [one, other]: readonly [Uint8Array, Uint8Array]): void {
  const witness = random.pick(othersOf(io))
  for (const to of othersOf(io)) {
    const both = to === witness || random.chance(0.3)
    const [first, second] = random.chance(0.5) ? [one, other] : [other, one]
    tell(io, to, first)
    if (to === witness) tell(io, to, second)
    else if (both) io.after(random.between(0, 40), () => tell(io, to, second))
  }
}

/**
 * Keeps quiet in anti-entropy about the rounds in which it has something to hide: what the honest machine inside would
 * have said must not come out. Of other rounds it learns and tells as usual.
 */
export function hushed(hides: (round: number) => boolean): NonNullable<Adversary['packet']> {
  return (_from, packet, { hospital }) => {
    if (!hides(hospital.state.round)) return true
    if (packet.kind === 'summary') return false
    return packet.kind !== 'fill' || roundOf(packet.bytes) !== hospital.state.round
  }
}

/** The round of an answer; another liar's may be anything. */
function roundOf(fill: Uint8Array): number | undefined {
  try {
    return decodeFill(fill).round
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}
