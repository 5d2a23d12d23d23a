/**
 * The first agreement of a round: on the one session whose self keys will be released.
 *
 * @module
 */

import { z } from 'zod'
import { ProtocolError } from '../../crypto/errors.ts'
import { loadedDigest, manifestHashes, viewMayOpen } from '../aggregation/machine.ts'
import { chunksOf, filledChunks } from '../aggregation/opening.ts'
import { type Instance, TIMEOUT_GROWTH, VALUE_BYTES_MAX } from '../agreement/constants.ts'
import { advance, expire, type Proposal, type VotePhase } from '../agreement/machine.ts'
import { decode, encode } from '../codec.ts'
import type { StepContext } from '../ports.ts'
import { valueId } from '../sync/link.ts'
import { MEMBERS_MAX } from './constants.ts'
import { proposerOf, saidBy, say } from './receive.ts'
import { type DataPhase, ended, hex, type RoundState, schedule, setPhase, type Turn } from './state.ts'

const hash = z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === 32, 'expected 32 bytes')
const COMMIT_VALUE = z.strictObject({
  open: hash,
  manifests: z.array(hash).max(MEMBERS_MAX),
  loaded: z.array(hash).max(MEMBERS_MAX),
})
export type CommitValue = z.infer<typeof COMMIT_VALUE>

/** @throws ProtocolError `bad-commit` */
export function decodeCommitValue(bytes: Uint8Array): CommitValue {
  const parsed = COMMIT_VALUE.safeParse(decode(bytes, VALUE_BYTES_MAX))
  if (!parsed.success) throw new ProtocolError('bad-commit', 'not a COMMIT value')
  return parsed.data
}

/** The LOADED hashes of a view in chunk order, or undefined while one is unknown or at odds with the manifests. */
function loadedHashes(state: RoundState, { opening }: DataPhase, manifests: readonly Uint8Array[]) {
  const digest = hex(loadedDigest(opening.sid, manifests))
  const hashes: Uint8Array[] = []
  for (const chunk of filledChunks(opening)) {
    const from = opening.owners[chunk.index] as number
    const loaded = saidBy(state, { type: 'loaded', view: opening.view, from })
    if (loaded === undefined || hex(loaded.body.sid) !== hex(opening.sid)) return undefined
    if (loaded.body.chunk !== chunk.index || hex(loaded.body.digest) !== digest) return undefined
    hashes.push(loaded.hash)
  }
  return hashes
}

/** The value that a complete data phase commits to, or undefined while it is incomplete. */
export function commitValue(state: RoundState, phase: DataPhase): Uint8Array | undefined {
  const manifests = manifestHashes(state, phase.opening)
  if (manifests === undefined) return undefined
  const loaded = loadedHashes(state, phase, manifests)
  return loaded && encode({ open: phase.opening.hash, manifests, loaded })
}

/** The data phase that a value speaks of. */
export function phaseOf(state: RoundState, value: CommitValue): DataPhase | undefined {
  for (const phase of state.phases.values()) if (hex(phase.opening.hash) === hex(value.open)) return phase
  return undefined
}

function isValid(state: RoundState, { value }: Proposal): boolean | undefined {
  let content: CommitValue
  try {
    content = decodeCommitValue(value)
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
  const phase = phaseOf(state, content)
  const expected = phase && commitValue(state, phase)
  return expected && hex(valueId(expected)) === hex(valueId(value))
}

export function voteTimeout({ timing }: StepContext, view: number): number {
  return Math.min(timing.voteTimeoutMsMax, timing.voteTimeoutMs * TIMEOUT_GROWTH ** view)
}

/** Ends a step of an agreement, once. */
export function expireStep(turn: Turn, instance: Instance, step: 'propose' | VotePhase, view: number): void {
  const before = turn.state[instance]
  const after = expire(before, step, view)
  if (after !== before) turn.state = { ...turn.state, [instance]: after }
}

/** Runs an agreement's rules and carries out what they ask for. */
export function runAgreement(turn: Turn, instance: Instance, valid: (proposal: Proposal) => boolean | undefined): void {
  const { quorum, faulty } = turn.context
  for (;;) {
    const { state, actions } = advance(turn.state[instance], { quorum, faulty, isValid: valid })
    if (state !== turn.state[instance]) turn.state = { ...turn.state, [instance]: state }
    if (actions.length === 0) return
    for (const action of actions) {
      if (action.kind === 'timer') {
        schedule(turn, `${instance}/${action.phase}:${action.view}`, voteTimeout(turn.context, action.view))
      } else if (action.kind === 'vote') {
        const { phase: type, view, id } = action
        say(turn, { type, instance, view, value: id === null ? null : Buffer.from(id, 'hex') })
      } else if (action.kind === 'decide') return
    }
  }
}

/** A view that cannot succeed any more: its time is over, an owner reported somebody missing, or an owner is gone. */
function hopeless(state: RoundState, { opening, deadline }: DataPhase): boolean {
  if (deadline || ended(state, `data:${opening.view}`)) return true
  return opening.owners.some(from => {
    if (chunksOf(opening, from).length === 0) return false
    if (saidBy(state, { type: 'missing', view: opening.view, from })) return true
    return state.lost.has(from) && saidBy(state, { type: 'loaded', view: opening.view, from }) === undefined
  })
}

/** Clocks of the current view: for its OPEN, for its data, and for its proposal once the data are there. */
function clockRule(turn: Turn): void {
  const { state, context } = turn
  const { view } = state.commit
  const phase = state.phases.get(view)
  const giveUp = () => expireStep(turn, 'commit', 'propose', view)
  if (phase === undefined) {
    if (state.commit.proposals.has(view)) return
    if (viewMayOpen(turn)) schedule(turn, `wait:${view}`, voteTimeout(context, view))
    const proposer = proposerOf(context, state.round, view)
    if (ended(turn.state, `wait:${view}`) || (viewMayOpen(turn) && state.lost.has(proposer))) giveUp()
    return
  }
  if (commitValue(state, phase) !== undefined) {
    schedule(turn, `propose:${view}`, voteTimeout(context, view))
    if (state.phase === 'uploaded') setPhase(turn, 'voting')
    if (ended(turn.state, `propose:${view}`)) giveUp()
    return
  }
  const transferMs = (3 * 4 * 8 * context.dimension * 1000) / context.timing.bandwidthMin
  schedule(turn, `data:${view}`, context.timing.dataBaseMs + transferMs)
  if (hopeless(turn.state, phase)) giveUp()
}

/** PROPOSE by the view's proposer: what is known to be valid, else what its own data phase gave. */
function proposeRule(turn: Turn): void {
  const { state, context } = turn
  const { view, valid, decision } = state.commit
  if (decision !== null || proposerOf(context, state.round, view) !== context.self) return
  if (state.messages.has(`commit-propose/${view}/${context.self}`)) return
  const phase = state.phases.get(view)
  const value = valid?.value ?? (phase && commitValue(state, phase))
  if (value === undefined) return
  say(turn, { type: 'propose', instance: 'commit', view, value, validView: valid?.view ?? -1 })
}

/** Runs the first agreement as far as the facts carry it. */
export function commitRule(turn: Turn): void {
  if (turn.state.commit.decision === null) {
    clockRule(turn)
    proposeRule(turn)
    runAgreement(turn, 'commit', proposal => isValid(turn.state, proposal))
  }
  const { decision } = turn.state.commit
  if (decision === null || turn.state.commitment !== null) return
  const { manifests, open } = decodeCommitValue(decision.value)
  const phase = phaseOf(turn.state, { open, manifests, loaded: [] })
  // the OPEN itself may still be on its way to somebody who saw only the votes
  if (phase === undefined || manifestHashes(turn.state, phase.opening) === undefined) return
  turn.state = { ...turn.state, commitment: { opening: phase.opening, manifests } }
  setPhase(turn, 'committed')
}
