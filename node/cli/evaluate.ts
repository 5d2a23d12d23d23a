/** `confrere evaluate`: the newest checkpoint's metrics on records of this machine. @module */

import type { Command } from 'commander'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { type NodeConfig, readConfig } from '../config/config.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { DataSource } from '../datasets/source.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { MetricGaps, Metrics } from '../evaluation/metrics.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import type { FoundCheckpoint } from '../storage/newest-checkpoint.ts'
import { requireModel } from '../storage/requires-model.ts'
import {
  addReportOptions,
  type ReportOptions,
  reportQuestion,
  wantsReport,
  writeEvaluation,
} from './evaluation-report.ts'
import { addDataOption, addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'
import { fileProgress, progressBar } from './progress.ts'
import { actsOn } from './recorded-commands.ts'

interface EvaluateOptions extends ReportOptions {
  data: string
  npz?: string
  dataset?: string
  split: string
  json?: true
}

export function addEvaluate(command: Command): void {
  addReportOptions(
    addJsonOption(addDataOption(command))
      .option('--npz <file>', 'the records, a NumPy .npz')
      .option('--dataset <name>', 'instead: one of the data sets in config.toml')
      .option('--split <name>', 'which split of them, in an archive <name>_images and <name>_labels', 'test'),
  ).action(evaluateNewest)
}

async function evaluateNewest(options: EvaluateOptions): Promise<void> {
  const { data, npz, dataset: name, split, json } = options
  if ((npz === undefined) === (name === undefined)) {
    throw new OperatorError('which-records', 'A model is measured on one set of records', {
      hint: 'Say --npz FILE or --dataset NAME.',
      exitCode: EXIT.usage,
    })
  }
  const question = await reportQuestion(options)
  await requireDataFolder(data)
  const config = await readConfig(data)
  const { dataSourceOf, fileSource } = await import('../config/data-source.ts')
  const source = name === undefined ? fileSource(npz!, split) : { ...dataSourceOf(config, name)!, split }
  const { readNewestCheckpoint } = await import('../storage/newest-checkpoint.ts')
  const found = await readNewestCheckpoint(data)
  actsOn(found.study)
  requireModel(found.document, 'evaluate')
  const dataset = await readRecords(found.document, source, options)
  const input = await modelOn(found, dataset, config)
  const records = { name: name ?? npz!, split, source, dataset }
  if (wantsReport(options)) {
    await writeEvaluation({ question, options, found, records, input, json: json === true })
    return
  }
  const { evaluate } = await import('../training/evaluation.ts')
  const { gapsOf } = await import('../evaluation/metrics.ts')
  const metrics = evaluate(input)
  const gaps = gapsOf(metrics, found.document.contract.classes)
  const { round, hash } = found
  // JSON has no NaN: an undefined metric is null, and `gaps` says why
  if (json) printJson({ ...metrics, gaps, round, checkpoint: hash })
  else printLines(...(await metricLines(metrics, gaps, { found, records })))
}

async function readRecords(
  { contract }: StudyDocument,
  source: DataSource,
  { data, dataset: name, readers, subgroup }: EvaluateOptions,
): Promise<Dataset> {
  const { readStudyRecords } = await import('../datasets/study-records.ts')
  const { recordCacheOf } = await import('../datasets/record-cache.ts')
  const { readPatientDoor } = await import('../privacy/patient-door.ts')
  return readStudyRecords(contract, source, {
    door: await readPatientDoor(data),
    // what a data set of the node keeps is deleted with it; a file that is named here leaves nothing
    cache: name === undefined ? null : recordCacheOf(data),
    origins: readers !== undefined || subgroup !== undefined,
    ...fileProgress(),
  })
}

/** What `scores` and `evaluate` take. */
async function modelOn({ document, checkpoint }: FoundCheckpoint, dataset: Dataset, { training }: NodeConfig) {
  const { deployed } = await import('../../protocols/model/checkpoint.ts')
  const { loadBackend } = await import('../training/backend.ts')
  const backend = await loadBackend({ engine: training.engine })
  return { backend, document, ...deployed(checkpoint), dataset, progress: progressBar('records') }
}

async function metricLines(
  { auc, accuracy, mcc, count }: Metrics,
  gaps: MetricGaps,
  { found, records }: { found: FoundCheckpoint; records: { name: string; split: string } },
): Promise<string[]> {
  const { figureText } = await import('../evaluation/metrics.ts')
  const { round, hash, document } = found
  const note =
    gaps.auc ?? (document.contract.classes.length > 2 ? 'mean over the classes, each against the rest' : null)
  return [
    `Round ${round}, checkpoint ${hash.slice(0, 12)}, ${count} records of ${records.name} (${records.split})`,
    `  AUC       ${figureText(auc, note)}`,
    `  accuracy  ${figureText(accuracy, null)}`,
    `  MCC       ${figureText(mcc, gaps.mcc)}`,
    "These figures are about private records: they are not covered by the study's epsilon. Keep them here.",
  ]
}
