/** What the hospitals of a roster say of its changes: each says in every round which one its operator approves. @module */

import { sha256 } from '../../crypto/hash.ts'
import { hex } from '../../protocols/immutable.ts'
import { decodeChange, describeChange, fits } from '../../protocols/roster/change.ts'
import type { Roster } from '../../protocols/roster/roster.ts'
import { approvalsSaid } from '../../protocols/round/approvals.ts'
import type { RoundState } from '../../protocols/round/state.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { NodeStatus } from '../http/status.ts'

type Said = ReadonlyMap<string, Uint8Array>

/** Which change each hospital approves, as it said last: in this round or, as long as it is silent, in the one before. */
export class ApprovalsHeard {
  #before: Said = new Map()

  /** Keeps what was said in a round when the next one begins; of a round that others ended without us nothing is known. */
  moved(from: RoundState, to: RoundState): void {
    if (to.round !== from.round) this.#before = to.round === from.round + 1 ? approvalsSaid(from) : new Map()
  }

  /** by PeerId */
  of(state: RoundState): Said {
    return new Map([...this.#before, ...approvalsSaid(state)])
  }
}

/** A change that hospitals approve. */
export interface ApprovedChange {
  readonly bytes: Uint8Array
  /** PeerIds, in the order of the roster */
  readonly by: readonly string[]
}

/** The changes that are approved and can still take effect, each with the hospitals that approve it. */
export function approvedChanges(
  state: RoundState,
  { said, document, self }: { said: Said; document: StudyDocument; self: string },
): ApprovedChange[] {
  const { approving, roster } = state
  // our own is known before it is said, and its withdrawal as well
  const all = new Map(said)
  if (approving === null) all.delete(self)
  else all.set(self, approving)
  const found = new Map<string, { bytes: Uint8Array; by: string[] }>()
  for (const peer of roster.peers) {
    const bytes = all.get(peer)
    if (bytes === undefined) continue
    const one = found.get(hex(bytes)) ?? { bytes, by: [] }
    one.by.push(peer)
    found.set(hex(bytes), one)
  }
  return [...found.values()].filter(({ bytes }) => canHold(document, roster, bytes))
}

/** `fits`, asked once for each change: the status is read every second, and a study's rules take milliseconds. */
function canHold(document: StudyDocument, roster: Roster, change: Uint8Array): boolean {
  const known = verdicts.get(roster) ?? new Map<string, boolean>()
  verdicts.set(roster, known)
  const verdict = known.get(hex(change)) ?? fits(document, roster, change)
  if (known.size >= VERDICTS_MAX) known.clear()
  known.set(hex(change), verdict)
  return verdict
}

/** More than the members of the largest roster. */
const VERDICTS_MAX = 256
const verdicts = new WeakMap<Roster, Map<string, boolean>>()

export function rosterStatus(
  { roster, approving }: RoundState,
  changes: readonly ApprovedChange[],
): NodeStatus['roster'] {
  const textOf = (bytes: Uint8Array): string => describeChange(decodeChange(bytes))
  return {
    version: roster.version,
    approving: approving && textOf(approving),
    approvals: changes.map(({ bytes, by }) => ({ change: hex(sha256(bytes)), text: textOf(bytes), by: [...by] })),
  }
}
