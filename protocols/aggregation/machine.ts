/**
 * The data phase as rules over facts: who is ready, who is in, what is masked, what has arrived, who is missing.
 * Every rule may run at any time; it acts when its facts are there and it has not acted yet.
 *
 * @module
 */

import { TAG_LOADED } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import { put } from '../facts.ts'
import type { StepContext } from '../ports.ts'
import type { Member } from '../roster/roster.ts'
import { proposerOf, saidBy, say } from '../round/receive.ts'
import {
  type DataPhase,
  ended,
  hex,
  once,
  type RoundState,
  said,
  schedule,
  setPhase,
  type Turn,
} from '../round/state.ts'
import type { RoundOutput, Session } from './jobs.ts'
import { chunksOf, filledChunks, type Opening } from './opening.ts'

export function sessionOf(opening: Opening): Session {
  return { sid: opening.sid, members: opening.members, owners: opening.owners.length, keys: opening.keys }
}

/** The opening of a session of this round, by hex sid. */
export function findPhase(state: RoundState, sid: string): DataPhase | undefined {
  for (const phase of state.phases.values()) if (hex(phase.opening.sid) === sid) return phase
  return undefined
}

export function setDataPhase(turn: Turn, phase: DataPhase): void {
  turn.state = { ...turn.state, phases: put(turn.state.phases, phase.opening.view, phase) }
}

/** READY, once per round, when the training step is done and the round's key is on disk. */
export function readyRule(turn: Turn): void {
  const { state, context } = turn
  if (state.key === null || !state.trained || saidBy(state, { type: 'ready', from: context.self })) return
  if (state.charges >= context.chargesMax) {
    if (once(turn, 'exhausted')) {
      const reason = `the privacy budget pays for ${context.chargesMax} rounds and all are spent`
      const code = 'privacy-budget-exhausted'
      turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: state.round, code, reason } })
    }
    return
  }
  if (context.timing.trainedDelayMs > 0) {
    schedule(turn, 'trained-delay', context.timing.trainedDelayMs)
    if (!ended(turn.state, 'trained-delay')) return
  }
  say(turn, { type: 'ready', previous: state.previous, key: state.key, owner: true })
  setPhase(turn, 'ready')
}

/** Members who may be contributors of a view: ready, and not known to be gone or missing in an earlier view. */
export function candidates(state: RoundState, context: StepContext): { members: Member[]; owners: Member[] } {
  const ready = said(state, 'ready')
    .map(message => message.from)
    .filter(member => !state.lost.has(member))
    .sort((a, b) => a - b)
  const out = new Set<Member>()
  const disowned = new Set<Member>()
  for (const [view, { opening }] of state.phases) {
    if (view >= state.commit.view) continue
    const reports = opening.owners.map(from => ({ from, message: saidBy(state, { type: 'missing', view, from }) }))
    const missedBy = new Map<Member, Member[]>()
    for (const { from, message } of reports) {
      for (const member of message?.body.members ?? []) missedBy.set(member, [...(missedBy.get(member) ?? []), from])
      // an owner that said nothing at all is as useless as one that cannot be reached
      if (message === undefined && saidBy(state, { type: 'loaded', view, from }) === undefined) disowned.add(from)
    }
    for (const [member, owners] of missedBy) {
      if (owners.length > context.faulty) out.add(member)
      else for (const owner of owners) disowned.add(owner)
    }
  }
  const kept = ready.filter(member => !out.has(member))
  const members = kept.length >= context.contributorsMin ? kept : ready
  const willing = members.filter(member => saidBy(state, { type: 'ready', from: member })?.body.owner === true)
  const eligible = willing.length > 0 ? willing : members
  const owners = eligible.filter(member => !disowned.has(member))
  return { members, owners: owners.length > 0 && state.commit.view > 0 ? owners : eligible }
}

/** True when the current view could be opened, going by what we know. */
function openable(turn: Turn): boolean {
  const { state, context } = turn
  const { members } = candidates(state, context)
  const atFirst = state.commit.view === 0 ? Math.max(context.quorum, context.contributorsMin) : context.contributorsMin
  return members.length >= atFirst
}

/** OPEN, by the view's proposer: at once in later views, in view 0 when everybody is there or the delay has passed. */
export function openRule(turn: Turn): void {
  const { state, context } = turn
  const { view, valid, decision } = state.commit
  if (decision !== null || state.phases.has(view) || !openable(turn)) return
  if (view === 0) schedule(turn, 'open', context.timing.openDelayMs)
  if (proposerOf(context, state.round, view) !== context.self || valid !== null) return
  if (view === 0 && !ended(turn.state, 'open')) {
    const present = [...state.connected.keys(), context.self]
    if (!present.every(member => saidBy(state, { type: 'ready', from: member }))) return
  }
  const { members, owners } = candidates(turn.state, context)
  const readys = members.map(from => saidBy(turn.state, { type: 'ready', from })?.bytes as Uint8Array)
  say(turn, { type: 'open', view, readys, owners })
}

/** Whether a view can be waited for at all; used to start its clock only when it may begin. */
export function viewMayOpen(turn: Turn): boolean {
  return openable(turn) && (turn.state.commit.view > 0 || ended(turn.state, 'open'))
}

/** Our part in the current view: policy, budget, reservation; then noise and masks, as a job. */
export function maskRule(turn: Turn): void {
  const { state, context } = turn
  const phase = state.phases.get(state.commit.view)
  if (phase === undefined || state.commit.decision !== null || state.key === null) return
  const { opening } = phase
  const promised = opening.keys.get(context.self)
  if (promised === undefined || state.flags.has(`mask:${hex(opening.sid)}`)) return
  // after a lost disk the key that we promised is gone: this round goes on without us
  if (Buffer.compare(promised, state.key) !== 0) return
  const masked = saidBy(state, { type: 'manifest', view: opening.view, from: context.self })
  if (!state.trained && masked === undefined) return
  once(turn, `mask:${hex(opening.sid)}`)
  const absent = context.require.filter(member => !opening.members.includes(member))
  if (absent.length > 0 && masked === undefined) {
    const reason = `required hospitals are not among the contributors: ${absent.map(m => context.roster.peers[m]).join(', ')}`
    turn.effects.push({ type: 'emit', notice: { kind: 'refused', round: state.round, code: 'policy', reason } })
    return
  }
  setPhase(turn, 'opened')
  if (masked === undefined) {
    turn.effects.push({ type: 'store', entries: [{ kind: 'reserve', round: state.round, sid: opening.sid }] })
  }
  turn.effects.push({ type: 'compute', job: { kind: 'mask', round: state.round, session: sessionOf(opening) } })
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
  turn.effects.push({ type: 'send', to, round: turn.state.round, sid: hex(opening.sid), chunk })
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

/** The manifest hashes of all contributors in P's order, or undefined while one is unknown. */
export function manifestHashes(state: RoundState, opening: Opening): Uint8Array[] | undefined {
  const hashes: Uint8Array[] = []
  for (const from of opening.members) {
    const manifest = saidBy(state, { type: 'manifest', view: opening.view, from })
    if (manifest === undefined || hex(manifest.body.sid) !== hex(opening.sid)) return undefined
    hashes.push(manifest.hash)
  }
  return hashes
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
  const absent = opening.members.filter(member => !phase.held.has(`${chunk.index}/${member}`))
  const manifests = manifestHashes(state, opening)
  const { sid } = opening
  if (absent.length === 0 && manifests !== undefined) {
    say(turn, { type: 'loaded', view, sid, chunk: chunk.index, digest: loadedDigest(sid, manifests) })
    return
  }
  const gone = ended(state, `data:${view}`) ? absent : absent.filter(member => state.lost.has(member))
  if (gone.length > 0) say(turn, { type: 'missing', view, sid, chunk: chunk.index, members: gone })
}
