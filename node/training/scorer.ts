/** A study's model, held ready to score records. @module */

import assert from 'node:assert/strict'
import type { Normalisation } from '../../protocols/study/normalisation.ts'
import { normalisationLength } from '../../protocols/study/normalisation-kinds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { Backend } from './backend.ts'
import { featuresOnDemand } from './features.ts'
import { buildModel, setParameters } from './model.ts'
import { type Scores, scoreRecords } from './scoring.ts'

export interface ScoredModel {
  readonly backend: Backend
  readonly document: StudyDocument
  readonly parameters: Float32Array
  /** of the parameters' checkpoint; optional in studies without normalisation */
  readonly normalisation?: Normalisation
}

export interface Scorer {
  /** Scores all records of a data set of the contract's shape. Labels are not looked at. */
  score(dataset: Dataset, progress?: (done: number, of: number) => void): Scores
  dispose(): void
}

/** Builds the model once, for records that come in portions. The caller disposes of it. */
export function openScorer({ backend, document, parameters, normalisation }: ScoredModel): Scorer {
  const normal = normalisation ?? new Float32Array(0)
  assert.equal(normal.length, normalisationLength(document), 'a model comes with the normalisation that it learnt on')
  const { tf } = backend
  const model = buildModel(tf, document.model, document.contract)
  setParameters(tf, model, parameters)
  const score: Scorer['score'] = (dataset, progress) => {
    const features = featuresOnDemand(document, dataset)
    const everything = Uint32Array.from({ length: dataset.count }, (_, record) => record)
    return scoreRecords({ tf, model, document, normalisation: normal, features, progress }, everything)
  }
  return { score, dispose: () => void model.dispose() }
}
