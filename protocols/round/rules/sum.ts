/** Sums our own chunk, or one whose owner is late, when all self keys are here. @module */

import { hex } from '../../immutable.ts'
import type { Member } from '../../roster/roster.ts'
import type { RoundOutput } from '../../secure-sum/jobs.ts'
import { chunkAt, filledChunks } from '../../session/chunks.ts'
import { holdsParts, isSummed, selfKeys } from '../chunk-sums.ts'
import { sessionOf } from '../data-phase.ts'
import { sumAt } from '../once.ts'
import { say } from '../say.ts'
import type { Commitment, RoundState } from '../state.ts'
import { ended, once, schedule, type Turn } from '../transition.ts'

/** The current attempt: it grows by one whenever the resend timer ends without all sums. */
function attemptNow(state: RoundState): number {
  let attempt = 0
  while (ended(state, { kind: 'resend', attempt })) attempt += 1
  return attempt
}

/**
 * As an owner, sums our chunk once all keys are released. Whenever `resendAfterMs` passes without all sums, each owner
 * also sums the chunk of one more predecessor that lacks a sum. So a sum that was lost with its owner is made again.
 */
export function sumRule(turn: Turn): void {
  const { state, context } = turn
  const keys = selfKeys(state)
  if (state.commitment === null || keys === undefined) return
  const { owners } = state.commitment.opening
  const chunks = filledChunks(state.commitment.opening)
  const last = attemptNow(state)
  const open = chunks.some(({ index }) => !isSummed(state, index))
  if (open && last < owners.length) schedule(turn, { kind: 'resend', attempt: last }, context.timing.resendAfterMs)
  if (!owners.includes(context.self)) return
  for (let attempt = 0; attempt <= Math.min(last, owners.length - 1); attempt++) {
    const chunk = chunkAt(owners.length, owners.indexOf(context.self), attempt)
    if (!chunks.some(({ index }) => index === chunk) || isSummed(turn.state, chunk)) continue
    requestSum(turn, { chunk, attempt, selfKeys: keys })
  }
}

/** Requests the sum of a chunk, after pulling the parts that we do not hold. */
function requestSum(
  turn: Turn,
  { chunk, attempt, selfKeys: keys }: { chunk: number; attempt: number; selfKeys: ReadonlyMap<Member, Uint8Array> },
): void {
  const { state, context } = turn
  const { opening } = state.commitment as Commitment
  const parts = opening.members.map(member => ({ chunk, member }))
  if (!holdsParts(turn, parts) || !once(turn, sumAt(attempt))) return
  const session = sessionOf(opening, context)
  const job = { kind: 'sum', round: state.round, session, attempt, chunk, selfKeys: keys } as const
  turn.effects.push({ type: 'compute', job })
}

/** Sends CHUNK-SUM: others can now pull our sum of the chunk. */
export function summed(turn: Turn, { sid, attempt, hash }: Extract<RoundOutput, { kind: 'sum' }>): void {
  const { state } = turn
  if (state.commitment === null || state.commitment.opening.sidHex !== sid) return
  say(turn, { type: 'chunk-sum', sid: state.commitment.opening.sid, attempt, hash })
  turn.state = { ...turn.state, sums: new Map(turn.state.sums).set(hex(hash), true) }
}
