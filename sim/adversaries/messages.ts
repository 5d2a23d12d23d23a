/** Helpers of scripts: recognise the honest machine's messages, and send others in their place. @module */

import { ProtocolError } from '../../protocols/errors.ts'
import { type Body, type BodyOf, type Content, openMessage } from '../../protocols/messages/messages.ts'
import type { Effect } from '../../protocols/round/effects.ts'
import { decodeFill } from '../../protocols/sync/anti-entropy.ts'
import type { Adversary, AdversaryIo } from '../world/adversary.ts'
import { contextOf, type SimulatedHospital } from '../world/hospital.ts'
import type { Random } from '../world/random.ts'

/** Interval after which a lie is sent again, because a line may lose it. */
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

/** Signs an envelope of this round by the liar. */
export function word(io: AdversaryIo, content: Content): Uint8Array {
  const { context, state } = io.hospital
  return io.sign({ ...content, study: context.study, roster: state.roster.version, round: state.round } as Body)
}

/** Random bytes, 32 by default. */
export function junk(random: Random, length = 32): Uint8Array {
  const bytes = new Uint8Array(length)
  random.fill(bytes)
  return bytes
}

export function othersOf({ hospital, hospitals }: AdversaryIo): SimulatedHospital[] {
  return hospitals.filter(other => other !== hospital)
}

/** Sends a message to one hospital, twice in case the line loses one. */
export function tell(io: AdversaryIo, to: SimulatedHospital, bytes: Uint8Array): void {
  io.send(to, bytes)
  io.after(AGAIN_MS, () => io.send(to, bytes))
}

/** Sends a message to all other hospitals, twice in case a line loses one. */
export function tellAll(io: AdversaryIo, bytes: Uint8Array): void {
  for (const other of othersOf(io)) tell(io, other, bytes)
}

/**
 * Equivocates: sends each hospital the one message, the other or both, in any order, as drawn; and one of them
 * certainly both. Hospitals that receive only one may compare it with others later.
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
 * Suppresses anti-entropy of the rounds in which it lies, so that the messages of its honest state machine do not get
 * out. Other rounds are exchanged as usual.
 */
export function hushed(hides: (round: number) => boolean): NonNullable<Adversary['packet']> {
  return (_from, packet, { hospital }) => {
    if (!hides(hospital.state.round)) return true
    if (packet.kind === 'summary') return false
    return packet.kind !== 'fill' || roundOf(packet.bytes) !== hospital.state.round
  }
}

/** The round of an answer; undefined if it does not decode, as another liar's may not. */
function roundOf(fill: Uint8Array): number | undefined {
  try {
    return decodeFill(fill).round
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}
