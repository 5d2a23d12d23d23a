/**
 * What the certified rounds leave for the next one: where the transcript stands, who is in, and who must sit out. It
 * follows from the links alone, so every peer has the same.
 *
 * @module
 */

import { genesisHash } from '../../crypto/transcript.ts'
import { put } from '../facts.ts'
import type { StepContext } from '../ports.ts'
import { applyChange, decodeChange } from '../roster/change.ts'
import { BAN_DOUBLINGS_MAX } from '../roster/constants.ts'
import type { Roster } from '../roster/roster.ts'
import { firstRound } from '../study/plan.ts'
import { decodeResultValue, hashAfter, type Link, type ResultValue } from '../sync/link.ts'

/** A hospital that certified VOIDs named. */
export interface Ban {
  /** VOIDs that named it */
  readonly times: number
  /** the last round in whose first views it must not contribute */
  readonly until: number
}

export interface Standing {
  /** the next round */
  readonly round: number
  /** the transcript's hash before it */
  readonly previous: Uint8Array
  readonly roster: Roster
  /** by PeerId, for ranks change with the roster */
  readonly bans: ReadonlyMap<string, Ban>
}

/** Before the first round: that of the statistics, in studies that have any. */
export function firstStanding({
  study,
  founding,
  document,
}: Pick<StepContext, 'study' | 'founding' | 'document'>): Standing {
  return { round: firstRound(document), previous: genesisHash(study), roster: founding, bans: new Map() }
}

/**
 * After one more certified round.
 *
 * @throws ProtocolError `bad-change` when a quorum certified a change that cannot be
 */
export function advance(
  standing: Standing,
  { link, value }: { link: Link; value: ResultValue },
  { document }: Pick<StepContext, 'document'>,
): Standing {
  const { roster } = standing
  const next = { ...standing, round: link.round + 1, previous: hashAfter(standing.previous, link, value) }
  if (value.outcome === 'void') return { ...next, bans: banned(standing, link.round, value.members) }
  return value.change === null ? next : { ...next, roster: applyChange(document, roster, decodeChange(value.change)) }
}

/** Named s times, a hospital must stay out of the next 2^s rounds. */
function banned({ bans, roster }: Standing, round: number, members: readonly number[]): Standing['bans'] {
  let after = bans
  for (const member of members) {
    const peer = roster.peers[member]
    if (peer === undefined) continue
    const times = (bans.get(peer)?.times ?? 0) + 1
    after = put(after, peer, { times, until: round + 2 ** Math.min(times, BAN_DOUBLINGS_MAX) })
  }
  return after
}

/** After links that we have verified before, such as those on our own disk. */
export function standingAfter(
  links: Iterable<Link>,
  context: Pick<StepContext, 'study' | 'founding' | 'document'>,
): Standing {
  let standing = firstStanding(context)
  for (const link of links) standing = advance(standing, { link, value: decodeResultValue(link.value) }, context)
  return standing
}
