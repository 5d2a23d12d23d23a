/** `confrere evaluate`: the newest checkpoint's metrics on records of this machine. @module */

import type { Command } from 'commander'
import { readConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { addDataOption, addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'

interface EvaluateOptions {
  data: string
  npz?: string
  dataset?: string
  split: string
  json?: true
}

export function addEvaluate(command: Command): void {
  addJsonOption(addDataOption(command))
    .option('--npz <file>', 'the records, a NumPy .npz')
    .option('--dataset <name>', 'instead: one of the data sets in config.toml')
    .option('--split <name>', 'which split of them, in an archive <name>_images and <name>_labels', 'test')
    .action(evaluateNewest)
}

async function evaluateNewest({ data, npz, dataset: name, split, json }: EvaluateOptions): Promise<void> {
  if ((npz === undefined) === (name === undefined)) {
    throw new OperatorError('which-records', 'A model is measured on one set of records', {
      hint: 'Say --npz FILE or --dataset NAME.',
      exitCode: EXIT.usage,
    })
  }
  await requireDataFolder(data)
  const config = await readConfig(data)
  const { dataSourceOf, fileSource } = await import('../config/data-source.ts')
  const source = name === undefined ? fileSource(npz!, split) : { ...dataSourceOf(config, name)!, split }
  const { readNewestCheckpoint } = await import('../storage/newest-checkpoint.ts')
  const { document, checkpoint, hash, round } = await readNewestCheckpoint(data)
  const { deployed } = await import('../../protocols/model/checkpoint.ts')
  const { readStudyRecords } = await import('../datasets/study-records.ts')
  const { recordCacheOf } = await import('../datasets/record-cache.ts')
  const { readPatientDoor } = await import('../privacy/patient-door.ts')
  const dataset = await readStudyRecords(document.contract, source, {
    door: await readPatientDoor(data),
    // what a data set of the node keeps is deleted with it; a file that is named here leaves nothing
    cache: name === undefined ? null : recordCacheOf(data),
  })
  const { classes } = document.contract
  const { loadBackend } = await import('../training/backend.ts')
  const { evaluate } = await import('../training/evaluation.ts')
  const { figureText, gapsOf } = await import('../evaluation/metrics.ts')
  const backend = await loadBackend({ engine: config.training.engine })
  const metrics = evaluate({ backend, document, ...deployed(checkpoint), dataset })
  const { auc, accuracy, mcc, count, support } = metrics
  const gaps = gapsOf(metrics, classes)
  // JSON has no NaN: an undefined metric is null, and `gaps` says why
  if (json) printJson({ auc, accuracy, mcc, count, support, gaps, round, checkpoint: hash })
  else {
    const note = gaps.auc ?? (classes.length > 2 ? 'mean over the classes, each against the rest' : null)
    printLines(
      `Round ${round}, checkpoint ${hash.slice(0, 12)}, ${count} records of ${name ?? npz} (${split})`,
      `  AUC       ${figureText(auc, note)}`,
      `  accuracy  ${figureText(accuracy, null)}`,
      `  MCC       ${figureText(mcc, gaps.mcc)}`,
      "These figures are about private records: they are not covered by the study's epsilon. Keep them here.",
    )
  }
}
