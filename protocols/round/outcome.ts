/**
 * The second agreement of a round: on what came out, or that nothing did.
 *
 * @module
 */

import { fromString } from 'uint8arrays/from-string'
import { ProtocolError } from '../../crypto/errors.ts'
import type { RoundOutput } from '../aggregation/jobs.ts'
import { ownersUnheard } from '../aggregation/summing.ts'
import type { Proposal } from '../agreement/machine.ts'
import { collectProof } from '../agreement/proof.ts'
import type { Member } from '../roster/roster.ts'
import { decodeResultValue, encodeResultValue, type Link, type ResultValue } from '../sync/link.ts'
import { saidBy } from './receive.ts'
import { ended, hex, type RoundState, schedule, setPhase, type Turn } from './state.ts'
import { limitProposal, propose, runAgreement } from './voting.ts'

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

/**
 * Who keeps the round from its result: contributors whose release we have not seen; once all have released, the owners
 * of chunks that nobody could add up, because their own parts went down with them.
 */
function hindering(state: RoundState): Member[] {
  if (state.commitment === null) return []
  const withheld = state.commitment.opening.members.filter(from => !saidBy(state, { type: 'release', from }))
  return withheld.length > 0 ? withheld : ownersUnheard(state)
}

/** What we would propose: our result, or VOID once our own void timer has ended without one. */
function ownValue(state: RoundState): ResultValue | undefined {
  if (state.outcome !== null) return state.outcome
  const members = hindering(state)
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
    const named = proposed.members
    const ascending = named.length > 0 && named.every((member, at) => at === 0 || (named[at - 1] as Member) < member)
    return ascending && hex(proposed.sid) === hex(own.sid) && named.every(member => own.members.includes(member))
  }
  return Buffer.compare(value, encodeResultValue(own)) === 0
}

/** Runs the second agreement as far as the facts carry it. */
export function outcomeRule(turn: Turn): void {
  const { state, context } = turn
  if (state.result.decision !== null) return
  if (state.commitment !== null && state.outcome === null) schedule(turn, 'void', context.timing.voidAfterMs)
  const own = ownValue(turn.state)
  if (own !== undefined) {
    limitProposal(turn, 'result', state.result.view)
    propose(turn, 'result', () => encodeResultValue(own))
  }
  runAgreement(turn, 'result', proposal => isValid(turn.state, proposal))
}

/** The certified round as a link of the transcript, once decided. */
export function decidedLink({ round, result, messages }: RoundState, quorum: number): Link | undefined {
  if (result.decision === null) return undefined
  const { id, view, value } = result.decision
  const proven = { phase: 'precommit', instance: 'result', round, view, id: fromString(id, 'hex') } as const
  return { round, value, precommits: collectProof(messages.values(), proven, quorum) as Uint8Array[] }
}
