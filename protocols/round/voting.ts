/**
 * The parts that both agreements of a round share: timers, proposals, and the execution of their actions.
 *
 * @module
 */

import { fromString } from 'uint8arrays/from-string'
import { advance, expire, type Proposal, TIMEOUT_GROWTH, type VotePhase } from '../agreement/agreement.ts'
import { collectProof } from '../agreement/proof.ts'
import type { Instance } from '../messages/limits.ts'
import { slotName } from '../messages/messages.ts'
import type { StepContext } from './context.ts'
import { proposerOf } from './facts.ts'
import { inSlot, messagesIn } from './message-table.ts'
import { say } from './say.ts'
import { type RoundState, said } from './state.ts'
import { schedule, type Turn } from './transition.ts'

export function voteTimeout({ timing }: StepContext, view: number): number {
  return Math.min(timing.voteTimeoutMsMax, timing.voteTimeoutMs * TIMEOUT_GROWTH ** view)
}

/** Expires a step of an agreement, once. */
export function expireStep(turn: Turn, instance: Instance, step: 'propose' | VotePhase, view: number): void {
  const before = turn.state[instance]
  const after = expire(before, step, view)
  if (after !== before) turn.state = { ...turn.state, [instance]: after }
}

/** Starts the timer of a view's proposal. When it ends without a valid proposal, we vote nil. */
export function limitProposal(turn: Turn, instance: Instance, view: number): void {
  schedule(turn, { kind: 'vote', instance, step: 'propose', view }, voteTimeout(turn.context, view))
}

/** Runs an agreement's rules and carries out their actions. */
export function runAgreement(turn: Turn, instance: Instance, valid: (proposal: Proposal) => boolean | undefined): void {
  const { quorum, faulty } = turn.context
  const isSpoilt = (view: number) => turn.state.doubled.has(proposalSlot(turn, instance, view))
  const rules = { quorum, faulty, isValid: valid, isSpoilt }
  for (;;) {
    const { state, actions } = advance(turn.state[instance], rules)
    if (state !== turn.state[instance]) turn.state = { ...turn.state, [instance]: state }
    if (actions.length === 0) return
    for (const action of actions) {
      if (action.kind === 'timer') {
        const { phase, view } = action
        schedule(turn, { kind: 'vote', instance, step: phase, view }, voteTimeout(turn.context, view))
      } else if (action.kind === 'vote') {
        const { phase: type, view, id } = action
        say(turn, { type, instance, view, value: id === null ? null : fromString(id, 'hex') })
      } else if (action.kind === 'decide') return
    }
  }
}

/** The slot of a view's only PROPOSE. Two different ones invalidate both. */
export function proposalSlot({ state, context }: Turn, instance: Instance, view: number): string {
  return slotName({ type: 'propose', instance, number: view, from: proposerOf(context, state.round, view) })
}

/**
 * Sends PROPOSE as the current view's proposer, once: the value that a quorum prevoted before, with its proof, else our
 * own value.
 */
export function propose(turn: Turn, instance: Instance, own: () => Uint8Array | undefined): void {
  const { state, context } = turn
  const { view, valid, decision } = state[instance]
  if (decision !== null || proposerOf(context, state.round, view) !== context.self) return
  if (inSlot(state.messages, proposalSlot(turn, instance, view)) !== undefined) return
  const proof = valid === null ? undefined : lockProof(turn, instance, valid)
  const locked = valid !== null && proof !== undefined
  const value = locked ? valid.value : own()
  if (value === undefined) return
  say(turn, { type: 'propose', instance, view, value, validView: locked ? valid.view : -1, proof: proof ?? [] })
}

/** A quorum's prevotes for a value: those that we counted, or those in another proposer's PROPOSE. */
function lockProof(
  { state, context }: Turn,
  instance: Instance,
  { id, view }: { id: string; view: number },
): Uint8Array[] | undefined {
  const proven = { phase: 'prevote', instance, round: state.round, view, id: fromString(id, 'hex') } as const
  const counted = collectProof(messagesIn(state.messages), proven, context.quorum)
  return counted ?? shownProof(state, instance, { id, view })
}

function shownProof(state: RoundState, instance: Instance, { id, view }: { id: string; view: number }) {
  for (const message of said(state, 'propose')) {
    if (message.body.instance !== instance || message.body.validView !== view) continue
    if (state[instance].proposals.get(message.body.view)?.id === id) return message.body.proof
  }
  return undefined
}
