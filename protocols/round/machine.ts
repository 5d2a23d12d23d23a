/**
 * Advances a study, round by round: takes in one event, applies every rule until none acts, and says what must happen.
 *
 * @module
 */

import { ProtocolError } from '../../crypto/errors.ts'
import type { RoundOutput } from '../aggregation/jobs.ts'
import {
  findPhase,
  forgetReceipts,
  loadRule,
  masked,
  maskRule,
  openRule,
  readyRule,
  resend,
  setDataPhase,
} from '../aggregation/machine.ts'
import { applyRule, holdChunk, pullRule, revealed, revealRule, summed, sumRule } from '../aggregation/summing.ts'
import type { Instance } from '../agreement/constants.ts'
import { restoreVotes, type VotePhase } from '../agreement/machine.ts'
import { drop, put } from '../facts.ts'
import type { Effect, RoundEvent, StepContext } from '../ports.ts'
import type { Member } from '../roster/roster.ts'
import { decodeResultValue, hashAfter, type Link, verifyLink } from '../sync/link.ts'
import { commitRule } from './commit.ts'
import { applied, decidedLink, outcomeRule } from './outcome.ts'
import { receive, restoreOwn } from './receive.ts'
import { type Awaited, createRound, ended, hex, type RoundState, said, schedule, setPhase, type Turn } from './state.ts'
import { expireStep } from './voting.ts'

/** Advances one round. Pure: the same state, event and context give the same effects. */
export function step(
  state: RoundState,
  event: RoundEvent,
  context: StepContext,
): { state: RoundState; effects: Effect[] } {
  const turn: Turn = { state, effects: [], context }
  note(turn, event)
  settle(turn)
  return { state: turn.state, effects: turn.effects }
}

/**
 * Begins, or takes up again after a restart.
 *
 * @param own our envelopes of this round, by slot, as logged
 */
export function begin(
  from: Pick<RoundState, 'round' | 'previous' | 'charges'> & { readonly own?: ReadonlyMap<string, Uint8Array> },
  context: StepContext,
): { state: RoundState; effects: Effect[] } {
  const turn: Turn = { state: createRound(from), effects: [], context }
  enterRound(turn, from.own ?? new Map())
  settle(turn)
  return { state: turn.state, effects: turn.effects }
}

/** What every round begins with, be it new or taken up again. */
function enterRound(turn: Turn, own: ReadonlyMap<string, Uint8Array>): void {
  const { context } = turn
  const { round } = turn.state
  if (round > context.rounds) {
    setPhase(turn, 'finished')
    turn.effects.push({ type: 'emit', notice: { kind: 'finished', round: round - 1 } })
    return
  }
  turn.effects.push({ type: 'emit', notice: { kind: 'phase', round, view: 0, phase: 'idle' } })
  for (const instance of ['commit', 'result'] as const) restoreInstance(turn, instance, own)
  restoreOwn(turn, own)
  turn.effects.push({ type: 'compute', job: { kind: 'prepare', round } })
  if (turn.state.charges < context.chargesMax) turn.effects.push({ type: 'train', round })
  // whoever was never seen, or was leaving when the last round ended, gets the same time to come back
  for (let member = 0; member < context.roster.hospitals.length; member++) {
    const here = member === context.self || turn.state.connected.has(member) || turn.state.lost.has(member)
    if (!here) expectBack(turn, member)
  }
}

function restoreInstance(turn: Turn, instance: Instance, own: ReadonlyMap<string, Uint8Array>): void {
  const probe: Turn = { state: createRound(turn.state), effects: [], context: turn.context }
  restoreOwn(probe, own)
  const votes = [...said(probe.state, 'prevote'), ...said(probe.state, 'precommit')]
    .filter(({ body }) => body.instance === instance)
    .map(({ body }) => ({
      phase: body.type as VotePhase,
      view: body.view,
      id: body.value === null ? null : hex(body.value),
    }))
    .sort((a, b) => a.view - b.view || (a.phase === b.phase ? 0 : a.phase === 'prevote' ? -1 : 1))
  turn.state = { ...turn.state, [instance]: restoreVotes(turn.state[instance], votes) }
}

function expectBack(turn: Turn, member: Member): void {
  const { round } = turn.state
  turn.effects.push({ type: 'schedule', round, timer: `lost:${member}`, afterMs: turn.context.timing.lostAfterMs })
}

function note(turn: Turn, event: RoundEvent): void {
  const { state } = turn
  if ('round' in event && event.round !== state.round && event.type !== 'pulled') return
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
      turn.state = {
        ...state,
        connected: put(state.connected, event.member, true),
        lost: drop(state.lost, event.member),
      }
      return resend(turn, event.member)
    case 'disconnected':
      turn.state = { ...state, connected: drop(state.connected, event.member) }
      forgetReceipts(turn, event.member)
      return expectBack(turn, event.member)
    case 'chunk': {
      const phase = findPhase(state, event.sid)
      if (phase !== undefined) holdChunk(turn, { view: phase.opening.view, chunk: event.chunk, from: event.from })
      return
    }
    case 'receipt': {
      const phase = findPhase(state, event.sid)
      if (phase !== undefined) setDataPhase(turn, { ...phase, receipts: put(phase.receipts, event.chunk, event.from) })
      return
    }
    case 'pulled':
      return notePulled(turn, event.hash)
    case 'links':
      return noteLinks(turn, event)
  }
}

function noteTick(turn: Turn, timer: string): void {
  const [name, argument] = timer.split(':') as [string, string | undefined]
  const { state } = turn
  if (name === 'lost') {
    const member = Number(argument)
    if (!state.connected.has(member)) turn.state = { ...state, lost: put(state.lost, member, true) }
    return
  }
  const vote = /^(commit|result)\/(propose|prevote|precommit):(\d+)$/.exec(timer)
  if (vote !== null) {
    const [, instance, step, view] = vote as unknown as [string, Instance, 'propose' | VotePhase, string]
    return expireStep(turn, instance, step, Number(view))
  }
  turn.state = { ...state, flags: put(state.flags, `ended:${timer}`, true) }
}

function noteOutput(turn: Turn, output: RoundOutput): void {
  switch (output.kind) {
    case 'prepare':
      turn.state = { ...turn.state, key: output.key }
      return
    case 'mask':
      return masked(turn, output)
    case 'reveal':
      return revealed(turn, output)
    case 'sum':
      return summed(turn, output)
    case 'apply':
      return applied(turn, output)
    case 'failed': {
      const { code, reason } = output
      turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: turn.state.round, code, reason } })
    }
  }
}

function notePulled(turn: Turn, hash: string): void {
  turn.state = { ...turn.state, sums: put(turn.state.sums, hash, true) }
  if (turn.state.awaited?.checkpoint === hash) takeOver(turn, turn.state.awaited)
}

/**
 * Certified rounds from another peer: verified link by link from our own head, then their checkpoint is fetched. What
 * comes before a bad link is as good as if it had come alone.
 */
function noteLinks(turn: Turn, { links, from }: { links: readonly Link[]; from?: Member }): void {
  const { state, context } = turn
  let { previous: head, round } = state
  let checkpoint: string | null = null
  const taken: Link[] = []
  for (const link of links) {
    if (link.round < round) continue
    if (link.round > round || link.round > context.rounds) break
    try {
      const value = verifyLink(link, context)
      head = hashAfter(head, link, value)
      if (value.outcome === 'result') checkpoint = hex(value.checkpoint)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      if (from !== undefined) turn.effects.push({ type: 'blame', member: from, code: error.code, evidence: [] })
      break
    }
    taken.push(link)
    round += 1
  }
  if (taken.length > (state.awaited?.links.length ?? 0)) awaitCheckpoint(turn, { links: taken, checkpoint, head })
}

/**
 * Whether we are about to compute what was certified: then waiting for ourselves costs nothing, and a checkpoint is
 * larger than all that a round sends.
 */
function computing(state: RoundState, { links }: Awaited): boolean {
  const value = links.length === 1 ? decodeResultValue((links[0] as Link).value) : undefined
  if (value?.outcome !== 'result' || ended(state, 'patience')) return false
  return findPhase(state, hex(value.sid)) !== undefined
}

/** Goes on when the checkpoint that certified rounds end in is here, or was left as it is; else fetches it first. */
function awaitCheckpoint(turn: Turn, awaited: Awaited): void {
  const { state, context } = turn
  const { checkpoint } = awaited
  const own = state.outcome !== null && hex(state.outcome.checkpoint) === checkpoint
  if (own || checkpoint === null || state.sums.has(checkpoint)) return takeOver(turn, awaited)
  if (state.awaited !== awaited) turn.state = { ...state, awaited }
  if (computing(state, awaited)) return schedule(turn, 'patience', context.timing.voteTimeoutMs)
  setPhase(turn, 'catching-up')
  const from = context.roster.peers.map((_, member) => member).filter(member => member !== context.self)
  turn.effects.push({ type: 'pull', round: state.round, wanted: { kind: 'checkpoint', hash: checkpoint }, from })
}

/** Records certified rounds and goes on with the next. */
function takeOver(turn: Turn, { links, head }: Awaited): void {
  const last = links.at(-1) as Link
  turn.effects.push({ type: 'store', entries: links.map(link => ({ kind: 'link', link }) as const) })
  for (const link of links) {
    const value = decodeResultValue(link.value)
    turn.effects.push({
      type: 'emit',
      notice: {
        kind: 'completed',
        round: link.round,
        outcome: value.outcome,
        views: value.outcome === 'result' ? value.view + 1 : turn.state.commit.view + 1,
        contributors: value.outcome === 'result' ? value.members : [],
        checkpoint: value.outcome === 'result' ? hex(value.checkpoint) : '',
      },
    })
  }
  const { early, connected, lost, charges } = turn.state
  turn.state = createRound({ round: last.round + 1, previous: head, charges, connected, lost })
  enterRound(turn, new Map())
  for (const message of early.values()) receive(turn, message)
}

/** Ends the round when its result is certified: with our own checkpoint, or with the one that others have. */
function completeRule(turn: Turn): void {
  const { state, context } = turn
  if (state.awaited !== null) return awaitCheckpoint(turn, state.awaited)
  const link = decidedLink(state, context.quorum)
  if (link === undefined) return
  const value = decodeResultValue(link.value)
  const head = hashAfter(state.previous, link, value)
  const checkpoint = value.outcome === 'result' ? hex(value.checkpoint) : null
  awaitCheckpoint(turn, { links: [link], checkpoint, head })
}

const RULES = [
  readyRule,
  openRule,
  maskRule,
  loadRule,
  commitRule,
  revealRule,
  sumRule,
  pullRule,
  applyRule,
  outcomeRule,
  completeRule,
]

/** Applies the rules until a whole pass changes nothing. */
function settle(turn: Turn): void {
  for (;;) {
    const before = turn.state
    for (const rule of RULES) {
      if (turn.state.phase === 'finished' || turn.state.phase === 'catching-up') return
      rule(turn)
    }
    if (turn.state === before) return
  }
}
