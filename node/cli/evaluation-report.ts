/** `confrere evaluate --report`: what the report needs, and where it goes. @module */

import { basename } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { Dataset } from '../datasets/dataset.ts'
import type { DataSource } from '../datasets/source.ts'
import { EXIT, OperatorError } from '../errors.ts'
import type { EvaluationFindings } from '../evaluation/evaluate-sample.ts'
import type { Reader } from '../evaluation/readers.ts'
import type { Grouping } from '../evaluation/subgroups.ts'
import { parseThresholdRule, RULE_FORMS, type ThresholdRule } from '../evaluation/threshold.ts'
import type { FoundCheckpoint } from '../storage/newest-checkpoint.ts'
import type { scores } from '../training/evaluation.ts'
import { collect } from './options.ts'
import { printJson, printLines } from './output.ts'
import { progressBar } from './progress.ts'
import { requireWritableReport, writeReportFile } from './report-file.ts'

const COLUMNS_MAX = 8

export interface ReportOptions {
  report?: string
  jsonReport?: string
  readers?: string
  subgroup?: string[]
  threshold?: ThresholdRule
  force?: true
}

export function addReportOptions(command: Command): Command {
  return command
    .option('--report <file>', 'write a report with intervals and curves: one HTML file')
    .option('--json-report <file>', 'write the same as JSON')
    .option(
      '--readers <file>',
      'set the model beside people: a CSV with the columns reader, class, and file, row or record',
    )
    .option(
      '--subgroup <column=file>',
      'figures by a column of a CSV that has file, row or record as well; repeatable',
      collect,
    )
    .option('--threshold <rule>', `from which score on a class is said: ${RULE_FORMS}`, parseRule)
    .option('--force', 'overwrite the report')
}

/** @throws InvalidArgumentError */
function parseRule(text: string): ThresholdRule {
  const rule = parseThresholdRule(text)
  if (rule === null) throw new InvalidArgumentError(`It must be ${RULE_FORMS}.`)
  return rule
}

export function wantsReport({ report, jsonReport }: ReportOptions): boolean {
  return report !== undefined || jsonReport !== undefined
}

/** Columns by which the records are parted, and the lists that hold them. */
export interface ReportQuestion {
  readonly columns: readonly { readonly column: string; readonly path: string }[]
}

/**
 * Checks before any work what the options of a report say.
 *
 * @throws OperatorError `report-options`, `report-not-written`, exit code 2
 */
export async function reportQuestion(options: ReportOptions): Promise<ReportQuestion> {
  const { report, jsonReport, readers, subgroup = [], threshold, force } = options
  if (!wantsReport(options)) {
    if (readers !== undefined || subgroup.length > 0 || threshold !== undefined || force) {
      throw badOptions('Readers, subgroups and a threshold belong to a report', 'Say --report FILE.html as well.')
    }
    return { columns: [] }
  }
  if (report !== undefined && report === jsonReport) {
    throw badOptions('Both reports would be one file', 'Name two files.')
  }
  for (const file of [report, jsonReport]) {
    if (file !== undefined) await requireWritableReport(file, force === true)
  }
  if (subgroup.length > COLUMNS_MAX) {
    throw badOptions(`There are more than ${COLUMNS_MAX} subgroups`, 'Write several reports.')
  }
  const columns = subgroup.map(text => {
    const [column, path] = [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]
    if (!text.includes('=') || column === '' || path === '') {
      throw badOptions(
        'A subgroup is a column and the file that it is in',
        'Say for instance --subgroup sex=patients.csv.',
      )
    }
    return { column, path }
  })
  return { columns }
}

function badOptions(message: string, hint: string): OperatorError {
  return new OperatorError('report-options', message, { hint, exitCode: EXIT.usage })
}

interface EvaluationInit {
  readonly question: ReportQuestion
  readonly options: ReportOptions
  readonly found: FoundCheckpoint
  readonly records: {
    readonly name: string
    readonly split: string
    readonly source: DataSource
    readonly dataset: Dataset
  }
  readonly input: Parameters<typeof scores>[0]
  readonly json: boolean
}

/** Scores the records, computes all figures and writes the report. */
export async function writeEvaluation(init: EvaluationInit): Promise<void> {
  const { options, found, records, input, json } = init
  const { document, hash, round } = found
  const { classes } = document.contract
  const lists = await readLists(init)
  const { scores } = await import('../training/evaluation.ts')
  const { sampleUnits } = await import('../evaluation/sample.ts')
  const { evaluateSample } = await import('../evaluation/evaluate-sample.ts')
  const { checkpointStream } = await import('../evaluation/checkpoint-stream.ts')
  const { dataset } = records
  const sample = {
    ...{ classes, labels: Int32Array.from(dataset.labels), scores: scores(input) },
    units: sampleUnits(dataset.count, dataset.patients),
  }
  const rule: ThresholdRule =
    options.threshold ?? (classes.length === 2 ? { kind: 'score', value: 0.5 } : { kind: 'largest' })
  const { readers, groupings, unmatched } = lists
  const resampling = { rng: checkpointStream(hash), progress: progressBar('resamples') }
  const findings = evaluateSample({ sample, rule, groupings, readers }, resampling)
  const { studyIdOf } = await import('../../protocols/study/document.ts')
  const { readVersion } = await import('../version.ts')
  const about = {
    ...{ study: document.name, studyId: Buffer.from(studyIdOf(document)).toString('hex'), checkpoint: hash, round },
    ...{ data: basename(records.name), split: records.split },
    ...{ written: new Date().toISOString(), version: readVersion(), unmatched },
  }
  const { report, jsonReport, force = false } = options
  if (report !== undefined) {
    const { evaluationPage } = await import('../evaluation/report/page.ts')
    await writeReportFile(report, evaluationPage({ about, findings }), force)
  }
  if (jsonReport !== undefined) {
    const { evaluationJson } = await import('../evaluation/report/json.ts')
    await writeReportFile(jsonReport, evaluationJson({ about, findings }), force)
  }
  const files = [report, jsonReport].filter(file => file !== undefined)
  if (json) printJson({ ...summaryOf(findings), round, checkpoint: hash, files })
  else printLines(...(await summaryLines(findings, files)))
}

interface Lists {
  readonly readers: readonly Reader[]
  readonly groupings: readonly Grouping[]
  readonly unmatched: readonly number[] | null
}

async function readLists({ question, options, found, records }: EvaluationInit): Promise<Lists> {
  const { source, dataset } = records
  if (dataset.origins === undefined) return { readers: [], groupings: [], unmatched: null }
  const { recordFinder } = await import('../evaluation/record-finder.ts')
  const { isRecordFormat } = await import('../datasets/open-dataset.ts')
  const { readGrouping, readReadings } = await import('../evaluation/readers.ts')
  const finder = recordFinder(dataset.origins, isRecordFormat(source.path))
  const { count } = dataset
  const path = options.readers
  const readings = path === undefined ? null : await readReadings({ path, finder, count }, found.document.contract)
  const groupings: Grouping[] = []
  for (const { column, path: file } of question.columns) {
    groupings.push(await readGrouping({ path: file, finder, count }, column))
  }
  return { readers: readings?.readers ?? [], groupings, unmatched: readings?.unmatched ?? null }
}

function summaryOf({ analysis, unscored }: EvaluationFindings): object {
  const { overall, count, units, support } = analysis
  return { overall, count, units, support, unscored }
}

async function summaryLines(findings: EvaluationFindings, files: readonly string[]): Promise<string[]> {
  const { estimateWords } = await import('../evaluation/report/words.ts')
  const { analysis, unscored } = findings
  const { macroAuc, accuracy, mcc } = analysis.overall
  return [
    `${analysis.count} records, 95 % intervals in brackets`,
    `  AUC       ${estimateWords(macroAuc)}`,
    `  accuracy  ${estimateWords(accuracy)}`,
    `  MCC       ${estimateWords(mcc)}`,
    ...(unscored.length === 0
      ? []
      : [`Left out: ${unscored.length} records whose score is no number; the report names them.`]),
    `Wrote ${files.join(' and ')}. It is about private records and covered by no epsilon: keep it here.`,
  ]
}
