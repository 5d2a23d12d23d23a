/** `confrere export`: a study's model as files that other programs read, with what proves it. @module */

import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Checkpoint } from '../../../protocols/model/checkpoint.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { EXPORT_FORMATS, type ExportFormat } from '../../export/formats.ts'
import { chosenModel, WHICH_MODELS, type WhichModel } from '../../export/which-model.ts'
import { requireDataFolder } from '../../storage/data-folder.ts'
import { addDataOption, addJsonOption, parseStudyPrefix } from '../options.ts'
import { printJson, printLines } from '../output.ts'
import { actsOn } from '../recorded-commands.ts'
import { readAudit } from './audit-file.ts'

interface ExportOptions {
  readonly data: string
  readonly study?: string
  readonly round: WhichModel
  readonly format: readonly ExportFormat[]
  readonly audit?: string
  /** false: --without-audit */
  readonly withoutAudit?: true
  readonly json?: true
}

export function addExport(command: Command): void {
  addJsonOption(addDataOption(command))
    .argument('<out>', 'the folder to write, which must be new')
    .option('--study <id>', "first digits of the study's id, where the node has several", parseStudyPrefix)
    .addOption(
      new Option('--round <which>', 'which of its models; the best needs an evaluation')
        .choices(WHICH_MODELS)
        .default('newest'),
    )
    .requiredOption('--format <names>', `one or more of ${EXPORT_FORMATS.join(',')}`, parseFormats)
    .option('--audit <file>', 'what "confrere audit --json" has printed about this model')
    .option('--without-audit', 'export a model that was not audited; its card says so')
    .action(exportModel)
}

/** @throws InvalidArgumentError */
function parseFormats(text: string): ExportFormat[] {
  const names = text.split(',').map(name => name.trim())
  const unknown = names.find(name => !EXPORT_FORMATS.some(format => format === name))
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`It must be one or more of ${EXPORT_FORMATS.join(', ')}, with commas between them.`)
  }
  return EXPORT_FORMATS.filter(format => names.includes(format))
}

async function exportModel(out: string, options: ExportOptions): Promise<void> {
  const { data, study: prefix, round, format: formats, json } = options
  requireAuditChoice(options)
  await requireDataFolder(data)
  const { requireNewFolder, writeExport } = await import('../../export/write-export.ts')
  await requireNewFolder(out)
  const { selectStudy } = await import('../../storage/approved-studies.ts')
  const study = await selectStudy(data, prefix)
  actsOn(study.study)
  const { readNewestModel } = await import('../../export/export-sources.ts')
  const { checkpoint, hash, certificate } = await readNewestModel(data, study)
  const audit = await readAudit(options.audit, { study: study.study, checkpoint: hash })
  const { contentsOf } = await import('../../export/contents.ts')
  const { decodeCheckpoint, checkpointShape } = await import('../../../protocols/model/checkpoint.ts')
  requireModel(decodeCheckpoint(checkpoint, checkpointShape(study.document)), round)
  const { files, certified } = contentsOf({ study, checkpoint, certificate, audit, which: round, formats })
  await writeExport(out, files)
  const names = [...files.keys()]
  if (json) {
    return printJson({
      study: study.study,
      checkpoint: hash,
      round: certified.round,
      audited: audit !== null,
      out,
      files: names,
    })
  }
  printLines(
    `"${study.document.name}", the model after round ${certified.round}, checkpoint ${hash.slice(0, 12)}, certified by ${certified.quorum} of ${certified.roster.hospitals.length} hospitals`,
    ...[...files].map(([name, { length }]) => `  ${name.padEnd(26)} ${sizeText(length)}`),
    audit === null ? 'No audit was run, and the card says so.' : 'The card has what the audit found.',
    'A research tool, not a medical device. card.md says what the model takes, and what was promised of it.',
    `Whoever gets ${out} can check it without a network or records: confrere verify ${out}`,
  )
}

function sizeText(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`
}

function requireAuditChoice({ audit, withoutAudit, data }: ExportOptions): void {
  if ((audit === undefined) !== (withoutAudit === undefined)) return
  if (audit !== undefined) {
    throw usage('which-audit', 'An export has an audit or has none', 'Say --audit FILE or --without-audit, not both.')
  }
  throw usage(
    'no-audit',
    'A model is handed out with an audit of what its study promises',
    `Run one, some minutes' work: confrere audit --data ${data} --out audit.html --json > audit.json, then say --audit audit.json. Or say --without-audit, and the card says that none was run.`,
  )
}

function requireModel(checkpoint: Checkpoint, round: WhichModel): void {
  if (chosenModel(checkpoint, round) !== null) return
  throw usage(
    'no-evaluation',
    'No round of this study was evaluated, so none is known to be the best',
    'Leave --round away: the newest model is the moving average over the last rounds.',
  )
}

function usage(code: string, message: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError(code, message, { hint, exitCode: EXIT.usage, cause })
}
