// Claim: an event that waited while the roster changed is about the same hospital afterwards, or about none.

import test from 'ava'
import fc from 'fast-check'
import { underRoster } from '../../../node/daemon/event-roster.ts'
import { createRoster } from '../../../protocols/roster/roster.ts'
import type { RoundEvent } from '../../../protocols/round/events.ts'
import { testSigners } from '../../helpers/study/study.ts'

const hospitals = testSigners(7).map(({ id }, at) => ({ id, name: `Hospital ${at}`, addresses: [] }))
const rosters = fc
  .tuple(fc.subarray(hospitals, { minLength: 1 }), fc.subarray(hospitals, { minLength: 1 }))
  .map(([before, now]) => [createRoster(before, 1), createRoster(now, 2)] as const)

function eventsOf(rank: number): RoundEvent[] {
  return [
    { type: 'connected', member: rank },
    { type: 'disconnected', member: rank },
    { type: 'links', links: [], from: rank, senderRound: 3 },
    { type: 'recalled', from: rank, round: 3, messages: [] },
  ]
}

test('connections, links and what is recalled stay with their hospital, whatever its rank becomes', t => {
  fc.assert(
    fc.property(rosters, ([before, now]) => {
      for (const [rank, peer] of before.peers.entries()) {
        for (const event of eventsOf(rank)) {
          const moved = underRoster(event, before, now)
          const about = moved && ('member' in moved ? moved.member : 'from' in moved ? moved.from : undefined)
          t.is(about, now.ranks.get(peer), event.type)
        }
      }
    }),
  )
})

test('what names its round, or no hospital, is left as it is', t => {
  const [before, now] = [createRoster(hospitals, 1), createRoster(hospitals.slice(2), 2)]
  const events: RoundEvent[] = [
    { type: 'trained', round: 1 },
    { type: 'chunk', round: 1, sid: '', chunk: 0, from: 0 },
    { type: 'links', links: [] },
    { type: 'approve', change: null },
  ]
  for (const event of events) t.is(underRoster(event, before, now), event)
  for (const event of eventsOf(0)) t.is(underRoster(event, before, before), event)
})
