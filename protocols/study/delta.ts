/** How large a delta may be beside the number of units. @module */

import type { StudyDocument } from './types.ts'

/**
 * Whether delta is above one over twice the nominal units. A mechanism that publishes one unit in 1/delta in the clear
 * would keep such a promise, and publish half a unit or more.
 */
export function isDeltaLarge({
  privacy,
  units,
}: { privacy: { delta: number } } & Pick<StudyDocument, 'units'>): boolean {
  return privacy.delta * 2 * units > 1
}
