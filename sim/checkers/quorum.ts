/**
 * Quorum sizes, computed independently from the design's text, so that a wrong size in the code under test does not
 * make the checkers wrong too.
 *
 * @module secure-aggregation: "A round"
 */

import type { StudyDocument } from '../../protocols/study/types.ts'

/** f, the tolerated failures, and q, the votes of a quorum. */
export function quorumSizes(
  { profile }: Pick<StudyDocument, 'profile'>,
  hospitals: number,
): { faulty: number; quorum: number } {
  // crash: a majority. byzantine: any two quorums share f + 1 hospitals, so at least one honest one
  if (profile === 'crash') return { faulty: Math.ceil(hospitals / 2) - 1, quorum: Math.floor(hospitals / 2) + 1 }
  const faulty = Math.ceil(hospitals / 3) - 1
  return { faulty, quorum: Math.ceil((hospitals + faulty + 1) / 2) }
}

/** min|P|: besides t colluders at least two others, who hide each other. */
export function contributorsFewest({ privacy }: Pick<StudyDocument, 'privacy'>): number {
  return Math.max(3, privacy.colluders + 2)
}
