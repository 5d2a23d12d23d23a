/**
 * Strikes: a hospital whose late chunks repeatedly make views fail is proposed less often. Each proposer keeps its own
 * count, because the count only affects its choice of contributors; no vote depends on it.
 *
 * @module
 */

import type { ResultValue } from '../messages/result-value.ts'
import type { Member } from '../roster/roster.ts'
import type { Avoidance, RoundState } from './state.ts'

/** Strikes without a consequence: one bad round can happen to any hospital. */
const STRIKES_FREE = 1

/** A hospital is left out of at most 2^DOUBLINGS_MAX rounds at a time: its line may have been repaired. */
const DOUBLINGS_MAX = 4

/** Strikes after a round: one more for each member in `out`, none for the contributors to its result. */
export function strikesAfter(
  { strikes, roster }: RoundState,
  { out, value, round }: { out: ReadonlySet<Member>; value: ResultValue; round: number },
): ReadonlyMap<string, Avoidance> {
  const after = new Map(strikes)
  for (const member of out) {
    const count = (strikes.get(roster.peers[member] as string)?.count ?? 0) + 1
    const apart = count > STRIKES_FREE ? 2 ** Math.min(count - STRIKES_FREE, DOUBLINGS_MAX) : 0
    after.set(roster.peers[member] as string, { count, until: round - 1 + apart })
  }
  if (value.outcome === 'result') for (const member of value.members) after.delete(roster.peers[member] as string)
  return after
}

/** Whether we prefer to open a round without this member. */
export function isStruck({ strikes, roster, round }: RoundState, member: Member): boolean {
  return round <= (strikes.get(roster.peers[member] as string)?.until ?? -1)
}
