/**
 * What the views of a round tell against its members.
 *
 * @module
 */

import type { StepContext } from '../ports.ts'
import type { Member } from '../roster/roster.ts'
import { rowIn } from '../round/book.ts'
import { blame, saidBy } from '../round/receive.ts'
import { ended, once, type RoundState, same, type Turn } from '../round/state.ts'
import { loadedIn, manifestsIn } from './machine.ts'
import { filledChunks } from './opening.ts'

/**
 * What the earlier views of the round tell against its members: `out` had better not contribute, `disowned` not own a
 * chunk. More than f owners who miss somebody cannot all lie; fewer may, so then they lose their chunks instead.
 */
export function suspects(state: RoundState, context: StepContext): { out: Set<Member>; disowned: Set<Member> } {
  const out = new Set<Member>()
  const disowned = new Set<Member>()
  const missedBy = new Map<Member, Set<Member>>()
  for (const { from } of state.doubled.values()) out.add(from)
  for (const [view, { opening }] of state.phases) {
    if (view >= state.commit.view) continue
    const manifests = manifestsIn(rowIn(state.messages, 'manifest', view), opening)
    for (const chunk of filledChunks(opening)) {
      const from = opening.owners[chunk.index] as Member
      const missing = saidBy(state, { type: 'missing', view, from })
      const accused = missing !== undefined && same(missing.body.sid, opening.sid) ? missing.body.members : []
      for (const member of accused) {
        missedBy.set(member, (missedBy.get(member) ?? new Set()).add(from))
      }
      // an owner that claims what is not so, or said nothing in all its time, is like one that cannot be reached
      const loaded = saidBy(state, { type: 'loaded', view, from })
      const row = rowIn(state.messages, 'loaded', view)
      const wrong = loaded && manifests && loadedIn(row, manifests, chunk) === undefined
      const late = ended(state, `data:${view}`) && ended(state, `reports:${view}`)
      if (wrong || (late && !loaded && !missing)) disowned.add(from)
    }
  }
  for (const [member, owners] of missedBy) {
    if (owners.size > context.faulty) out.add(member)
    else if (!state.lost.has(member)) for (const owner of owners) disowned.add(owner)
  }
  return { out, disowned }
}

/** An owner that reports us missing though it gave us a receipt: its own two words against each other. */
export function refuteRule(turn: Turn): void {
  const { state, context } = turn
  const phase = state.phases.get(state.commit.view)
  if (phase === undefined) return
  for (const { from, body, bytes } of rowIn(state.messages, 'missing', phase.opening.view).values()) {
    const receipt = phase.receipts.get(body.chunk)
    if (receipt?.from !== from || receipt.receipt === undefined || !body.members.includes(context.self)) continue
    if (!once(turn, `refuted:${phase.opening.view}/${from}`)) continue
    const evidence = { kind: 'false-missing', missing: bytes, receipt: receipt.receipt } as const
    blame(turn, { member: from, code: 'false-missing' }, evidence)
  }
}
