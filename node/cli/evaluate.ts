/** `confrere evaluate`: the newest checkpoint's metrics on records of this machine. @module */

import type { Command } from 'commander'
import { readConfig } from '../config/config.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { addDataOption, addJsonOption } from './options.ts'
import { printJson, printLines } from './output.ts'

interface EvaluateOptions {
  data: string
  npz: string
  split: string
  json?: true
}

export function addEvaluate(command: Command): void {
  addJsonOption(addDataOption(command))
    .requiredOption('--npz <file>', 'the records, a NumPy .npz')
    .option('--split <name>', 'which arrays of it: <name>_images, <name>_labels', 'test')
    .action(evaluateNewest)
}

async function evaluateNewest({ data, npz, split, json }: EvaluateOptions): Promise<void> {
  await requireDataFolder(data)
  const config = await readConfig(data)
  const { readNewestCheckpoint } = await import('../storage/newest-checkpoint.ts')
  const { document, checkpoint, hash, round } = await readNewestCheckpoint(data)
  const { deployed } = await import('../../protocols/model/checkpoint.ts')
  const { readStudyRecords } = await import('../datasets/study-records.ts')
  const { fileSource } = await import('../config/data-source.ts')
  const { readPatientDoor } = await import('../privacy/patient-door.ts')
  const dataset = await readStudyRecords(document.contract, fileSource(npz, split), {
    door: await readPatientDoor(data),
    cache: null,
  })
  const { classes } = document.contract
  const { loadBackend } = await import('../training/backend.ts')
  const { evaluate, figureText, gapsOf } = await import('../training/evaluation.ts')
  const backend = await loadBackend({ engine: config.training.engine })
  const metrics = evaluate({ backend, document, ...deployed(checkpoint), dataset })
  const { auc, accuracy, mcc, count, support } = metrics
  const gaps = gapsOf(metrics, classes)
  // JSON has no NaN: an undefined metric is null, and `gaps` says why
  if (json) printJson({ auc, accuracy, mcc, count, support, gaps, round, checkpoint: hash })
  else {
    const note = gaps.auc ?? (classes.length > 2 ? 'mean over the classes, each against the rest' : null)
    printLines(
      `Round ${round}, checkpoint ${hash.slice(0, 12)}, ${count} records of ${npz} (${split})`,
      `  AUC       ${figureText(auc, note)}`,
      `  accuracy  ${figureText(accuracy, null)}`,
      `  MCC       ${figureText(mcc, gaps.mcc)}`,
      "These figures are about private records: they are not covered by the study's epsilon. Keep them here.",
    )
  }
}
