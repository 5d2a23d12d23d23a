/**
 * `npm run bench`: the project's own measurements. Ratios are comparable; absolute times depend on the machine.
 *
 *   npm run bench -- [aggregation] [training] [endurance] [memory] [sampler] [accountant] [utility] [page] [prediction]
 *                   [--quick] [--json]
 *   npm run bench -- utility [--task NAME] [--epsilon E] [--unit record|patient|one-image] [--no-mean] [--no-privacy]
 *                            [--no-pooled] [--seeds N]
 *   npm run bench -- evaluation [--task pneumonia-28|chest-xray-64]
 *   npm run bench -- templates [--task NAME] [--processes]
 *
 * `utility`, `evaluation` and `templates` need the folder of real data in CONFRERE_DATA; --task is for one of its data sets, or for one
 * template. --epsilon chooses one; --unit says what the promise is about; --no-mean leaves out the features' mean,
 * --no-privacy noise and clipping, and --no-pooled all records in one place. With --processes each of a template's four
 * hospitals is a process. `page` needs a Chromium.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { TEMPLATE_NAMES } from '../../node/study/templates.ts'
import { benchAccountant } from './accountant.ts'
import { type AggregationRow, benchAggregation } from './aggregation.ts'
import { findChromium } from './browser.ts'
import { benchEndurance, benchMemory } from './endurance.ts'
import { benchEvaluation, type EvaluationRow, evaluationLine } from './evaluation.ts'
import { benchHeart } from './heart.ts'
import { benchPage } from './page.ts'
import { benchPrediction } from './prediction.ts'
import { benchSampler } from './sampler.ts'
import { type BenchedTable, benchTable, tableBenchLines } from './table.ts'
import { type BenchedTemplate, benchTemplates } from './templates.ts'
import { benchTraining } from './training.ts'
import {
  benchUtility,
  UTILITY_TASKS,
  UTILITY_UNITS,
  type UtilityInit,
  type UtilityRow,
  type UtilityUnit,
} from './utility.ts'

const HOSPITALS = [4, 8, 16]
const DIMENSIONS = [100_000, 1_000_000]

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((name, at) => Math.max(name.length, ...rows.map(row => (row[at] as string).length)))
  for (const row of [header, ...rows]) write(row.map((cell, at) => cell.padStart(widths[at] as number)).join('  '))
  write('')
}

const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0)

function aggregationCells(row: AggregationRow): string[] {
  return [
    String(row.hospitals),
    row.dimension.toExponential(0),
    kilobytes(row.bytesMean),
    kilobytes(row.bytesMax),
    kilobytes(row.ringBytesMean),
    row.bytesRatio.toFixed(3),
    `${kilobytes(row.bytesAllowed)} ${row.bytesMean <= row.bytesAllowed ? 'met' : 'MISSED'}`,
    row.roundMs.toFixed(0),
    row.ringMs.toFixed(0),
    row.timeRatio.toFixed(1),
  ]
}

async function aggregation(quick: boolean): Promise<AggregationRow[]> {
  const rows: AggregationRow[] = []
  for (const dimension of DIMENSIONS) {
    for (const hospitals of quick ? HOSPITALS.slice(0, 2) : HOSPITALS) {
      rows.push(await benchAggregation({ hospitals, dimension, rounds: 3 }))
    }
  }
  write('Secure aggregation beside a float32 ring all-reduce: kB sent per peer and round at the sockets, ms a round')
  write('(all nodes in one process, with noise; the ring adds floats and promises nothing)')
  const header = ['n', 'd', 'kB mean', 'kB max', 'ring kB', 'ratio', 'allowed kB', 'ms', 'ring ms', 'ratio']
  table(header, rows.map(aggregationCells))
  return rows
}

async function training() {
  const row = await benchTraining({ engine: 'auto', batch: 256, repetitions: 15 })
  write(`One private training step on ${row.engine}, batch ${row.batch}, beside the same engine without privacy`)
  const header = ['DP ms', 'plain ms', 'ratio', 'one by one ms', 'ratio', 'largest error']
  const { dpMs, plainMs, ratio, loopMs, loopRatio, maxRelativeError } = row
  const cells = [dpMs.toFixed(1), plainMs.toFixed(1), ratio.toFixed(2), loopMs.toFixed(0), loopRatio.toFixed(1)]
  table(header, [[...cells, maxRelativeError.toExponential(1)]])
  return row
}

function endurance(quick: boolean) {
  const row = benchEndurance(quick ? 200 : 1000)
  write('What one of four peers keeps in its state machine after many rounds, beside what it kept after 50')
  table(
    ['rounds', 'bytes at 50', 'bytes at the end', 'ratio'],
    [[row.rounds, row.earlyBytes, row.lateBytes].map(String).concat(row.ratio.toFixed(3))],
  )
  return row
}

async function memory(quick: boolean) {
  const row = await benchMemory(quick ? 150 : 1000)
  write('Memory of the process that four real nodes run in, after many rounds, beside what it was after 50')
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  const header = ['rounds', 'heap MB at 50', 'at the end', '130 s later', 'RSS MB at 50', 'at the end', '130 s later']
  table(header, [[`${row.rounds}`, ...row.heapBytes.map(megabytes), ...row.rssBytes.map(megabytes)]])
  return row
}

function sampler(quick: boolean) {
  const rows = benchSampler([1, 3, 178, 1000, 46_349, 2 ** 20], quick ? 2 : 7)
  write('Samples of the discrete Gaussian, millions a second on one core, beside the exact sampler')
  const header = ['sigma', 'M/s', 'exact M/s', 'ratio', 'tables ms', 'log2 distance']
  const cells = rows.map(({ sigma, samples, exactSamples, ratio, firstMs, distanceLog2 }) => [
    ...[String(sigma), (samples / 1e6).toFixed(1), (exactSamples / 1e6).toFixed(2)],
    ...[ratio.toFixed(1), firstMs.toFixed(1), distanceLog2.toFixed(1)],
  ])
  table(header, cells)
  return rows
}

function accountant() {
  const rows = benchAccountant()
  write(
    'Epsilon by privacy loss distributions at delta 1e-5: ms for a first query, for one more round, for a search of z',
  )
  const header = ['q', 'z', 'T', 'epsilon', 'RDP ratio', 'first ms', 'next ms', 'search ms']
  const cells = rows.map(({ sampleRate, noiseMultiplier, steps, epsilon, rdpRatio, firstMs, nextMs, searchMs }) => [
    ...[sampleRate, noiseMultiplier, steps].map(String),
    ...[epsilon.toFixed(4), rdpRatio.toFixed(3), firstMs.toFixed(0), nextMs.toFixed(1), searchMs.toFixed(0)],
  ])
  table(header, cells)
  return rows
}

async function utility({ seeds, task: only, ...how }: Omit<UtilityInit, 'data'> & { task: string | undefined }) {
  const data = process.env['CONFRERE_DATA']
  if (data === undefined) {
    write('utility: skipped, CONFRERE_DATA names no folder of real data')
    return []
  }
  if (!existsSync(join(data, 'heart-disease'))) {
    process.stderr.write(`bench: CONFRERE_DATA names "${data}", where there is no folder heart-disease\n`)
    process.exit(2)
  }
  write('Test AUC of private training, 8 hospitals of which 2 may collude, delta 1e-5, beside all records in one place')
  write('(mean and standard error over seeds, least to most)')
  const rows: UtilityRow[] = []
  const done = (row: UtilityRow) => {
    rows.push(row)
    write(utilityLine(row))
  }
  const isWanted = (name: string) => only === undefined || only === name
  for (const { epsilon, statistics, accuracy } of isWanted(HEART_TASK) ? await benchHeart({ data, seeds }) : []) {
    const privacy =
      epsilon === null
        ? 'without privacy'
        : `epsilon ${epsilon} at delta 1e-4, one may collude, ${statistics ? 'statistics paid from it' : 'public bounds alone'}`
    write(`heart disease, four hospitals, ${privacy}: accuracy ${spreadOf(accuracy)}`)
  }
  for (const task of UTILITY_TASKS.filter(({ name }) => isWanted(name))) {
    if (how.unit !== 'record' && task.patients === undefined) {
      write(`${task.name}: skipped, nothing says which patient a record is of`)
      continue
    }
    await benchUtility(task, { ...how, data, seeds, done })
  }
  write('')
  return rows
}

async function evaluation(only: string | undefined): Promise<EvaluationRow[]> {
  const data = process.env['CONFRERE_DATA']
  if (data === undefined) {
    write('evaluation: skipped, CONFRERE_DATA names no folder of real data')
    return []
  }
  write('AUC of one evaluation with noise, against that of all held-back units in one place: 100 times, one model')
  const rows: EvaluationRow[] = []
  const done = (row: EvaluationRow) => {
    rows.push(row)
    write(evaluationLine(row))
  }
  for (const task of UTILITY_TASKS.filter(({ name }) => only === undefined || only === name)) {
    await benchEvaluation(task, { data, done })
  }
  write('')
  return rows
}

async function tables(repeats: number): Promise<BenchedTable[]> {
  const data = process.env['CONFRERE_DATA']
  if (data === undefined) {
    write('table: skipped, CONFRERE_DATA names no folder of real data')
    return []
  }
  write(`Counts, means and quartiles of heart disease, four hospitals of which one may collude, ${repeats} times`)
  const found: BenchedTable[] = []
  for (const how of [{}, { byClass: true }, { missing: true }]) {
    const benched = await benchTable({ data, repeats, rng: target => void randomFillSync(target), ...how })
    found.push(benched)
    write(tableBenchLines(benched).join('\n'))
  }
  write('')
  return found
}

function utilityLine({ task, unit, epsilon, mean, federated, bounded, pooled }: UtilityRow): string {
  const privacy = epsilon === null ? 'no privacy' : `epsilon ${epsilon}, ${mean ? 'with' : 'without'} the mean`
  const line = `${task}, unit ${unit}, ${privacy}: ${spreadOf(federated)}, ${federated.length} seeds; the bound acted in ${bounded.acted} of ${bounded.rounds} rounds`
  if (pooled.length === 0) return line
  // of the gap, since noise is drawn anew in every run
  const error = Math.hypot(errorOf(federated), errorOf(pooled))
  const gap = meanOf(pooled) - meanOf(federated)
  return `${line}; pooled ${meanOf(pooled).toFixed(4)}, gap ${gap.toFixed(4)} ± ${error.toFixed(4)}`
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The standard error of a mean. */
function errorOf(values: readonly number[]): number {
  const mean = meanOf(values)
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return Math.sqrt(squares / Math.max(1, values.length - 1) / values.length)
}

function spreadOf(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map(value => value.toFixed(4))
  return `${meanOf(values).toFixed(4)} ± ${errorOf(values).toFixed(4)} (${least} to ${most})`
}

async function templates({ processes, only }: { processes: boolean; only: string | undefined }) {
  const data = process.env['CONFRERE_DATA']
  if (data === undefined) {
    write('templates: skipped, CONFRERE_DATA names no folder of real data')
    return []
  }
  write(`Templates of studies on their sample data, four hospitals ${processes ? 'as processes' : 'in one process'}`)
  const rows: BenchedTemplate[] = []
  const done = (benched: BenchedTemplate) => {
    rows.push(benched)
    const { row, wallSeconds } = benched
    const [auc, accuracy, constant] = [row.auc, row.accuracy, row.constant].map(value => value.toFixed(3))
    const more =
      'cpuSeconds' in row
        ? `mean of the hospitals ${row.accuracyOfHospitals.toFixed(3)}, ${row.unread} files unread, ${row.cpuSeconds.toFixed(0)} CPU s`
        : `${row.rounds} rounds, ${new Set(row.checkpoints).size === 1 ? 'one model' : 'SEVERAL MODELS'}, AUC the mean of the hospitals`
    write(
      `${row.template}, epsilon ${row.epsilon}, ${row.units} units: AUC ${auc}, accuracy ${accuracy} of ${row.test} test records ` +
        `(always the same answer ${constant}), ${more}, ${wallSeconds.toFixed(0)} s`,
    )
  }
  await benchTemplates({ data, processes, only, done })
  write('')
  return rows
}

async function page() {
  if (findChromium() === null) {
    write('page: skipped, there is no Chromium (its path may be in CHROMIUM)')
    return []
  }
  const rows = await benchPage([
    { hospitals: 4, rounds: 400 },
    { hospitals: 64, rounds: 1000 },
  ])
  write("A node's page in Chromium: first paint, until all is shown, ms of its thread for an event, idle % of a core")
  const header = ['hospitals', 'rounds', 'paint ms', 'shown ms', 'elements', 'event ms', 'idle %']
  const cells = rows.map(row => [
    ...[row.hospitals, row.rounds, row.firstPaintMs, row.completeMs, row.elements, row.eventMs].map(one =>
      one.toFixed(0),
    ),
    row.idlePercent.toFixed(2),
  ])
  table(header, cells)
  return rows
}

async function prediction() {
  const rows = await benchPrediction()
  write(
    'A private prediction of 784 features, two classes, one may collude, beside the model in this process: ms, medians',
  )
  const header = ['hospitals', 'line ms', 'records', 'private ms', 'plain ms', 'largest error']
  const cells = rows.map(({ hospitals, delayMs, records, privateMs, plainMs, largestError }) => [
    ...[hospitals, delayMs, records].map(String),
    ...[privateMs.toFixed(1), plainMs.toFixed(2), largestError.toExponential(1)],
  ])
  table(header, cells)
  return rows
}

const BENCHES = [
  'aggregation',
  'training',
  'endurance',
  'memory',
  'sampler',
  'accountant',
  'utility',
  'evaluation',
  'table',
  'templates',
  'page',
  'prediction',
]
const HEART_TASK = 'heart-disease'
const TASKS = [HEART_TASK, ...UTILITY_TASKS.map(({ name }) => name)]

function refuse(why: string): never {
  const tasks = [...new Set([...TASKS, ...TEMPLATE_NAMES])].join('|')
  const hint =
    `${BENCHES.map(name => `[${name}]`).join(' ')} [--quick] [--json] [--seeds N] [--task ${tasks}]; for utility also ` +
    `[--epsilon E] [--unit ${UTILITY_UNITS.join('|')}] [--no-mean] [--no-privacy] [--no-pooled]; for templates [--processes]`
  process.stderr.write(`bench: ${why}\n  hint: ${hint}\n`)
  process.exit(2)
}

function parseArguments() {
  try {
    const flag = { type: 'boolean', default: false } as const
    const text = { type: 'string' } as const
    return parseArgs({
      options: {
        ...{ quick: flag, json: flag, processes: flag, task: text, seeds: text, epsilon: text, unit: text },
        ...{ 'no-mean': flag, 'no-privacy': flag, 'no-pooled': flag },
      },
      allowPositionals: true,
    })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

const {
  values: { quick, json, processes, task, seeds: seedsText, unit = 'record', ...given },
  positionals: wanted,
} = parseArguments()
const unknown = wanted.find(name => !BENCHES.includes(name))
if (unknown !== undefined) refuse(`unknown argument ${unknown}`)
const isUtility = wanted.includes('utility')
const isEvaluation = wanted.includes('evaluation')
const isTask =
  (isUtility && TASKS.includes(task ?? '')) ||
  (isEvaluation && UTILITY_TASKS.some(({ name }) => name === task)) ||
  (wanted.includes('templates') && (TEMPLATE_NAMES as readonly string[]).includes(task ?? ''))
if (task !== undefined && !isTask) refuse(`there is no task ${task} of what is asked for`)
if (processes && !wanted.includes('templates')) refuse('--processes is for templates')
if (!UTILITY_UNITS.some(name => name === unit)) refuse(`unknown unit ${unit}`)
const epsilon = given.epsilon === undefined ? undefined : Number(given.epsilon)
if (epsilon !== undefined && !UTILITY_TASKS.some(({ epsilons }) => epsilons.includes(epsilon)))
  refuse(`no task is measured at epsilon ${given.epsilon}`)
const seeds = Number(seedsText ?? (quick ? 1 : 5))
if (!Number.isInteger(seeds) || seeds < 1 || seeds > 1000)
  refuse(`--seeds takes a whole number from 1, not ${seedsText}`)
const how = {
  ...{ epsilon, unit: unit as UtilityUnit, mean: !given['no-mean'], isPrivate: !given['no-privacy'] },
  pooled: !given['no-pooled'],
}
const all = wanted.length === 0
write(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}`)
const results = {
  ...((all || wanted.includes('training')) && { training: await training() }),
  ...((all || wanted.includes('sampler')) && { sampler: sampler(quick) }),
  ...((all || wanted.includes('accountant')) && { accountant: accountant() }),
  ...(isUtility && { utility: await utility({ ...how, seeds, task }) }),
  ...(isEvaluation && { evaluation: await evaluation(task) }),
  ...(wanted.includes('table') && { table: await tables(quick ? 20 : 200) }),
  ...(wanted.includes('templates') && { templates: await templates({ processes, only: task }) }),
  ...(wanted.includes('page') && { page: await page() }),
  ...(wanted.includes('prediction') && { prediction: await prediction() }),
  ...((all || wanted.includes('endurance')) && { endurance: endurance(quick) }),
  ...((all || wanted.includes('memory')) && { memory: await memory(quick) }),
  ...((all || wanted.includes('aggregation')) && { aggregation: await aggregation(quick) }),
}
if (json) write(JSON.stringify(results))
process.exit(0)
