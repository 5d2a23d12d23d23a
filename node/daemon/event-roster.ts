/** Events that waited for the driver while the roster changed. @module */

import type { Member, Roster } from '../../protocols/roster/roster.ts'
import type { RoundEvent } from '../../protocols/round/events.ts'

/**
 * An event under the roster that holds when it is stepped. Ranks follow the roster, and a rank of the one before is another
 * hospital's now: what it did would count for that one. Events that name their round need nothing: they end with it.
 *
 * @param before   the roster under which the event came in
 * @returns undefined when the hospital that it is about is in the roster no more
 */
export function underRoster(event: RoundEvent, before: Roster, now: Roster): RoundEvent | undefined {
  if (before === now) return event
  const rankOf = (member: Member) => now.ranks.get(before.peers[member] ?? '')
  switch (event.type) {
    case 'connected':
    case 'disconnected': {
      const member = rankOf(event.member)
      return member === undefined ? undefined : { ...event, member }
    }
    case 'links':
    case 'recalled': {
      if (event.from === undefined) return event
      const from = rankOf(event.from)
      return from === undefined ? undefined : { ...event, from }
    }
    default:
      return event
  }
}
