/** Predictions as a table for people, JSON lines and CSV for programs; each form says that it is no diagnosis. @module */

import { printable } from '../../protocols/encoding/printable.ts'
import { NOTICE, type Prediction } from './predict.ts'
import type { RecordPlace } from './records.ts'

const FORMATS = ['table', 'jsonl', 'csv'] as const
export type PredictionFormat = (typeof FORMATS)[number]

/** Of what model the predictions are. */
export interface PredictedBy {
  /** hex */
  readonly study: string
  readonly name: string
  readonly classes: readonly string[]
  readonly round: number
  /** hex of its hash */
  readonly checkpoint: string
  /** null: the usual one */
  readonly threshold: number | null
  /** round of the evaluation that the probabilities are calibrated by; null: none of them does it; absent: a study without */
  readonly calibratedBy?: number | null
  /** hospitals that computed it from shares; absent: the model is here */
  readonly via?: AskedHospitals
}

/** Who was asked, at the start. */
export interface AskedHospitals {
  readonly hospitals: readonly string[]
  /** so many of them together learn nothing of a record */
  readonly colluders: number
  /** whether a wrong answer of one of them is found */
  readonly checked: boolean
}

/** Lines of output, without their ends. */
export interface PredictionWriter {
  readonly head: () => string[]
  /** @param heatMap file of its picture; null: none */
  readonly line: (prediction: Prediction, heatMap: string | null) => string
  readonly foot: (counts: { predicted: number; refused: number }) => string[]
}

/** What writes one form of output. @param schemaVersion of JSON documents */
export function predictionWriter(format: PredictionFormat, by: PredictedBy, schemaVersion: number): PredictionWriter {
  if (format === 'table') return tableWriter(by)
  return format === 'csv' ? csvWriter(by) : jsonWriter(by, schemaVersion)
}

/** Where a record is, in words. */
function placeText({ file, array, row }: RecordPlace): string {
  const inside = array === null ? '' : `, ${array}`
  return `${printable(file)}${inside}${row === null ? '' : `, ${array === null ? 'row' : 'record'} ${row}`}`
}

function calibrationText(round: number | null): string {
  if (round === null) return 'Probabilities: not calibrated, as no evaluation was made yet, or its noise hides a class'
  return `Probabilities: calibrated by the evaluation of round ${round}; the class goes by the model's own scores`
}

function viaText({ hospitals, colluders, checked }: AskedHospitals): string {
  return (
    `Computed by ${hospitals.join(', ')}, of which any ${colluders} together learn nothing of a record; ` +
    `a wrong answer of one is ${checked ? '' : 'NOT '}found`
  )
}

const DIGITS = 4
const NO_CLASS = '(none reaches the threshold)'

function tableWriter(by: PredictedBy): PredictionWriter {
  const { study, name, classes, round, checkpoint, threshold, via, calibratedBy } = by
  const shown = classes.map(one => printable(one))
  const width = Math.max('class'.length, ...shown.map(one => one.length))
  const widths = shown.map(one => Math.max(one.length, DIGITS + 2))
  return {
    head: () => [
      `${NOTICE}`,
      `Study ${printable(name)} (${study.slice(0, 12)}), round ${round}, checkpoint ${checkpoint.slice(0, 12)}${threshold === null ? '' : `, threshold ${threshold}`}`,
      ...(via === undefined ? [] : [viaText(via)]),
      ...(calibratedBy === undefined ? [] : [calibrationText(calibratedBy)]),
      [...shown.map((one, at) => one.padEnd(widths[at]!)), 'class'.padEnd(width), 'record'].join('  '),
    ],
    line: (prediction, heatMap) => {
      const place = placeText(prediction.place)
      if ('reason' in prediction) return `not predicted: ${place}: ${prediction.reason}`
      const { probabilities, predicted } = prediction
      const category = predicted === null ? NO_CLASS : shown[predicted]!
      const figures = probabilities.map((one, at) => one.toFixed(DIGITS).padEnd(widths[at]!))
      const picture = heatMap === null ? '' : `  (heat map ${printable(heatMap)})`
      return [...figures, category.padEnd(width), place].join('  ') + picture
    },
    foot: ({ predicted, refused }) => [
      `${predicted} predicted${refused === 0 ? '' : `, ${refused} not, each with its reason above`}. ${NOTICE}`,
    ],
  }
}

function jsonWriter({ name, classes, ...by }: PredictedBy, schemaVersion: number): PredictionWriter {
  const isCalibrated = typeof by.calibratedBy === 'number'
  const line: PredictionWriter['line'] = (prediction, heatMap) => {
    const { place } = prediction
    const found =
      'reason' in prediction
        ? { error: prediction.reason }
        : {
            class: prediction.predicted === null ? null : classes[prediction.predicted]!,
            // names of classes are not keys: one may be __proto__
            probabilities: classes.map((category, at) => ({
              class: category,
              probability: prediction.probabilities[at]!,
              ...(isCalibrated && { uncalibrated: prediction.scores[at]! }),
            })),
            heatMap,
          }
    return JSON.stringify({ schemaVersion, ...place, ...found, studyName: name, ...by, notice: NOTICE })
  }
  return { head: () => [], line, foot: () => [] }
}

function csvWriter({
  study,
  classes,
  round,
  checkpoint,
  threshold,
  calibratedBy = null,
}: PredictedBy): PredictionWriter {
  const probabilities = classes.map(one => `p(${one})`)
  const own = calibratedBy === null ? [] : classes.map(one => `uncalibrated(${one})`)
  const columns = ['file', 'array', 'row', 'class', ...probabilities, ...own, 'threshold', 'heatMap', 'error']
  const calibratedColumn = calibratedBy === null ? [] : ['calibratedBy']
  return {
    head: () => [csvLine([...columns, 'study', 'round', 'checkpoint', ...calibratedColumn, 'notice'])],
    line: (prediction, heatMap) => {
      const { file, array, row } = prediction.place
      const known = 'reason' in prediction ? null : prediction
      const category = known === null || known.predicted === null ? '' : classes[known.predicted]!
      const figures = classes.map((_, at) => known?.probabilities[at] ?? '')
      const scores = calibratedBy === null ? [] : classes.map((_, at) => known?.scores[at] ?? '')
      const error = 'reason' in prediction ? prediction.reason : ''
      const cells = [
        file,
        array ?? '',
        row ?? '',
        category,
        ...figures,
        ...scores,
        threshold ?? '',
        heatMap ?? '',
        error,
      ]
      const by = calibratedBy === null ? [] : [calibratedBy]
      return csvLine([...cells, study, round, checkpoint, ...by, NOTICE])
    },
    foot: () => [],
  }
}

/** RFC 4180; a line break inside a name would begin a line for careless readers, and becomes a space. */
function csvLine(cells: readonly (string | number)[]): string {
  return cells
    .map(cell => String(cell).replaceAll(/[\r\n]+/g, ' '))
    .map(text => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(',')
}
