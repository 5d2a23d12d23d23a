/** Sends LOADED when every part of our own chunk is here. @module */

import { same } from '../../immutable.ts'
import { chunksOf } from '../../session/chunks.ts'
import { manifestsIn } from '../data-phase.ts'
import { saidBy } from '../facts.ts'
import { rowIn } from '../message-table.ts'
import { say } from '../say.ts'
import { ended, type Turn } from '../transition.ts'

/** Sends LOADED when every contributor's part is here, or MISSING when a part is late or its contributor is lost. */
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
  // a contributor may hold a receipt from before our restart, which would prove a MISSING false
  if (state.resumed) return
  const gone = ended(state, { kind: 'data', view }) ? absent : absent.filter(member => state.lost.has(member))
  if (gone.length > 0) say(turn, { type: 'missing', view, sid, chunk: chunk.index, members: gone })
}
