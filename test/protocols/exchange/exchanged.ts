/** A hospital's view of a signed round, as pulls and uploads are judged in it. @module */

import { type BodyOf, type Message, openMessage } from '../../../protocols/messages/messages.ts'
import { withMessage } from '../../../protocols/round/message-table.ts'
import { createRound, NEWCOMER, type RoundState } from '../../../protocols/round/state.ts'
import { judge, previous, ROUND, SignedRound } from '../evidence/signed-round.ts'

export const signedRound = new SignedRound()
export const { opening } = signedRound
export const opened = (wire: Uint8Array): Message => openMessage(wire, judge)
export const manifestOf = (member: number) => opened(signedRound.part(member).manifest) as Message<BodyOf<'manifest'>>

/** The round's state, with its session known, and these messages. */
export function stateWith(wires: readonly Uint8Array[], held: readonly string[] = []): RoundState {
  const state = createRound({ round: ROUND, previous, roster: judge.roster, bans: new Map() }, NEWCOMER)
  const phase = { opening, held: new Map(held.map(key => [key, true as const])), receipts: new Map() }
  let { messages } = state
  for (const wire of wires) messages = withMessage(messages, opened(wire))
  return { ...state, phases: new Map([[0, phase]]), messages }
}

/** The bytes with one bit changed. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  const at = bit % (8 * copy.length)
  copy[at >> 3] = (copy[at >> 3] as number) ^ (1 << (at & 7))
  return copy
}
