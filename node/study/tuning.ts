/**
 * Tries settings of a study on public records, by cross-validation: every setting is trained with the noise that the
 * study would have, in one process. It costs no privacy of anybody whose records are in the study, because these are not
 * read.
 *
 * @module
 */

import type { Rng } from '../../crypto/rng.ts'
import { ProtocolError } from '../../protocols/errors.ts'
import { deployed } from '../../protocols/model/checkpoint.ts'
import { STUDY_NOISE_MULTIPLIER_MIN } from '../../protocols/study/limits.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type Dataset, recordsAt, requireContract } from '../datasets/dataset.ts'
import { unitsOf } from '../datasets/units.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { recordsOfUnits, shuffle, trainedPart } from '../privacy-audit/records.ts'
import { rehearse } from '../privacy-audit/rehearsal.ts'
import type { Backend } from '../training/backend.ts'
import { countedRecords } from '../training/counted.ts'
import { evaluate } from '../training/evaluation.ts'
import { documentOfSpec, type StudySpec } from './study-spec.ts'

/** A setting that is tried. */
export interface TriedSetting {
  readonly rounds: number
  readonly learningRate: number
  readonly clippingNorm: number
}

export interface TunedRow extends TriedSetting {
  /** macro AUC of each fold; NaN where a fold has one class or the training diverges */
  readonly auc: readonly number[]
  readonly accuracy: readonly number[]
}

export interface TuningInit {
  readonly spec: StudySpec
  /** public records, as the study's contract makes them */
  readonly dataset: Dataset
  readonly settings: readonly TriedSetting[]
  readonly folds: number
  readonly backend: Backend
  /** for folds, samples and noise */
  readonly rng: Rng
  readonly progress?: (done: number, of: number) => void
}

/** Folds need at least this many units each. */
const UNITS_OF_FOLD_MIN = 4

/**
 * Trains each setting on all folds but one and measures it on that one, for each fold.
 *
 * @returns the best setting first, by the mean AUC
 * @throws OperatorError `too-few-records`, exit code 12; as `documentOfSpec` for a setting that is no study
 */
export function tune({ spec, dataset, settings, folds, backend, rng, progress }: TuningInit): TunedRow[] {
  const documents = settings.map(setting => documentOf(spec, setting))
  const first = documents[0]!
  requireContract(dataset, first.contract)
  const counted = countedRecords(first, dataset)
  // frozen features are computed once for all settings
  const splits = foldsOf(trainedPart(first, counted).records, {
    unit: first.unit,
    folds,
    hospitals: first.hospitals.length,
    rng,
  })
  let done = 0
  const rows = documents.map((document, at): TunedRow => {
    const measured = splits.map(({ parts, units, heldOut }) => {
      const study = withNoiseOf(trainedPart(document, counted).document, units)
      const figures = measuredOn({ document: study, parts, heldOut, backend, rng })
      progress?.(++done, documents.length * splits.length)
      return figures
    })
    return {
      ...settings[at]!,
      auc: measured.map(({ auc }) => auc),
      accuracy: measured.map(({ accuracy }) => accuracy),
    }
  })
  const merit = ({ auc }: TunedRow): number => (Number.isNaN(meanOf(auc)) ? 0 : meanOf(auc))
  return rows.sort((a, b) => merit(b) - merit(a))
}

/** NaN where the training diverges. */
function measuredOn({
  heldOut,
  ...training
}: Pick<TuningInit, 'backend' | 'rng'> & { document: StudyDocument; parts: readonly Dataset[]; heldOut: Dataset }): {
  auc: number
  accuracy: number
} {
  try {
    return evaluate({ ...training, ...deployed(rehearse(training)), dataset: heldOut })
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'diverged') return { auc: Number.NaN, accuracy: Number.NaN }
    throw error
  }
}

/** NaN where there are no figures. */
export function meanOf(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length
}

function documentOf(spec: StudySpec, { rounds, learningRate, clippingNorm }: TriedSetting): StudyDocument {
  // what is tried here is not searched for in the study as well
  const tried = {
    ...spec,
    search: undefined,
    rounds,
    optimizer: { ...spec.optimizer, learningRate },
    privacy: { ...spec.privacy, clippingNorm },
  }
  return documentOfSpec(tried, { created: '2026-01-01T00:00:00Z', file: 'the spec' }).document
}

/**
 * The study on so many units, with the noise that the average update of the study has: fewer records than the study's
 * nominal number get as much less of it.
 */
function withNoiseOf(document: StudyDocument, units: number): StudyDocument {
  const scaled = (multiplier: number): number =>
    Math.max(STUDY_NOISE_MULTIPLIER_MIN, (multiplier * units) / document.units)
  const { normalisation, privacy } = document
  return {
    ...document,
    units,
    ...(normalisation !== undefined && {
      normalisation: { ...normalisation, noiseMultiplier: scaled(normalisation.noiseMultiplier) },
    }),
    privacy: { ...privacy, noiseMultiplier: scaled(privacy.noiseMultiplier) },
  }
}

interface Fold {
  /** the records of each hospital */
  readonly parts: readonly Dataset[]
  readonly units: number
  readonly heldOut: Dataset
}

/** Deals units to folds and hospitals at random: a patient's records stay together. */
function foldsOf(
  dataset: Dataset,
  { unit, folds, hospitals, rng }: { unit: StudyDocument['unit']; folds: number; hospitals: number; rng: Rng },
): Fold[] {
  // a patient's records stay on one side even where the unit is the record
  const groups = unitsOf(dataset.patients === undefined ? 'record' : 'patient', dataset)
  if (groups.count < folds * Math.max(hospitals, UNITS_OF_FOLD_MIN)) throw tooFew(groups.count, folds)
  const order = [...shuffle(groups.count, rng)]
  const datasetOf = (chosen: readonly number[]): Dataset =>
    recordsAt(dataset, recordsOfUnits(groups, Uint32Array.from(chosen)))
  return Array.from({ length: folds }, (_, fold) => {
    const train = order.filter((_, at) => at % folds !== fold)
    const parts = Array.from({ length: hospitals }, (_, hospital) =>
      datasetOf(train.filter((_, at) => at % hospitals === hospital)),
    )
    const units = parts.reduce((sum, part) => sum + unitsOf(unit, part).count, 0)
    return { parts, units, heldOut: datasetOf(order.filter((_, at) => at % folds === fold)) }
  })
}

function tooFew(units: number, folds: number): OperatorError {
  return new OperatorError('too-few-records', `${units} public records or patients are too few for ${folds} folds`, {
    hint: 'Name more of them, or say --folds 2.',
    exitCode: EXIT.dataUnreadable,
  })
}
