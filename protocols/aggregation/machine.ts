/**
 * The data phase as rules over facts: who is ready, who is in, what is masked, what has arrived, who is missing.
 * Every rule may run at any time; it acts when its facts are there and it has not acted yet.
 *
 * @module
 */

import { TAG_LOADED } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import type { Chunk } from '../../crypto/layout.ts'
import { put } from '../facts.ts'
import { remember } from '../memo.ts'
import type { RoundEvent, StepContext } from '../ports.ts'
import { BAN_VIEWS } from '../roster/constants.ts'
import type { Member } from '../roster/roster.ts'
import { type Row, rowIn } from '../round/book.ts'
import type { BodyOf, Message } from '../round/messages.ts'
import { proposerOf, saidBy, say } from '../round/receive.ts'
import { type DataPhase, ended, once, type RoundState, same, schedule, setPhase, type Turn } from '../round/state.ts'
import { isStruck } from '../round/strikes.ts'
import type { RoundOutput, Session } from './jobs.ts'
import { chunksOf, filledChunks, type Opening } from './opening.ts'
import { suspects } from './suspicion.ts'

/** What jobs need of an opening. */
export function sessionOf({ sid, members, owners, keys }: Opening, { roster, self }: StepContext): Session {
  const ids = new Map(members.map(member => [member, roster.hospitals[member]?.id as Uint8Array]))
  return { sid, self, members, ids, owners: owners.length, keys }
}

/** The opening of a session of this round, by hex sid. */
export function findPhase(state: RoundState, sid: string): DataPhase | undefined {
  for (const phase of state.phases.values()) if (phase.opening.sidHex === sid) return phase
  return undefined
}

export function setDataPhase(turn: Turn, phase: DataPhase): void {
  turn.state = { ...turn.state, phases: put(turn.state.phases, phase.opening.view, phase) }
}

/** READY, once per round, when the training step is done and the round's key is on disk. */
export function readyRule(turn: Turn): void {
  const { state, context } = turn
  if (saidBy(state, { type: 'ready', from: context.self })) return
  if (state.charges >= context.chargesMax) {
    if (once(turn, 'exhausted')) {
      const reason = `the privacy budget pays for ${context.chargesMax} rounds and all are spent`
      const code = 'privacy-budget-exhausted'
      turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: state.round, code, reason } })
    }
    return
  }
  // counted from the round's beginning: a delay after the training would still tell how long that took
  if (context.timing.trainedDelayMs > 0 && !ended(state, 'trained-delay')) {
    schedule(turn, 'trained-delay', context.timing.trainedDelayMs)
    return
  }
  if (state.key === null || !state.trained) return
  say(turn, { type: 'ready', previous: state.previous, key: state.key, owner: true })
  setPhase(turn, 'ready')
}

/** True while a certified VOID keeps the member out of a view. */
export function isBanned({ bans, roster, round }: RoundState, member: Member, view: number): boolean {
  return view < BAN_VIEWS && round <= (bans.get(roster.peers[member] as string)?.until ?? -1)
}

/** Members who may be contributors of a view: ready, and not known to be gone, faulty or missing in an earlier view. */
export function candidates(
  state: RoundState,
  context: StepContext,
  view = state.commit.view,
): { members: Member[]; owners: Member[] } {
  const sittingOut = rowIn(state.messages, 'sit-out')
  const readys = [...rowIn(state.messages, 'ready').values()].filter(
    ({ from }) => !state.lost.has(from) && !sittingOut.has(from) && !isBanned(state, from, view),
  )
  readys.sort((a, b) => a.from - b.from)
  const { out, disowned } = suspects(state, context)
  const kept = readys.filter(({ from }) => !out.has(from) && !isStruck(state, from))
  const chosen = kept.length >= context.contributorsMin ? kept : readys
  const willing = chosen.filter(({ body }) => body.owner)
  const eligible = (willing.length > 0 ? willing : chosen).map(({ from }) => from)
  const owners = eligible.filter(member => !disowned.has(member))
  // the first view has no history, and every peer checks that nobody willing is left out
  const first = state.commit.view === 0 || owners.length === 0
  return { members: chosen.map(({ from }) => from), owners: first ? eligible : owners }
}

/** Contributors enough to open the current view, or one that is free of bans, going by what we know. */
function isOpenable({ state, context }: Turn, view = state.commit.view): boolean {
  return candidates(state, context, view).members.length >= context.contributorsMin
}

/** The first view waits for as many as can be had; it ends when everybody not lost is ready, or patience does. */
function mayOpenFirst(turn: Turn): boolean {
  const { context } = turn
  const { members } = candidates(turn.state, context)
  const many = members.length >= Math.max(context.quorum, context.contributorsMin)
  if (many) schedule(turn, 'open', context.timing.openDelayMs)
  // hospitals whose budget is spent vote but are never ready: the others may be fewer than a quorum
  schedule(turn, 'open-few', context.timing.openDelayMs + context.timing.voteTimeoutMsMax)
  if (ended(turn.state, 'open') || ended(turn.state, 'open-few')) return true
  // who is not known to be gone is waited for: at the start, or after a short break, it may be about to connect
  const { state } = turn
  const [readys, sittingOut] = [rowIn(state.messages, 'ready'), rowIn(state.messages, 'sit-out')]
  const here = context.roster.peers.map((_, member) => member).filter(member => !state.lost.has(member))
  const expected = here.filter(
    member => !sittingOut.has(member) && !isBanned(state, member, 0) && !isStruck(state, member),
  )
  return many && expected.every(member => readys.has(member))
}

/** OPEN, by the view's proposer: at once in later views. What a quorum prevoted before is proposed again instead. */
export function openRule(turn: Turn): void {
  const { state, context } = turn
  const { view, valid, decision } = state.commit
  if (decision !== null || valid !== null || state.phases.has(view) || !isOpenable(turn, BAN_VIEWS)) return
  if ((view === 0 && !mayOpenFirst(turn)) || !isOpenable(turn)) return
  if (proposerOf(context, state.round, view) !== context.self) return
  const { members, owners } = candidates(turn.state, context)
  const readys = members.map(from => saidBy(turn.state, { type: 'ready', from })?.bytes as Uint8Array)
  say(turn, { type: 'open', view, readys, owners })
}

/** Whether a view can be waited for at all; used to start its clock only when it may begin. */
export function viewMayOpen(turn: Turn): boolean {
  const { state } = turn
  const { view, valid } = state.commit
  // what is valid already needs nobody's data any more
  if (valid !== null) return true
  return isOpenable(turn, Math.max(view, BAN_VIEWS)) && (view > 0 || ended(state, 'open') || ended(state, 'open-few'))
}

/** Our part in the current view: policy, budget, reservation; then noise and masks, as a job. */
export function maskRule(turn: Turn): void {
  const { state, context } = turn
  const phase = state.phases.get(state.commit.view)
  if (phase === undefined || state.commit.decision !== null || state.key === null) return
  const { opening } = phase
  const promised = opening.keys.get(context.self)
  if (promised === undefined || state.flags.has(`mask:${opening.sidHex}`)) return
  // after a lost disk the key that we promised is gone: this round goes on without us
  if (!same(promised, state.key)) return
  const masked = saidBy(state, { type: 'manifest', view: opening.view, from: context.self })
  // before a restart we saw another OPEN of this view, and have spoken for that one
  if (masked !== undefined && !same(masked.body.sid, opening.sid)) return
  if (!state.trained && masked === undefined) return
  once(turn, `mask:${opening.sidHex}`)
  const present = new Set(opening.members.map(member => context.roster.peers[member]))
  const absent = context.require.filter(peer => !present.has(peer))
  if (absent.length > 0 && masked === undefined) {
    const reason = `required hospitals are not among the contributors: ${absent.join(', ')}`
    turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: state.round, code: 'policy', reason } })
    return
  }
  setPhase(turn, 'opened')
  if (masked === undefined) {
    turn.effects.push({ type: 'store', entries: [{ kind: 'reserve', round: state.round, sid: opening.sid }] })
  }
  turn.effects.push({
    type: 'compute',
    job: { kind: 'mask', round: state.round, session: sessionOf(opening, context), again: masked !== undefined },
  })
}

/** Our masked vector is on disk: MANIFEST to all, each chunk to its owner. */
export function masked(turn: Turn, output: Extract<RoundOutput, { kind: 'mask' }>): void {
  const phase = findPhase(turn.state, output.sid)
  if (phase === undefined || phase.opening.view !== turn.state.commit.view) return
  const { opening } = phase
  const { root, commitment } = output
  say(turn, { type: 'manifest', view: opening.view, sid: opening.sid, root, commitment })
  const { self } = turn.context
  let held = phase.held
  for (const chunk of chunksOf(opening, self)) held = put(held, `${chunk.index}/${self}`, true)
  setDataPhase(turn, { ...phase, held })
  for (const chunk of filledChunks(opening)) sendChunk(turn, opening, chunk.index)
  setPhase(turn, 'uploaded')
}

function sendChunk(turn: Turn, opening: Opening, chunk: number): void {
  const to = opening.owners[chunk] as Member
  if (to === turn.context.self) return
  turn.effects.push({ type: 'send', to, round: turn.state.round, sid: opening.sidHex, chunk })
}

/** An owner's receipt for our chunk: with it, it cannot claim that it lacks the chunk. */
export function noteReceipt(turn: Turn, { sid, chunk, from, receipt }: Extract<RoundEvent, { type: 'receipt' }>): void {
  const phase = findPhase(turn.state, sid)
  // from a peer that is gone, a receipt speaks of chunks that it may have lost
  if (phase === undefined || !turn.state.connected.has(from)) return
  setDataPhase(turn, { ...phase, receipts: put(phase.receipts, chunk, { from, receipt }) })
}

/** A peer is gone, and with it perhaps the chunks that it had received. */
export function forgetReceipts(turn: Turn, member: Member): void {
  const phase = turn.state.phases.get(turn.state.commit.view)
  if (phase === undefined) return
  const receipts = new Map([...phase.receipts].filter(([, { from }]) => from !== member))
  if (receipts.size < phase.receipts.size) setDataPhase(turn, { ...phase, receipts })
}

/** A peer is back: what it owns of ours and has not receipted is offered again. */
export function resend(turn: Turn, member: Member): void {
  const { state, context } = turn
  const phase = state.phases.get(state.commit.view)
  if (phase === undefined || !saidBy(state, { type: 'manifest', view: phase.opening.view, from: context.self })) return
  for (const chunk of chunksOf(phase.opening, member)) {
    if (!phase.receipts.has(chunk.index)) sendChunk(turn, phase.opening, chunk.index)
  }
}

/** A session's manifests, all of them. */
export interface Manifests {
  readonly opening: Opening
  /** in P's order */
  readonly hashes: readonly Uint8Array[]
  /** what an owner's LOADED claims to hold */
  readonly digest: Uint8Array
}

/** The manifests of all contributors, or undefined while one is unknown. */
export const manifestsIn = remember((row: Row<BodyOf<'manifest'>>, opening: Opening): Manifests | undefined => {
  const hashes: Uint8Array[] = []
  for (const from of opening.members) {
    const manifest = row.get(from)
    if (manifest === undefined || !same(manifest.body.sid, opening.sid)) return undefined
    hashes.push(manifest.hash)
  }
  return { opening, hashes, digest: loadedDigest(opening.sid, hashes) }
})

/** The manifest hashes of all contributors in P's order, or undefined while one is unknown. */
export function manifestHashes({ messages }: RoundState, opening: Opening): readonly Uint8Array[] | undefined {
  return manifestsIn(rowIn(messages, 'manifest', opening.view), opening)?.hashes
}

/** A chunk owner's LOADED, if that is for exactly these manifests. */
export function loadedIn(
  row: Row<BodyOf<'loaded'>>,
  { opening, digest }: Manifests,
  chunk: Chunk,
): Message<BodyOf<'loaded'>> | undefined {
  const loaded = row.get(opening.owners[chunk.index] as Member)
  if (loaded === undefined || loaded.body.chunk !== chunk.index) return undefined
  return same(loaded.body.digest, digest) && same(loaded.body.sid, opening.sid) ? loaded : undefined
}

/** What an owner claims to hold: one chunk of exactly these manifests. */
export function loadedDigest(sid: Uint8Array, manifests: readonly Uint8Array[]): Uint8Array {
  return sha256(TAG_LOADED, sid, ...manifests)
}

/** LOADED when every contributor's part is here; MISSING when it will not come any more. */
export function loadRule(turn: Turn): void {
  const { state, context } = turn
  const { view } = state.commit
  const phase = state.phases.get(view)
  if (phase === undefined || state.commit.decision !== null) return
  const { opening } = phase
  const [chunk] = chunksOf(opening, context.self)
  if (chunk === undefined) return
  if (saidBy(state, { type: 'missing', view, from: context.self })) return
  if (saidBy(state, { type: 'loaded', view, from: context.self })) return
  const { sid } = opening
  const row = rowIn(state.messages, 'manifest', view)
  const manifests = manifestsIn(row, opening)
  const absent = opening.members.filter(from => {
    const manifest = row.get(from)
    return manifest === undefined || !same(manifest.body.sid, sid) || !phase.held.has(`${chunk.index}/${from}`)
  })
  if (absent.length === 0 && manifests !== undefined) {
    say(turn, { type: 'loaded', view, sid, chunk: chunk.index, digest: manifests.digest })
    return
  }
  // whoever has a receipt of ours, from before a restart, could show that we lie
  if (state.resumed) return
  const gone = ended(state, `data:${view}`) ? absent : absent.filter(member => state.lost.has(member))
  if (gone.length > 0) say(turn, { type: 'missing', view, sid, chunk: chunk.index, members: gone })
}
