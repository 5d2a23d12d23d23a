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
import { mainCharges } from '../study/rounds.ts'
import { extendHead, type Standing, type TranscriptHead } from '../transcript/head.ts'
import { type Link, verifyLink } from '../transcript/link.ts'
import { strikesAfter } from './avoidance.ts'
import { enterRound } from './begin-round.ts'
import { blame, halt } from './blame.ts'
import { suspects } from './candidates.ts'
import { decidedLink } from './certified-link.ts'
import { contextAt, type StepContext } from './context.ts'
import { findPhase } from './data-phase.ts'
import type { Charge, Entry } from './effects.ts'
import type { RoundEvent } from './events.ts'
import { receive } from './receive.ts'
import { type Awaited, type Carried, createRound, type RoundState } from './state.ts'
import { ended, schedule, setPhase, type Turn } from './transition.ts'

/** Records that a pull arrived: a chunk's sum, or the awaited checkpoint. */
export function notePulled(turn: Turn, hash: string): void {
  turn.state = { ...turn.state, sums: new Map(turn.state.sums).set(hash, true) }
  if (turn.state.awaited?.checkpoint === hash) takeOver(turn, turn.state.awaited)
}

/** The round from which on we lack links: after a page that did not reach its sender's round, the one after the page. */
export function firstRoundLacked({ round, awaited }: Pick<RoundState, 'round' | 'awaited'>): number {
  return awaited?.partial ? awaited.head.round : round
}

/**
 * Certified rounds from another peer. One answer is a page: it may end before the round that the sender is in. Then its
 * links are recorded and the sender is asked for the next page at once; the checkpoint is pulled only after the last
 * page, because others keep only their newest ones. A page that adds nothing asks for nothing.
 */
export function noteLinks(turn: Turn, event: Extract<RoundEvent, { type: 'links' }>): void {
  const { state } = turn
  const { from, senderRound = 0 } = event
  const before = state.awaited?.partial ? state.awaited : null
  const { head, checkpoint, links: taken, refused } = verifyLinks(turn, event, before?.head ?? state)
  const links = before === null ? taken : [...before.links, ...taken]
  const [first] = links
  const own = decidedLink(state, turn.context.quorum)
  if (first !== undefined && own !== undefined && !same(first.value, own.value)) {
    return halt(turn, [...first.precommits, ...own.precommits])
  }
  const partial = senderRound > head.round
  const awaited = { links, checkpoint: checkpoint ?? before?.checkpoint ?? null, head, partial }
  if (partial && taken.length > 0 && !computing(state, awaited)) {
    takePage(turn, awaited)
    if (from !== undefined && !refused) turn.effects.push({ type: 'compare', with: rankNow(turn, state, from) })
    return
  }
  const finished = before !== null && !partial
  if (finished || links.length > (state.awaited?.links.length ?? 0)) {
    awaitCheckpoint(turn, { ...awaited, partial: false })
  }
}

/** Verifies links one by one from a standing. What comes before a bad link is as good as if it had come alone. */
function verifyLinks(
  turn: Turn,
  { links, from }: Extract<RoundEvent, { type: 'links' }>,
  standing: TranscriptHead,
): Omit<Awaited, 'partial'> & { readonly refused: boolean } {
  let head = standing
  let checkpoint: string | null = null
  let refused = false
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
      refused = true
      break
    }
    taken.push(link)
  }
  return { links: taken, checkpoint, head, refused }
}

/** A member's rank in the roster that we go by now; `OUTSIDE` when that does not name it. */
function rankNow({ state }: Turn, before: RoundState, member: Member): Member {
  return state.roster.ranks.get(before.roster.peers[member] ?? '') ?? OUTSIDE
}

/**
 * Records a page that is not the last. From its last RESULT on its links wait with that RESULT's checkpoint, which may
 * turn out to be the one to pull; what comes before needs none. A page of nothing but VOIDs leaves us the checkpoint
 * that we have.
 */
function takePage(turn: Turn, awaited: Awaited): void {
  const { links, checkpoint } = awaited
  if (checkpoint === null) return takeOver(turn, awaited)
  const last = links.findLastIndex(link => decodeResultValue(link.value).outcome === 'result')
  if (last > 0) {
    let head: TranscriptHead = turn.state
    const passed = links.slice(0, last)
    for (const link of passed) head = extendHead(head, { link, value: decodeResultValue(link.value) }, turn.context)
    enterHead(turn, head, recordLinks(turn, passed))
  }
  catchUpFrom(turn, { ...awaited, links: links.slice(last) })
}

/**
 * What a disk is to begin with that holds certified rounds, but not the checkpoint that they end in: it was catching up.
 * The rounds from the last RESULT on are taken up as a page that others may know more after.
 */
export function catchingUp({ head, tail }: Standing): { readonly head: TranscriptHead; readonly awaited?: Awaited } {
  const value = tail && decodeResultValue((tail.links[0] as Link).value)
  if (tail === null || value?.outcome !== 'result') return { head }
  return { head: tail.head, awaited: { links: tail.links, checkpoint: hex(value.checkpoint), head, partial: true } }
}

/** Waits for links or a checkpoint, after a page or after a start that finds no checkpoint for what is on the disk. */
export function catchUpFrom(turn: Turn, awaited: Awaited): void {
  turn.state = { ...turn.state, awaited }
  setPhase(turn, 'catching-up')
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

/** What recording certified rounds has told. */
interface Recorded {
  readonly values: readonly ResultValue[]
  /** charges of training that our own log did not know of */
  readonly forgotten: number
}

/** Records certified rounds and goes on with the next. */
function takeOver(turn: Turn, { links, head }: Awaited): void {
  const { early } = turn.state
  enterHead(turn, head, recordLinks(turn, links))
  enterRound(turn, new Map())
  for (const message of early.values()) receive(turn, message)
}

/** A new round's state, before anything is done in it. */
function enterHead(turn: Turn, head: TranscriptHead, recorded: Recorded): void {
  turn.state = createRound(head, carriedOver(turn, head, recorded))
  turn.context = contextAt(turn.context, head.roster)
}

/** Stores certified rounds, and tells of each. */
function recordLinks(turn: Turn, links: readonly Link[]): Recorded {
  const { state } = turn
  const values = links.map(link => decodeResultValue(link.value))
  const forgotten = forgottenCharges(turn, links, values)
  const entries: Entry[] = links.map(link => ({ kind: 'link', link }))
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
  return { values, forgotten: mainCharges(turn.context.document, forgotten) }
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
    const isOfThisRound = link.round === state.round && (state.charged || state.own.has(released))
    const known = isOfThisRound || state.chargedAhead.has(link.round)
    if (value.outcome === 'result' && value.members.includes(context.self) && !known) {
      entries.push({ kind: 'charge', round: link.round, sid: value.sid, contributors: value.members.length })
    }
    head = extendHead(head, { link, value }, context)
  }
  return entries
}

/** What goes on with us, under the ranks of the roster to come. */
function carriedOver(turn: Turn, { round, roster }: TranscriptHead, { values, forgotten }: Recorded): Carried {
  const { state, context } = turn
  const moved = (members: ReadonlyMap<Member, true>): ReadonlyMap<Member, true> => {
    if (roster === state.roster) return members
    const ranks = [...members.keys()].map(member => roster.ranks.get(state.roster.peers[member] as string))
    return new Map(ranks.filter(rank => rank !== undefined).map(rank => [rank, true]))
  }
  const { charges, chargedAhead, approving, forgetful, muted } = state
  return {
    charges: charges + forgotten,
    chargedAhead,
    connected: moved(state.connected),
    lost: moved(state.lost),
    approving: approving !== null && fits(context.document, roster, approving) ? approving : null,
    strikes: strikesAfter(state, { out: suspects(state, context).out, value: values[0] as ResultValue, round }),
    // asks again: peers that answered before may hold messages of the round that we have reached
    rollbackGuard: state.rollbackGuard === null ? null : new Map(),
    ...{ forgetful, muted },
  }
}
