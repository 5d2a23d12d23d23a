/** Why a hospital of the roster is away, in words. @module */

import { hex } from '../../protocols/immutable.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import { PROTOCOL_VERSION } from '../network/hello.ts'
import type { Difference, Obstacle } from '../network/neighbours.ts'
import type { DialFailure } from '../network/reach/dial-failures.ts'
import type { Way } from '../network/reach/reach.ts'

/** Of a study's id, where a person reads it. */
const STUDY_DIGITS = 12
/** Addresses that are named with what went wrong there; the rest is counted. */
const ADDRESSES_MAX = 2

/** A hospital runs another study than this node, or a version that does not understand this one. */
function differenceText(name: string, { study, difference }: { study: Uint8Array; difference: Difference }): string {
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
  { roster, study }: Pick<StepContext, 'roster' | 'study'>,
  { peer, obstacle, failures }: { peer: string; obstacle: Obstacle | null; failures: readonly DialFailure[] },
): string | null {
  const name = roster.hospitals[roster.ranks.get(peer) ?? -1]?.name || peer
  switch (obstacle?.kind) {
    case 'difference':
      return differenceText(name, { study, difference: obstacle.difference })
    case 'refused':
      return `this node refuses ${name} for a while, because it went beyond its limits`
    case 'silent':
      return `${name} is reached, but does not answer for this study: it has not approved it, or is starting`
    default:
  }
  if (failures.length > 0) return `${name}: ${failuresText(failures)}`
  return obstacle?.kind === 'no-address' ? `no address of ${name} is known, and it has not called` : null
}

/** The same words for the same failures, whichever was the last. */
function failuresText(failures: readonly DialFailure[]): string {
  const direct = failures.filter(({ address }) => !address.includes('/p2p-circuit'))
  const sorted = (direct.length > 0 ? direct : [...failures]).sort((a, b) => (a.address < b.address ? -1 : 1))
  const named = sorted.slice(0, ADDRESSES_MAX).map(({ address, text }) => `${address}: ${text}`)
  const more = sorted.length > ADDRESSES_MAX ? [`and ${sorted.length - ADDRESSES_MAX} more addresses`] : []
  return [...named, ...more].join('; ')
}

/** How a connected hospital is reached. @param siteOf name of a hospital that relays; null where none is known */
export function wayText(way: Way, siteOf: (peer: string) => string | null): string {
  if (way.via === 'direct') return 'directly'
  if (way.via === 'proxy') return `through the proxy ${way.proxy}`
  return `through ${siteOf(way.relay) ?? way.relay}, which sees ciphertext only`
}
