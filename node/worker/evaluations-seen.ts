/** What a hospital sees of its study's evaluations: all of it is public among the hospitals, but for a comparison. @module */

import {
  type EvaluationPoint,
  type EvaluationState,
  evaluationPoints,
  isPaused,
} from '../../protocols/model/evaluation-state.ts'
import type { SearchSeen } from '../../protocols/model/search-state.ts'
import { areaOf, type EvaluationLayout, HIDDEN, oneAgainstRest, wholeCounts } from '../../protocols/study/evaluation.ts'
import { samplingDeviation } from '../training/sampling-deviation.ts'

export interface EvaluationsSeen {
  /** the first one first */
  readonly points: readonly EvaluationPoint[]
  /** which of them was best, from 1; 0: none says anything yet */
  readonly bestAt: number
  /** times that the study has gone back to its best model */
  readonly returns: number
  /** whether it goes on only where an operator says so */
  readonly paused: boolean
  /**
   * whether this hospital's own units say something else of the newest one, by more than chance: a lie in the evaluation
   * looks like that, and so do patients of another kind. Never leaves this hospital; null where nothing can be said
   */
  readonly ownDiffers: boolean | null
  /** null in studies without a search */
  readonly search: SearchSeen | null
}

/** A hospital's own counts of an evaluation, without noise. */
export interface OwnCounts {
  readonly round: number
  readonly counts: Float32Array
}

/** Deviations by which own figures must differ from the certified ones. */
const DIFFERENCE_DEVIATIONS = 3

/** What there is to see of a checkpoint's evaluations. */
export function evaluationsSeen(
  state: EvaluationState,
  own: OwnCounts | null,
  layout: EvaluationLayout,
  search: SearchSeen | null = null,
): EvaluationsSeen {
  const points = evaluationPoints(state)
  const newest = points.at(-1)
  const isSame = own !== null && newest !== undefined && own.round === newest.at
  return {
    points,
    ...{ bestAt: state.bestAt, returns: state.returns, paused: isPaused(state) },
    search,
    ownDiffers: isSame ? differs(own.counts, newest, layout) : null,
  }
}

function differs(
  ofGroups: Float32Array,
  { score, deviation }: EvaluationPoint,
  layout: EvaluationLayout,
): boolean | null {
  if (deviation >= HIDDEN) return null
  const { counts } = wholeCounts(ofGroups, layout, 0)
  const own = layout.scored.map(scored => {
    const sides = oneAgainstRest(counts, layout, scored)
    const found = areaOf(sides, { noise: 0, rest: 1 })
    const [positives, negatives] = [sides.positive, sides.negative].map(side => side.reduce((sum, one) => sum + one, 0))
    return found && { area: found.area, deviation: samplingDeviation(score, positives!, negatives!) }
  })
  const known = own.filter(one => one !== null)
  if (known.length < own.length) return null
  const area = known.reduce((sum, one) => sum + one.area, 0) / known.length
  // scores of one record in several classes go together: no deviation is taken for smaller than their mean
  const sampling = known.reduce((sum, one) => sum + one.deviation, 0) / known.length
  return Math.abs(area - score) > DIFFERENCE_DEVIATIONS * Math.hypot(deviation, sampling)
}
