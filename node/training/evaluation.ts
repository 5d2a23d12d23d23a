/**
 * A model's metrics on records that it was not trained on. A metric of private records is a release: it stays with the
 * operator who asked for it, and is never sent to a peer.
 *
 * @module
 */
import { type Dataset, requireContract } from '../datasets/dataset.ts'
import { type Metrics, metrics } from '../evaluation/metrics.ts'
import { openScorer, type ScoredModel } from './scorer.ts'

type EvaluationInput = ScoredModel & {
  readonly dataset: Dataset
  /** records that are scored, and their number */
  readonly progress?: (done: number, of: number) => void
}

/** Evaluates a model, given by its flat parameters and its normalisation, on all records of a dataset. */
export function evaluate(input: EvaluationInput): Metrics {
  return metrics(scores(input), input.dataset.labels, input.document.contract.classes.length)
}

/**
 * Class probabilities.
 *
 * @returns count × classes, row-major
 * @throws OperatorError `dataset-mismatch`, exit code 11
 */
export function scores(input: EvaluationInput): Float32Array {
  requireContract(input.dataset, input.document.contract)
  const scorer = openScorer(input)
  try {
    return scorer.score(input.dataset, input.progress).probabilities
  } finally {
    scorer.dispose()
  }
}
