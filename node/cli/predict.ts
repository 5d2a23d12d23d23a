/** `confrere predict`: what the newest model says of records that nobody has labelled. @module */

import { type Command, Option } from 'commander'
import type { DataContract } from '../../protocols/study/contracts/list.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { PredictionFormat } from '../prediction/format.ts'
import type { HeatMapFolder } from '../prediction/heat-map-files.ts'
import type { Prediction } from '../prediction/predict.ts'
import type { FoundToPredict } from '../prediction/records.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { requireModel } from '../storage/requires-model.ts'
import type { Scorer } from '../training/scorer.ts'
import { boundedNumber, parseStudyPrefix } from './options.ts'
import { printLines, SCHEMA_VERSION } from './output.ts'
import type { Predictor } from './predictor.ts'
import { progressBar } from './progress.ts'
import { actsOn } from './recorded-commands.ts'

const FILES_MAX = 2 ** 16

interface PredictOptions {
  readonly data?: string
  readonly via?: string
  readonly study?: string
  readonly format: PredictionFormat
  readonly threshold?: number
  readonly heatMap?: string
}

export function addPredict(command: Command): void {
  command
    .argument(
      '<file...>',
      "DICOM, JPEG, PNG, TIFF, WAV, CSV, TSV, Parquet or npz: what the study's contract takes; or folders",
    )
    .option('--data <folder>', "the node's data folder")
    .option('--via <pass>', 'ask the hospitals of a pass instead, without showing them the records')
    .option('--study <id>', 'the first digits of its id; without it the study that was trained last', parseStudyPrefix)
    .addOption(new Option('--format <name>', 'of the output').choices(['table', 'jsonl', 'csv']).default('table'))
    .option(
      '--threshold <p>',
      'of two classes: the second from this probability on (0.5 without it); of more: the largest if it reaches it',
      boundedNumber(0, 1),
    )
    .option('--heat-map <folder>', 'of images: a picture each of what speaks for the class, by occlusion')
    .action(predict)
}

async function predict(files: string[], options: PredictOptions): Promise<void> {
  const { format, threshold, heatMap } = options
  if (files.length > FILES_MAX) throw tooMany()
  const { contract, by: made, scorer, calibration, model, close } = await predictorOf(options)
  try {
    if (heatMap !== undefined && contract.kind !== 'image') throw noImages(contract)
    const { predictions } = await import('../prediction/predict.ts')
    const { predictionWriter } = await import('../prediction/format.ts')
    const { HeatMapFolder } = await import('../prediction/heat-map-files.ts')
    const folder = heatMap === undefined ? null : await HeatMapFolder.open(heatMap)
    const by = { ...made, threshold: threshold ?? null }
    const writer = predictionWriter(format, by, SCHEMA_VERSION)
    const counts = { predicted: 0, refused: 0 }
    show(writer.head())
    for await (const one of predictions(foundIn(files, contract), { scorer, contract, threshold, calibration })) {
      if ('reason' in one) counts.refused += 1
      else counts.predicted += 1
      const drawing = folder === null || model === null ? null : { folder, contract, scorer: model, by }
      show([writer.line(one, drawing === null ? null : await drawn(one, drawing))])
    }
    if (counts.predicted + counts.refused === 0) throw nothingThere()
    show(writer.foot(counts))
    if (counts.refused > 0) process.exitCode = EXIT.dataUnreadable
  } finally {
    await close()
  }
}

/** The model of this machine, or the hospitals of a pass. */
async function predictorOf({ data, via, study: prefix, heatMap }: PredictOptions): Promise<Predictor> {
  if ((data === undefined) === (via === undefined)) throw whichModel()
  if (data !== undefined) return await ownPredictor(data, prefix)
  if (heatMap !== undefined || prefix !== undefined) throw notVia(heatMap === undefined ? '--study' : '--heat-map')
  const { viaPredictor } = await import('./pass/via.ts')
  return await viaPredictor(via!)
}

async function ownPredictor(data: string, prefix: string | undefined): Promise<Predictor> {
  await requireDataFolder(data)
  const { readConfig } = await import('../config/config.ts')
  const config = await readConfig(data)
  const { readNewestCheckpoint } = await import('../storage/newest-checkpoint.ts')
  const { study, document, checkpoint, hash, round } = await readNewestCheckpoint(data, prefix)
  requireModel(document, 'predict with')
  actsOn(study)
  const { contract, name } = document
  const { deployed } = await import('../../protocols/model/checkpoint.ts')
  const { loadBackend } = await import('../training/backend.ts')
  const { openScorer } = await import('../training/scorer.ts')
  const backend = await loadBackend({ engine: config.training.engine })
  const scorer = openScorer({ backend, document, ...deployed(checkpoint) })
  const { calibrationOf } = await import('../prediction/calibration.ts')
  const calibration = calibrationOf(document, checkpoint.evaluation)
  const by = {
    ...{ study, name, classes: contract.classes, round, checkpoint: hash },
    ...(document.evaluation !== null && { calibratedBy: calibration?.round ?? null }),
  }
  return { contract, by, scorer, calibration, model: scorer, close: async () => scorer.dispose() }
}

/** Records of all files, with the progress of reading them. */
async function* foundIn(files: readonly string[], contract: DataContract): AsyncGenerator<FoundToPredict> {
  const { recordsToPredict } = await import('../prediction/records.ts')
  const progress = progressBar('files and folders')
  for (const [index, file] of files.entries()) {
    progress(index, files.length)
    yield* recordsToPredict(file, contract)
  }
  progress(files.length, files.length)
}

/** Draws the heat map of the class that was predicted, or of the likeliest. @returns its file; null: none */
async function drawn(
  one: Prediction,
  {
    folder,
    contract,
    scorer,
    by,
  }: { folder: HeatMapFolder; contract: DataContract; scorer: Scorer; by: { study: string; checkpoint: string } },
): Promise<string | null> {
  if ('reason' in one || contract.kind !== 'image') return null
  if (folder.isFull) return null
  const { occlusionMap } = await import('../prediction/occlusion.ts')
  const { drawHeatMap } = await import('../prediction/heat-map.ts')
  // a heat map is of what the model itself says
  const { scores, values, place } = one
  const category = one.predicted ?? scores.indexOf(Math.max(...scores))
  const image = { shape: contract.shape, values }
  const map = occlusionMap(image, { scorer, category, progress: progressBar('windows of a heat map') })
  const { study, checkpoint } = by
  const text = { category: contract.classes[category]!, probability: scores[category]!, study, checkpoint }
  return await folder.write(place, drawHeatMap(image, map, text))
}

/** Prints lines, after a line of progress is taken away from the same terminal. */
function show(lines: readonly string[]): void {
  if (lines.length === 0) return
  if (process.stderr.isTTY && process.stdout.isTTY) process.stderr.write('\r\u001b[K')
  printLines(...lines)
}

function tooMany(): OperatorError {
  return new OperatorError('too-many-files', `More than ${FILES_MAX} files are named`, {
    hint: 'Name the folder that they are in.',
    exitCode: EXIT.usage,
  })
}

function noImages({ kind }: DataContract): OperatorError {
  return new OperatorError(
    'no-images',
    `A heat map is of an image, and the study's records are of the kind "${kind}"`,
    {
      hint: 'Leave --heat-map out.',
      exitCode: EXIT.usage,
    },
  )
}

function nothingThere(): OperatorError {
  return new OperatorError('data-unreadable', 'There is no record in what was named', {
    hint: 'Name files, or a folder that holds some.',
    exitCode: EXIT.dataUnreadable,
  })
}

function whichModel(): OperatorError {
  return new OperatorError('which-model', 'It must be said where the model is: here or at the hospitals of a pass', {
    hint: "Say --data FOLDER for this node's own model, or --via PASS to ask hospitals; not both.",
    exitCode: EXIT.usage,
  })
}

function notVia(option: string): OperatorError {
  const why =
    option === '--study'
      ? 'A pass is for one study'
      : 'A heat map takes hundreds of answers of the model, and is made where the model is'
  return new OperatorError('not-via', `${why}: ${option} does not go with --via`, {
    hint: `Leave ${option} out.`,
    exitCode: EXIT.usage,
  })
}
