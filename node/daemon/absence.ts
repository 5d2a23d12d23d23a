/** Why a hospital of the roster is away, in words. @module */

import { hex } from '../../protocols/immutable.ts'
import type { StepContext } from '../../protocols/round/context.ts'

/** Of a study's id, where a person reads it. */
const STUDY_DIGITS = 12

/**
 * A hospital runs another study than this node.
 *
 * @param other the id of its study, in hex
 */
export function otherStudyText(
  { roster, study }: Pick<StepContext, 'roster' | 'study'>,
  { peer, other }: { peer: string; other: string },
): string {
  const name = roster.hospitals[roster.ranks.get(peer) ?? -1]?.name ?? peer
  return `${name} runs study ${other.slice(0, STUDY_DIGITS)}, and this node runs ${hex(study).slice(0, STUDY_DIGITS)}`
}
