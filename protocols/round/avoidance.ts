/**
 * Strikes: a hospital that keeps costing views, because its chunks do not arrive in time, is proposed less often. Each
 * proposer counts for itself, for it chooses only who is in, and nobody's vote hangs on it.
 *
 * @module
 */

import type { ResultValue } from '../messages/result-value.ts'
import type { Member } from '../roster/roster.ts'
import type { Avoidance, RoundState } from './state.ts'

/** One bad round happens to everybody. */
const STRIKES_FREE = 1

/** At most 2 to this power rounds apart: a line may have been repaired. */
const DOUBLINGS_MAX = 4

/** Strikes after a round: one more for those who were missing from its views, none left for its contributors. */
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

/** True while we would rather open a round without this member. */
export function isStruck({ strikes, roster, round }: RoundState, member: Member): boolean {
  return round <= (strikes.get(roster.peers[member] as string)?.until ?? -1)
}
