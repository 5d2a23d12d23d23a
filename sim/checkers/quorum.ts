/**
 * The sizes that everything rests on, worked out a second time from the design's words: a wrong one in the code under
 * test must not make its checkers wrong as well.
 *
 * @module secure-aggregation: "A round"
 */

import type { StudyDocument } from '../../protocols/study/types.ts'

/** f and q: so many may fail, and so many votes decide. */
export function quorumSizes(
  { profile }: Pick<StudyDocument, 'profile'>,
  hospitals: number,
): { faulty: number; quorum: number } {
  // crash: a majority. byzantine: any two quorums share f + 1 hospitals, so at least one honest one
  if (profile === 'crash') return { faulty: Math.ceil(hospitals / 2) - 1, quorum: Math.floor(hospitals / 2) + 1 }
  const faulty = Math.ceil(hospitals / 3) - 1
  return { faulty, quorum: Math.ceil((hospitals + faulty + 1) / 2) }
}

/** min|P|: with t colluders, two others hide each other. */
export function contributorsFewest({ privacy }: Pick<StudyDocument, 'privacy'>): number {
  return Math.max(3, privacy.colluders + 2)
}
