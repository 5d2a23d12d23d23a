/** Numbers of hospitals that follow from a roster: quorum, faulty members, colluders, contributors. @module */

import type { StudyDocument } from './types.ts'

/** f and q of a roster (secure-aggregation.md, "A round"). */
export function quorumOf({ hospitals, profile }: { hospitals: number; profile: StudyDocument['profile'] }): {
  faulty: number
  quorum: number
} {
  if (profile === 'crash') {
    return { faulty: Math.floor((hospitals - 1) / 2), quorum: Math.floor(hospitals / 2) + 1 }
  }
  const faulty = Math.floor((hospitals - 1) / 3)
  return { faulty, quorum: Math.floor((hospitals + faulty) / 2) + 1 }
}

/** Default of t, the tolerated colluders: max(1, min(⌈n/2⌉, n−f−2)). */
export function colludersDefault(roster: { hospitals: number; profile: StudyDocument['profile'] }): number {
  const { hospitals } = roster
  return Math.max(1, Math.min(Math.ceil(hospitals / 2), hospitals - quorumOf(roster).faulty - 2))
}

/** Fewest contributors of a round, max(3, t + 2): two honest contributors hide each other from t colluding ones. */
export function contributorsMinOf(colluders: number): number {
  return Math.max(3, colluders + 2)
}
