/**
 * Moves from one round to the next: with the result that we computed and certified ourselves, or with links and a
 * checkpoint from other peers.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'
import { hex, same } from '../immutable.ts'
import { slotName } from '../messages/messages.ts'
import { decodeResultValue, type ResultValue } from '../messages/result-value.ts'
import { fits } from '../roster/change.ts'
import { type Member, OUTSIDE } from '../roster/roster.ts'
import { trainingCharges } from '../study/rounds.ts'
import { extendHead, type TranscriptHead } from '../transcript/head.ts'
import { type Link, verifyLink } from '../transcript/link.ts'
import { strikesAfter } from './avoidance.ts'
import { enterRound } from './begin-round.ts'
import { blame, halt } from './blame.ts'
import { suspects } from './candidates.ts'
import { decidedLink } from './certified-link.ts'
import { contextAt, type StepContext } from './context.ts'
import { findPhase } from './data-phase.ts'
import type { Charge } from './effects.ts'
import type { RoundEvent } from './events.ts'
import { receive } from './receive.ts'
import { type Awaited, type Carried, createRound, type RoundState } from './state.ts'
import { ended, schedule, setPhase, type Turn } from './transition.ts'

/** Records that a pull arrived: a chunk's sum, or the awaited checkpoint. */
export function notePulled(turn: Turn, hash: string): void {
  turn.state = { ...turn.state, sums: new Map(turn.state.sums).set(hash, true) }
  if (turn.state.awaited?.checkpoint === hash) takeOver(turn, turn.state.awaited)
}

/**
 * Takes certified rounds from another peer: verifies them link by link from our round on, then fetches their
 * checkpoint. Links before a bad one are used.
 */
export function noteLinks(turn: Turn, { links, from }: Extract<RoundEvent, { type: 'links' }>): void {
  const { state } = turn
  let head: TranscriptHead = state
  let checkpoint: string | null = null
  const taken: Link[] = []
  for (const link of links) {
    if (link.round < head.round) continue
    const context = contextAt(turn.context, head.roster)
    if (link.round > head.round || link.round > context.rounds) break
    try {
      const value = verifyLink(link, context)
      head = extendHead(head, { link, value }, context)
      if (value.outcome === 'result') checkpoint = hex(value.checkpoint)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      if (from !== undefined) blame(turn, { member: from, code: error.code })
      break
    }
    taken.push(link)
  }
  const [first] = taken
  const own = decidedLink(state, turn.context.quorum)
  if (first !== undefined && own !== undefined && !same(first.value, own.value)) {
    return halt(turn, [...first.precommits, ...own.precommits])
  }
  if (taken.length > (state.awaited?.links.length ?? 0)) awaitCheckpoint(turn, { links: taken, checkpoint, head })
}

/**
 * Whether we are about to compute the certified result ourselves. Then we wait: a checkpoint is larger than all data
 * that a round sends.
 */
function computing(state: RoundState, { links }: Awaited): boolean {
  const value = links.length === 1 ? decodeResultValue((links[0] as Link).value) : undefined
  if (value?.outcome !== 'result' || ended(state, { kind: 'patience' }) || state.phase === 'outside') return false
  return findPhase(state, hex(value.sid)) !== undefined
}

/**
 * Continues when the checkpoint after certified rounds is here or unchanged; otherwise fetches it first. A peer outside
 * the next roster needs no checkpoint, and no member would send it one: a later admission brings its own.
 */
export function awaitCheckpoint(turn: Turn, awaited: Awaited): void {
  const { state, context } = turn
  const { checkpoint, head } = awaited
  const own = state.outcome !== null && hex(state.outcome.checkpoint) === checkpoint
  const outside = contextAt(context, head.roster).self === OUTSIDE
  if (own || outside || checkpoint === null || state.sums.has(checkpoint)) return takeOver(turn, awaited)
  if (state.awaited !== awaited) turn.state = { ...state, awaited }
  if (computing(state, awaited)) return schedule(turn, { kind: 'patience' }, context.timing.voteTimeoutMs)
  setPhase(turn, 'catching-up')
  const from = context.roster.peers.map((_, member) => member).filter(member => member !== context.self)
  turn.effects.push({ type: 'pull', round: state.round, wanted: { kind: 'checkpoint', hash: checkpoint }, from })
}

/** Records certified rounds and begins the next one. */
function takeOver(turn: Turn, { links, head }: Awaited): void {
  const { state } = turn
  const values = links.map(link => decodeResultValue(link.value))
  const forgotten = forgottenCharges(turn, links, values)
  const entries = links.map(link => ({ kind: 'link', link }) as const)
  turn.effects.push({ type: 'store', entries: [...forgotten, ...entries] })
  let passed: TranscriptHead = state
  for (const [at, value] of values.entries()) {
    const result = value.outcome === 'result' ? value : null
    const notice = {
      kind: 'completed',
      round: (links[at] as Link).round,
      outcome: value.outcome,
      views: result ? result.view + 1 : state.commit.view + 1,
      contributors: result ? result.members : [],
      checkpoint: result ? hex(result.checkpoint) : '',
    } as const
    turn.effects.push({ type: 'emit', notice })
    const { roster } = passed
    passed = extendHead(passed, { link: links[at] as Link, value }, turn.context)
    if (passed.roster === roster) continue
    // the ranks in later `completed` notices refer to this roster
    turn.effects.push({ type: 'emit', notice: { kind: 'roster', round: passed.round, roster: passed.roster } })
  }
  const { early } = state
  turn.state = createRound(head, carriedOver(turn, head, { values, forgotten: trainingCharges(forgotten) }))
  turn.context = contextAt(turn.context, head.roster)
  enterRound(turn, new Map())
  for (const message of early.values()) receive(turn, message)
}

/** Charges for results that contain our update but whose release our log lacks, because the disk was rolled back. */
function forgottenCharges(turn: Turn, links: readonly Link[], values: readonly ResultValue[]): Charge[] {
  const { state } = turn
  const entries: Charge[] = []
  let head: TranscriptHead = state
  for (const [at, value] of values.entries()) {
    const link = links[at] as Link
    const context: StepContext = contextAt(turn.context, head.roster)
    const released = slotName({ type: 'release', from: context.self })
    const known = link.round === state.round && (state.charged || state.own.has(released))
    if (value.outcome === 'result' && value.members.includes(context.self) && !known) {
      entries.push({ kind: 'charge', round: link.round, sid: value.sid, contributors: value.members.length })
    }
    head = extendHead(head, { link, value }, context)
  }
  return entries
}

/** The state that we carry over to the next round, with ranks of its roster. */
function carriedOver(
  turn: Turn,
  { round, roster }: TranscriptHead,
  { values, forgotten }: { values: readonly ResultValue[]; forgotten: number },
): Carried {
  const { state, context } = turn
  const moved = (members: ReadonlyMap<Member, true>): ReadonlyMap<Member, true> => {
    if (roster === state.roster) return members
    const ranks = [...members.keys()].map(member => roster.ranks.get(state.roster.peers[member] as string))
    return new Map(ranks.filter(rank => rank !== undefined).map(rank => [rank, true]))
  }
  const { charges, approving, muted } = state
  return {
    charges: charges + forgotten,
    connected: moved(state.connected),
    lost: moved(state.lost),
    approving: approving !== null && fits(context.document, roster, approving) ? approving : null,
    strikes: strikesAfter(state, { out: suspects(state, context).out, value: values[0] as ResultValue, round }),
    // asks again: peers that answered before may hold messages of the round that we have reached
    rollbackGuard: state.rollbackGuard === null ? null : new Map(),
    muted,
  }
}
