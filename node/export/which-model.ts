/** Which model of a checkpoint is exported: the newest, or the one with the best evaluation. @module */

import type { Checkpoint } from '../../protocols/model/checkpoint.ts'

export const WHICH_MODELS = ['newest', 'best'] as const
export type WhichModel = (typeof WHICH_MODELS)[number]

/** The checkpoint with the model that is meant in its place; null: no evaluation says which is the best. */
export function chosenModel(checkpoint: Checkpoint, which: WhichModel): Checkpoint | null {
  if (which === 'newest') return checkpoint
  const { evaluation } = checkpoint
  if (evaluation === null || evaluation.bestAt === 0) return null
  const { parameters, momentum, average } = evaluation.best
  return { ...checkpoint, round: evaluation.bestRound, parameters, momentum, average }
}
