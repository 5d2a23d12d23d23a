/** `confrere study plan --rehearse`: tries a study's settings on public records, which costs no privacy. @module */

import { randomFillSync } from 'node:crypto'
import { readStudyRecords } from '../../datasets/study-records.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { figureText } from '../../evaluation/metrics.ts'
import { passingDoor } from '../../privacy/patient-door.ts'
import type { StudySpec } from '../../study/study-spec.ts'
import { meanOf, type TriedSetting, type TunedRow, tune } from '../../study/tuning.ts'
import { loadBackend } from '../../training/backend.ts'
import { type SourceOptions, sourceFiles } from '../data/source-options.ts'
import { printJson, printLines } from '../output.ts'
import { fileProgress, progressBar } from '../progress.ts'
import { type PlanSource, writePlannedSpec } from './planned-spec.ts'

/** Of the study's own learning rate and clipping norm. */
const FACTORS = [0.5, 1, 2]
/** Settings; each is trained once for each fold. */
const SETTINGS_MAX = 100

export interface RehearseOptions extends SourceOptions, PlanSource {
  /** the public records */
  rehearse: string
  split: string
  folds: number
  /** absent: that of the study */
  rounds?: number[] | undefined
  /** absent: around those of the study */
  learningRates?: number[] | undefined
  clippingNorms?: number[] | undefined
  json?: true
}

/** Trains the grid of settings and prints it, best first. @throws OperatorError `too-many-settings`, exit code 2; as `tune` */
export async function rehearseSettings(spec: StudySpec, options: RehearseOptions): Promise<void> {
  const settings = settingsOf(spec, options)
  const { rehearse, split, folds, json, out } = options
  const dataset = await readStudyRecords(
    spec.contract,
    { ...sourceFiles(rehearse, options), split },
    { door: passingDoor(), cache: null, ...fileProgress() },
  )
  const backend = await loadBackend({ engine: 'auto' })
  const rng = (target: Uint8Array): void => void randomFillSync(target)
  const progress = progressBar('trainings')
  const rows = tune({ spec, dataset, settings, folds, backend, rng, progress })
  if (out !== undefined) {
    const { rounds, learningRate, clippingNorm } = rows[0]!
    await writePlannedSpec({ ...options, out }, { rounds, optimizer: { learningRate }, privacy: { clippingNorm } })
  }
  if (json) printJson({ name: spec.name, records: dataset.count, folds, epsilon: spec.privacy.epsilon, rows })
  else
    printLines(
      ...rehearsalLines(spec, { rows, records: dataset.count, folds }),
      ...(out === undefined ? [] : [`Wrote ${out}.`]),
    )
}

function settingsOf({ rounds, optimizer, privacy }: StudySpec, options: RehearseOptions): TriedSetting[] {
  const around = (own: number): number[] => FACTORS.map(factor => Number((own * factor).toPrecision(6)))
  const rates = options.learningRates ?? around(optimizer.learningRate)
  const norms = options.clippingNorms ?? around(privacy.clippingNorm)
  const settings = (options.rounds ?? [rounds]).flatMap(count =>
    rates.flatMap(learningRate => norms.map(clippingNorm => ({ rounds: count, learningRate, clippingNorm }))),
  )
  if (settings.length <= SETTINGS_MAX) return settings
  throw new OperatorError('too-many-settings', `The grid has ${settings.length} settings, more than ${SETTINGS_MAX}`, {
    hint: 'Name fewer --rounds, --learning-rates or --clipping-norms.',
    exitCode: EXIT.usage,
  })
}

function rehearsalLines(
  { name, privacy, units }: StudySpec,
  { rows, records, folds }: { rows: readonly TunedRow[]; records: number; folds: number },
): string[] {
  const header = ['rounds', 'rate', 'norm', 'AUC', 'lowest', 'highest', 'accuracy']
  const cells = rows.map(({ rounds, learningRate, clippingNorm, auc, accuracy }) => [
    ...[String(rounds), String(learningRate), String(clippingNorm)],
    ...[meanOf(auc), Math.min(...auc), Math.max(...auc), meanOf(accuracy)].map(value => figureText(value, null)),
  ])
  const widths = header.map((text, at) => Math.max(text.length, ...cells.map(row => row[at]!.length)))
  return [
    `"${name}" at epsilon ${privacy.epsilon} and delta ${privacy.delta}, ${units} units, rehearsed on ${records} records in ${folds} folds`,
    '',
    ...[header, ...cells].map(row => row.map((cell, at) => cell.padStart(widths[at]!)).join('  ')),
    '',
    'rate      optimizer.learningRate',
    'norm      privacy.clippingNorm',
    'AUC       mean over the folds (and over classes, each against the rest), on the fold that was held out',
    "The average update had the study's noise. Fewer records than the study's units still learn less than it would.",
    'The records must be public: what is chosen by a look at them is not private. No record of the study was read, and no',
    'epsilon was spent.',
  ]
}
