/** What an account shows of itself. @module */

import type { StudyRounds } from './spending.ts'

/** A study's share of an account. */
export interface StudyBalance {
  readonly study: string
  readonly name: string
  readonly rounds: StudyRounds
  /** of one patient, at the study's own delta */
  readonly epsilon: number
}

/** One account's balance, for display. */
export interface AccountBalance {
  readonly account: number
  /** the hospital's peer id; null for an account of format 1, which a start carries over */
  readonly peer: string | null
  /** null: all patients of the hospital that are in no population of their own */
  readonly population: string | null
  readonly delta: number
  /** of one patient */
  readonly epsilon: number
  /** whether training and validation patients are kept apart, so that the cap holds for each side by itself */
  readonly apart: boolean
  readonly studies: readonly StudyBalance[]
}
