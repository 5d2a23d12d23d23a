/** Why a hospital of the roster is away, in words. @module */

import { hex } from '../../protocols/immutable.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import { PROTOCOL_VERSION } from '../network/hello.ts'
import type { Difference } from '../network/neighbours.ts'

/** Of a study's id, where a person reads it. */
const STUDY_DIGITS = 12

/** A hospital runs another study than this node, or a version that does not understand this one. */
export function differenceText(
  { roster, study }: Pick<StepContext, 'roster' | 'study'>,
  { peer, difference }: { peer: string; difference: Difference },
): string {
  const name = roster.hospitals[roster.ranks.get(peer) ?? -1]?.name ?? peer
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
