/**
 * Participation in a round: changes of the roster that operators approve, and hospitals that sit a round out.
 *
 * @module
 */

import { hex, remember, same } from '../immutable.ts'
import type { BodyOf } from '../messages/messages.ts'
import { fits } from '../roster/change.ts'
import type { StepContext } from './context.ts'
import { type Row, rowIn } from './message-table.ts'
import type { RoundState } from './state.ts'

/** The changes that a quorum approves in a round, in ascending order of their bytes. */
const changesIn = remember((row: Row<BodyOf<'approve'>>, { quorum, document, roster }: StepContext): Uint8Array[] => {
  const approvals = new Map<string, Uint8Array[]>()
  for (const { body } of row.values()) {
    approvals.set(hex(body.change), [...(approvals.get(hex(body.change)) ?? []), body.change])
  }
  const changes = [...approvals.values()].filter(all => all.length >= quorum).map(all => all[0] as Uint8Array)
  return changes.filter(change => fits(document, roster, change)).sort(Buffer.compare)
})

/** The change that we propose with this round's result: the first one that a quorum approves, if any. */
export function approvedChange({ messages }: RoundState, context: StepContext): Uint8Array | null {
  return changesIn(rowIn(messages, 'approve'), context)[0] ?? null
}

/** The change that each hospital has said in this round to approve, by PeerId. */
export function approvalsSaid({ messages, roster }: RoundState): Map<string, Uint8Array> {
  const said = [...rowIn(messages, 'approve').values()]
  return new Map(said.map(({ from, body }) => [roster.peers[from] as string, body.change]))
}

/** Whether a quorum approves exactly this change. */
export function isApproved({ messages }: RoundState, context: StepContext, change: Uint8Array): boolean {
  return changesIn(rowIn(messages, 'approve'), context).some(approved => same(approved, change))
}

/** Whether enough hospitals are left that have not sent SIT-OUT. */
export function canOpen({ messages }: RoundState, { roster, contributorsMin }: StepContext): boolean {
  return roster.hospitals.length - rowIn(messages, 'sit-out').size >= contributorsMin
}
