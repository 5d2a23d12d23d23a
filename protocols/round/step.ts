/**
 * Advances a study, round by round: handles one event, applies every rule until none acts, and returns the effects.
 *
 * @module
 */

import { drop, put } from '../immutable.ts'
import { OUTSIDE } from '../roster/roster.ts'
import { mainCharges } from '../study/rounds.ts'
import type { TranscriptHead } from '../transcript/head.ts'
import { enterRound, expectBack } from './begin-round.ts'
import { catchUpFrom, noteLinks, notePulled } from './catch-up.ts'
import { holdChunk } from './chunk-sums.ts'
import { contextAt, type StepContext } from './context.ts'
import { findPhase, forgetReceipts, noteReceipt, resend } from './data-phase.ts'
import type { Charge, Effect } from './effects.ts'
import type { RoundEvent } from './events.ts'
import { isSilent } from './facts.ts'
import { endOf } from './once.ts'
import { receive } from './receive.ts'
import { answered, inquire } from './rollback-guard.ts'
import { applyRule } from './rules/apply.ts'
import { approveRule } from './rules/approve.ts'
import { commitRule } from './rules/commit.ts'
import { crossCheckRule } from './rules/cross-check.ts'
import { endSilenceRule } from './rules/end-silence.ts'
import { fingerprintRule } from './rules/fingerprint.ts'
import { resultRule } from './rules/finish.ts'
import { noteOutput } from './rules/job-output.ts'
import { loadRule } from './rules/load.ts'
import { maskRule } from './rules/mask.ts'
import { openRule } from './rules/open.ts'
import { pullRule } from './rules/pull.ts'
import { readyRule } from './rules/ready.ts'
import { refuteRule } from './rules/refute-missing.ts'
import { revealRule } from './rules/release.ts'
import { outcomeRule } from './rules/result.ts'
import { sitOutRule } from './rules/sit-out.ts'
import { sumRule } from './rules/sum.ts'
import { type Awaited, createRound, NEWCOMER, type Phase, type RoundState } from './state.ts'
import type { Timer } from './timers.ts'
import type { Turn } from './transition.ts'
import { expireStep } from './voting.ts'

/** Advances one round. Pure: the same state, event and context give the same effects. */
export function step(
  state: RoundState,
  event: RoundEvent,
  context: StepContext,
): { state: RoundState; effects: Effect[] } {
  const turn: Turn = { state, effects: [], context: contextAt(context, state.roster) }
  note(turn, event)
  settle(turn)
  return { state: turn.state, effects: turn.effects }
}

/** What a study resumes from. */
export interface Beginning {
  readonly head: TranscriptHead
  /** every charged round, possibly including the head's */
  readonly charges: readonly Pick<Charge, 'round'>[]
  /** our envelopes of this round, by slot, as logged */
  readonly own?: ReadonlyMap<string, Uint8Array>
  /** ask others for our earlier messages before we send any; false only if the disk certainly was not rolled back */
  readonly recall: boolean
  /** the disk certainly lacks messages of ours, as after a restore: see end-silence.ts. With `recall` only */
  readonly forgetful?: boolean
  /** certified rounds after `head` that are on the disk without the checkpoint that they end in */
  readonly awaited?: Awaited
}

/** Begins a study, or resumes it after a restart. */
export function begin(
  { head, charges, own = new Map(), recall, forgetful = false, awaited }: Beginning,
  context: StepContext,
): { state: RoundState; effects: Effect[] } {
  const chargedAhead = new Set(charges.map(({ round }) => round).filter(round => round > head.round))
  const rollbackGuard = recall ? new Map() : null
  const charged = charges.some(({ round }) => round === head.round)
  const carried = {
    ...{ ...NEWCOMER, charges: mainCharges(context.document, charges) },
    ...{ chargedAhead, rollbackGuard, forgetful: recall && forgetful },
  }
  const state = { ...createRound(head, carried), charged, resumed: own.size > 0 }
  const turn: Turn = { state, effects: [], context: contextAt(context, head.roster) }
  if (awaited === undefined) enterRound(turn, own)
  else catchUpFrom(turn, awaited)
  settle(turn)
  return { state: turn.state, effects: turn.effects }
}

function note(turn: Turn, event: RoundEvent): void {
  const { state } = turn
  if (state.phase === 'halted') return
  if ('round' in event && event.round !== state.round && event.type !== 'pulled' && event.type !== 'recalled') return
  switch (event.type) {
    case 'received':
      return receive(turn, event.message)
    case 'tick':
      return noteTick(turn, event.timer)
    case 'trained':
      turn.state = { ...state, trained: true }
      return
    case 'computed':
      return noteOutput(turn, event.output)
    case 'connected':
    case 'disconnected':
      return noteConnection(turn, event)
    case 'chunk': {
      const phase = findPhase(state, event.sid)
      if (phase !== undefined) holdChunk(turn, { view: phase.opening.view, chunk: event.chunk, from: event.from })
      return
    }
    case 'receipt':
      return noteReceipt(turn, event)
    case 'pulled':
      return notePulled(turn, event.hash)
    case 'links':
      return noteLinks(turn, event)
    case 'recalled':
      return answered(turn, event)
    case 'approve':
      turn.state = { ...state, approving: event.change }
  }
}

function noteConnection(
  turn: Turn,
  { type, member }: Extract<RoundEvent, { type: 'connected' | 'disconnected' }>,
): void {
  const { state } = turn
  if (member === OUTSIDE) return
  if (type === 'connected') {
    const [connected, lost] = [put(state.connected, member, true), drop(state.lost, member)]
    turn.state = { ...state, connected, lost } as RoundState
    inquire(turn, member)
    return resend(turn, member)
  }
  turn.state = { ...state, connected: drop(state.connected, member) }
  forgetReceipts(turn, member)
  expectBack(turn, member)
}

function noteTick(turn: Turn, timer: Timer): void {
  const { state } = turn
  switch (timer.kind) {
    case 'lost':
      if (!state.connected.has(timer.member)) turn.state = { ...state, lost: put(state.lost, timer.member, true) }
      return
    case 'vote':
      return expireStep(turn, timer.instance, timer.step, timer.view)
    default:
      turn.state = { ...state, done: put(state.done, endOf(timer), true) }
  }
}

/** The rules that apply while we must not send messages. */
const SILENT_RULES = [endSilenceRule, sitOutRule, resultRule]

const RULES = [
  sitOutRule,
  approveRule,
  readyRule,
  openRule,
  maskRule,
  loadRule,
  refuteRule,
  commitRule,
  revealRule,
  sumRule,
  pullRule,
  fingerprintRule,
  crossCheckRule,
  applyRule,
  outcomeRule,
  resultRule,
]

const ENDED: ReadonlySet<Phase> = new Set(['finished', 'catching-up', 'outside', 'halted'])

/** Applies the rules until a whole pass changes nothing. */
function settle(turn: Turn): void {
  for (;;) {
    const before = turn.state
    for (const rule of isSilent(before) ? SILENT_RULES : RULES) {
      if (ENDED.has(turn.state.phase)) return
      rule(turn)
      // a rule may end or begin our silence, which changes the set of rules
      if (isSilent(turn.state) !== isSilent(before)) break
    }
    if (turn.state === before) return
  }
}
