/**
 * The state that the certified rounds leave for the next one: the transcript's hash, the roster, and the banned
 * hospitals. It follows from the links alone, so every peer has the same.
 *
 * @module
 */

import { genesisHash } from '../../crypto/transcript.ts'
import { put } from '../immutable.ts'
import { decodeResultValue, type ResultValue } from '../messages/result-value.ts'
import { applyChange, decodeChange } from '../roster/change.ts'
import { BAN_DOUBLINGS_MAX, BAN_VIEWS } from '../roster/limits.ts'
import type { Member, Roster } from '../roster/roster.ts'
import { firstRound } from '../study/rounds.ts'
import type { StudyDocument } from '../study/types.ts'
import { hashAfter, type Link } from './link.ts'

/** The inputs that determine a study's first head. */
export interface StudyContext {
  /** the study's id: the hash of its document */
  readonly study: Uint8Array
  /** version 0 of the roster */
  readonly founding: Roster
  readonly document: StudyDocument
}

/** Whether a certified VOID excludes the member from a view. */
export function isBanned(
  { bans, roster, round }: Pick<TranscriptHead, 'bans' | 'roster' | 'round'>,
  member: Member,
  view: number,
): boolean {
  return view < BAN_VIEWS && round <= (bans.get(roster.peers[member] as string)?.until ?? -1)
}

/** The ban of a hospital that certified VOIDs name. */
export interface Ban {
  /** VOIDs that name it */
  readonly times: number
  /** the last round in whose first views it must not contribute */
  readonly until: number
}

export interface TranscriptHead {
  /** the next round */
  readonly round: number
  /** the transcript's hash before it */
  readonly previous: Uint8Array
  readonly roster: Roster
  /** by PeerId, because ranks change with the roster */
  readonly bans: ReadonlyMap<string, Ban>
}

/** The head before the first round, which is the round of statistics in studies that have one. */
export function firstHead({ study, founding, document }: StudyContext): TranscriptHead {
  return { round: firstRound(document), previous: genesisHash(study), roster: founding, bans: new Map() }
}

/**
 * The head after one more certified round.
 *
 * @throws ProtocolError `bad-change` when a quorum certified an impossible change of the roster
 */
export function extendHead(
  head: TranscriptHead,
  { link, value }: { link: Link; value: ResultValue },
  { document }: Pick<StudyContext, 'document'>,
): TranscriptHead {
  const { roster } = head
  const next = { ...head, round: link.round + 1, previous: hashAfter(head.previous, link, value) }
  if (value.outcome === 'void') return { ...next, bans: banned(head, link.round, value.members) }
  return value.change === null ? next : { ...next, roster: applyChange(document, roster, decodeChange(value.change)) }
}

/** A hospital that VOIDs have named s times is banned from the next 2^s rounds. */
function banned({ bans, roster }: TranscriptHead, round: number, members: readonly number[]): TranscriptHead['bans'] {
  let after = bans
  for (const member of members) {
    const peer = roster.peers[member]
    if (peer === undefined) continue
    const times = (bans.get(peer)?.times ?? 0) + 1
    after = put(after, peer, { times, until: round + 2 ** Math.min(times, BAN_DOUBLINGS_MAX) })
  }
  return after
}

/** Where the links on a disk lead. */
export interface Standing {
  readonly head: TranscriptHead
  /** the last RESULT with the VOIDs since, and the head before it; null before the first RESULT */
  readonly tail: { readonly head: TranscriptHead; readonly links: readonly Link[] } | null
}

/** After one more link that we have verified before, such as those on our own disk. */
export function extendStanding({ head, tail }: Standing, link: Link, context: StudyContext): Standing {
  const value = decodeResultValue(link.value)
  const since = value.outcome === 'result' ? { head, links: [link] } : tail && { ...tail, links: [...tail.links, link] }
  return { head: extendHead(head, { link, value }, context), tail: since }
}

/** After all links of a disk, oldest first. */
export function standingAfter(links: Iterable<Link>, context: StudyContext): Standing {
  let standing: Standing = { head: firstHead(context), tail: null }
  for (const link of links) standing = extendStanding(standing, link, context)
  return standing
}
