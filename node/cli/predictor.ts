/** What `confrere predict` predicts with: a model of this machine, or hospitals that are asked. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import type { Calibration } from '../prediction/calibration.ts'
import type { PredictedBy } from '../prediction/format.ts'
import type { AnyScorer } from '../prediction/predict.ts'
import type { Scorer } from '../training/scorer.ts'

export interface Predictor {
  readonly contract: DataContract
  readonly by: Omit<PredictedBy, 'threshold'>
  readonly scorer: AnyScorer
  /** null: there is no evaluation to calibrate by, or it is elsewhere */
  readonly calibration: Calibration | null
  /** null: the model is elsewhere */
  readonly model: Scorer | null
  close(): Promise<void>
}
