/** Masks our update under the OPEN of a view and sends its chunks to their owners. @module */

import { put, same } from '../../immutable.ts'
import type { RoundOutput } from '../../secure-sum/jobs.ts'
import { chunksOf, filledChunks } from '../../session/chunks.ts'
import { findPhase, sendChunk, sessionOf, setDataPhase } from '../data-phase.ts'
import { saidBy } from '../facts.ts'
import { maskOf } from '../once.ts'
import { say } from '../say.ts'
import { done, once, setPhase, type Turn } from '../transition.ts'

/** Contributes to the current view: checks our policy, reserves the charge, then requests noising and masking. */
export function maskRule(turn: Turn): void {
  const { state, context } = turn
  const phase = state.phases.get(state.commit.view)
  if (phase === undefined || state.commit.decision !== null || state.key === null) return
  const { opening } = phase
  const promised = opening.keys.get(context.self)
  if (promised === undefined || done(state, maskOf(opening.sidHex))) return
  // after a lost disk the key that we promised is gone: this round goes on without us
  if (!same(promised, state.key)) return
  const masked = saidBy(state, { type: 'manifest', view: opening.view, from: context.self })
  // before a restart we answered another OPEN of this view
  if (masked !== undefined && !same(masked.body.sid, opening.sid)) return
  if (!state.trained && masked === undefined) return
  once(turn, maskOf(opening.sidHex))
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

/** Sends MANIFEST to all and each chunk to its owner, once our masked vector is on disk. */
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
