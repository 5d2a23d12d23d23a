/**
 * The second agreement of a round: on what came out, or that nothing did.
 *
 * @module
 */

import { ProtocolError } from '../../crypto/errors.ts'
import type { RoundOutput } from '../aggregation/jobs.ts'
import type { Proposal } from '../agreement/machine.ts'
import { decodeResultValue, encodeResultValue, type Link, type ResultValue } from '../sync/link.ts'
import { expireStep, runAgreement, voteTimeout } from './commit.ts'
import { proposerOf, saidBy, say } from './receive.ts'
import { ended, hex, type RoundState, said, schedule, setPhase, type Turn } from './state.ts'

/** The opened sum has become a checkpoint: that is what we shall vote for. */
export function applied(turn: Turn, { sid, sum, checkpoint }: Extract<RoundOutput, { kind: 'apply' }>): void {
  const { commitment } = turn.state
  if (commitment === null || hex(commitment.opening.sid) !== sid) return
  const { opening } = commitment
  turn.state = {
    ...turn.state,
    outcome: {
      outcome: 'result',
      sid: opening.sid,
      sum,
      checkpoint,
      members: [...opening.members],
      view: opening.view,
    },
  }
  setPhase(turn, 'summed')
}

/** Contributors of the committed session whose release we have not seen. */
function withheld(state: RoundState): number[] {
  return state.commitment?.opening.members.filter(from => !saidBy(state, { type: 'release', from })) ?? []
}

/** What we would propose: our result, or VOID once our own void timer has ended without one. */
function ownValue(state: RoundState): ResultValue | undefined {
  if (state.outcome !== null) return state.outcome
  const members = withheld(state)
  if (state.commitment === null || !ended(state, 'void') || members.length === 0) return undefined
  return { outcome: 'void', sid: state.commitment.opening.sid, members }
}

function isValid(state: RoundState, { value }: Proposal): boolean | undefined {
  let proposed: ResultValue
  try {
    proposed = decodeResultValue(value)
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
  const own = ownValue(state)
  if (own === undefined) return undefined
  if (proposed.outcome === 'void' && own.outcome === 'void') {
    // a release may have reached some and not others: those named must be missing for us too
    const missing = withheld(state)
    return hex(proposed.sid) === hex(own.sid) && proposed.members.every(member => missing.includes(member))
  }
  return hex(value) === hex(encodeResultValue(own))
}

/** Runs the second agreement as far as the facts carry it. */
export function outcomeRule(turn: Turn): void {
  const { state, context } = turn
  if (state.result.decision !== null) return
  if (state.commitment !== null && state.outcome === null) schedule(turn, 'void', context.timing.voidAfterMs)
  const { view, valid } = state.result
  const own = ownValue(turn.state)
  if (own !== undefined) {
    schedule(turn, `result/propose:${view}`, voteTimeout(context, view))
    const unsaid = !turn.state.messages.has(`result-propose/${view}/${context.self}`)
    if (unsaid && proposerOf(context, state.round, view) === context.self) {
      const value = valid?.value ?? encodeResultValue(own)
      say(turn, { type: 'propose', instance: 'result', view, value, validView: valid?.view ?? -1 })
    }
  }
  if (ended(turn.state, `result/propose:${view}`)) expireStep(turn, 'result', 'propose', view)
  runAgreement(turn, 'result', proposal => isValid(turn.state, proposal))
}

/** The certified round as a link of the transcript, once decided. */
export function decidedLink(state: RoundState): Link | undefined {
  const { decision } = state.result
  if (decision === null) return undefined
  const precommits = said(state, 'precommit')
    .filter(({ body }) => body.instance === 'result' && body.view === decision.view && body.value !== null)
    .filter(({ body }) => hex(body.value as Uint8Array) === decision.id)
    .sort((a, b) => a.from - b.from)
    .map(message => message.bytes)
  return { round: state.round, value: decision.value, precommits }
}
