/** Class probabilities of records that nobody has labelled, and the class that a threshold gives. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { NO_LABEL } from '../datasets/reader.ts'
import type { Scorer } from '../training/scorer.ts'
import type { Scores } from '../training/scoring.ts'
import type { Calibration } from './calibration.ts'
import type { FoundToPredict, RecordPlace } from './records.ts'

/** Said in every form of output. */
export const NOTICE = 'Research tool, not a medical device: do not diagnose or treat by it.'

const BATCH_RECORDS_MAX = 256
/** 64 MiB of values in one batch. */
const BATCH_VALUES_MAX = 2 ** 24
const THRESHOLD_OF_TWO = 0.5

/** What gives records their scores: a model that is here, or hospitals that are asked. */
export interface AnyScorer {
  score(...records: Parameters<Scorer['score']>): Scores | Promise<Scores>
}

export type Prediction = { readonly place: RecordPlace } & (
  | {
      /** of each class, in the contract's order; calibrated where the study's evaluation allows it */
      readonly probabilities: readonly number[]
      /** what the model itself says: the class goes by it */
      readonly scores: readonly number[]
      /** index of the class; null: no class reaches the threshold */
      readonly predicted: number | null
      /** what the model saw */
      readonly values: Float32Array
    }
  | { readonly reason: string }
)

/** What records are predicted with. */
export interface PredictionTerms {
  readonly scorer: AnyScorer
  readonly contract: DataContract
  readonly threshold?: number | undefined
  /** null, or absent: the model's own scores are all there is */
  readonly calibration?: Calibration | null
}

/**
 * Predicts records in batches, in their order. What could not be read stays among them.
 *
 * The threshold is one of the model's own scores. Of two classes: the second one from it on, 0.5 where it is absent; of
 * more: the largest, if it reaches it.
 */
export async function* predictions(
  found: AsyncIterable<FoundToPredict>,
  how: PredictionTerms,
): AsyncGenerator<Prediction> {
  const { contract } = how
  const size = contract.shape.reduce((product, side) => product * side, 1)
  const most = Math.max(1, Math.min(BATCH_RECORDS_MAX, Math.floor(BATCH_VALUES_MAX / size)))
  let waiting: FoundToPredict[] = []
  let records = 0
  for await (const one of found) {
    waiting.push(one)
    if ('values' in one) records += 1
    if (records < most && waiting.length < BATCH_RECORDS_MAX) continue
    yield* predicted(waiting, how)
    waiting = []
    records = 0
  }
  yield* predicted(waiting, how)
}

async function* predicted(
  found: readonly FoundToPredict[],
  { scorer, contract, threshold, calibration }: PredictionTerms,
): AsyncGenerator<Prediction> {
  const records = found.flatMap(one => ('values' in one ? [one.values] : []))
  const { probabilities } =
    records.length === 0 ? { probabilities: new Float32Array(0) } : await scoreAll(records, scorer, contract)
  const classes = contract.classes.length
  let row = 0
  for (const one of found) {
    if ('reason' in one) {
      yield one
      continue
    }
    const own = Array.from(probabilities.subarray(row * classes, (row + 1) * classes))
    row += 1
    if (own.every(Number.isFinite)) {
      const shown = calibration?.calibrated(own) ?? own
      yield { ...one, probabilities: shown, scores: own, predicted: classAt(own, threshold) }
    } else yield { place: one.place, reason: NOT_FINITE }
  }
}

const NOT_FINITE =
  "the model's answer is not a number: check that the record is in the units of the study; if it is, the training has diverged, and a new study needs a smaller learning rate"

function scoreAll(records: readonly Float32Array[], scorer: AnyScorer, { shape }: DataContract) {
  const read = (record: number, into: Float32Array): void => into.set(records[record]!)
  const labels = new Int32Array(records.length).fill(NO_LABEL)
  return scorer.score({ count: records.length, shape: [...shape], inputs: read, labels })
}

/** Index of the class that a threshold gives, as `predictions` says; null: none. */
export function classAt(probabilities: readonly number[], threshold?: number): number | null {
  if (probabilities.length === 2) return probabilities[1]! >= (threshold ?? THRESHOLD_OF_TWO) ? 1 : 0
  const largest = Math.max(...probabilities)
  return threshold === undefined || largest >= threshold ? probabilities.indexOf(largest) : null
}
