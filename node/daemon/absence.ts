/** Why a hospital of the roster is away, in words. @module */

import { hex } from '../../protocols/immutable.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import type { PeerStatus } from '../http/status.ts'
import { PROTOCOL_VERSION } from '../network/hello.ts'
import type { Difference, Obstacle } from '../network/neighbours.ts'
import { type DialFailure, OWN_PLACE } from '../network/reach/dial-failures.ts'
import type { Way } from '../network/reach/reach.ts'

/** Of a study's id, where a person reads it. */
const STUDY_DIGITS = 12
/** Addresses that are named with what went wrong there; the rest is counted. */
const ADDRESSES_MAX = 2

/** A hospital runs another study than this node, or a version that does not understand this one. */
export function differenceText(
  { roster, study }: Pick<StepContext, 'roster' | 'study'>,
  { peer, difference }: { peer: string; difference: Difference },
): string {
  const name = nameOf(roster, peer)
  if ('study' in difference) {
    const other = difference.study.slice(0, STUDY_DIGITS)
    return `${name} runs study ${other}, and this node runs ${hex(study).slice(0, STUDY_DIGITS)}`
  }
  const { protocol } = difference
  if (protocol === null)
    return `${name} runs a version of Confrère that this node cannot talk to: one of the two is older`
  const older = protocol < PROTOCOL_VERSION ? `${name} needs` : 'this node needs'
  return `${name} speaks version ${protocol} of the protocol, and this node version ${PROTOCOL_VERSION}: ${older} a newer Confrère`
}

/**
 * What keeps a hospital away, as far as this node knows.
 *
 * @param failures of its addresses, since each was last reached
 * @returns null while nothing is known yet
 */
export function absenceText(
  now: Pick<StepContext, 'roster' | 'study'>,
  { peer, obstacle, failures }: { peer: string; obstacle: Obstacle | null; failures: readonly DialFailure[] },
): string | null {
  const name = nameOf(now.roster, peer)
  switch (obstacle?.kind) {
    case 'difference':
      return differenceText(now, { peer, difference: obstacle.difference })
    case 'refused':
      return `this node refuses ${name} for a while, because it went beyond its limits`
    case 'silent':
      return `${name} is reached, but does not answer for this study: it has not approved it, or is starting`
    default:
  }
  const dials = failures.filter(({ address }) => address !== OWN_PLACE)
  if (dials.length > 0) return `${name}: ${failuresText(dials)}`
  return obstacle?.kind === 'no-address' ? `no address of ${name} is known, and it has not called` : null
}

function nameOf({ hospitals, ranks }: StepContext['roster'], peer: string): string {
  return hospitals[ranks.get(peer) ?? -1]?.name || peer
}

/** The same words for the same failures, whichever was the last. */
function failuresText(failures: readonly DialFailure[]): string {
  const direct = failures.filter(({ address }) => !address.includes('/p2p-circuit'))
  const sorted = (direct.length > 0 ? direct : [...failures]).sort((a, b) => (a.address < b.address ? -1 : 1))
  const named = sorted.slice(0, ADDRESSES_MAX).map(({ address, text }) => `${address}: ${text}`)
  const more = sorted.length > ADDRESSES_MAX ? [`and ${sorted.length - ADDRESSES_MAX} more addresses`] : []
  return [...named, ...more].join('; ')
}

interface PeerSources {
  readonly connected: readonly string[]
  /** PeerId of this node */
  readonly self: string
  readonly obstacleOf: (peer: string) => Obstacle | null
  readonly reach: { failures(peer: string): readonly DialFailure[]; way(peer: string): Way | undefined }
}

/** The hospitals of the roster: who is there and how it is reached, who is not and why. */
export function peerStatuses(
  now: Pick<StepContext, 'roster' | 'study'>,
  { connected, self, obstacleOf, reach }: PeerSources,
): PeerStatus[] {
  const { peers, hospitals } = now.roster
  const here = new Set(connected)
  const siteOf = (peer: string): string | null => hospitals[peers.indexOf(peer)]?.name ?? null
  return peers.map((peer, rank) => {
    const named = { peer, site: hospitals[rank]?.name ?? '', reason: null, reached: null }
    if (peer === self) return { ...named, state: 'self' }
    if (!here.has(peer)) {
      const reason = absenceText(now, { peer, obstacle: obstacleOf(peer), failures: reach.failures(peer) })
      return { ...named, state: 'absent', reason }
    }
    const way = reach.way(peer)
    return { ...named, state: 'connected', reached: way === undefined ? null : wayText(way, siteOf) }
  })
}

/** How a connected hospital is reached. @param siteOf name of a hospital that relays; null where none is known */
export function wayText(way: Way, siteOf: (peer: string) => string | null): string {
  if (way.via === 'direct') return 'directly'
  if (way.via === 'proxy') return `through the proxy ${way.proxy}`
  return `through ${siteOf(way.relay) ?? way.relay}, which sees ciphertext only`
}
