/** `confrere privacy`: the accountant as a calculator, and this node's spending; both offline. @module */

import { stat } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { ACCOUNTED_STEPS_MAX, epsilonOf, noiseMultiplierFor } from '../../crypto/accounting/accountant.ts'
import { COPIES_MAX } from '../../crypto/accounting/mixture.ts'
import { rdpEpsilon } from '../../crypto/accounting/rdp.ts'
import { CryptoError } from '../../crypto/errors.ts'
import type { EntryOf, LedgerEntry } from '../../protocols/ledger/entry.ts'
import { STUDY_NOISE_MULTIPLIER_MIN } from '../../protocols/study/limits.ts'
import { readConfig } from '../config/config.ts'
import { EXIT, OperatorError } from '../errors.ts'
import {
  epsilonText,
  observerLines,
  type Promised,
  populationText,
  severalHospitalsLine,
  severalRecordsLine,
} from '../privacy/epsilon-text.ts'
import { ledgerPath, readLedgerFile, type VerifiedLedger } from '../privacy/ledger-file.ts'
import { pricedFor } from '../privacy/patient-epsilons.ts'
import {
  type AccountSpending,
  privacyReport,
  projections,
  type ReportSources,
  type StudySpending,
} from '../privacy/report.ts'
import { approvedStudies } from '../storage/approved-studies.ts'
import { requireDataFolder } from '../storage/data-folder.ts'
import { addDataOption, addJsonOption, parseNumber } from './options.ts'
import { printJson, printLines } from './output.ts'
import { checkStatement, writeStatement } from './privacy-statement.ts'

const STUDY_DIGITS = 12

export function addPrivacy(privacy: Command): void {
  addMechanismOptions(privacy.command('epsilon'))
    .description('epsilon of some steps of the Poisson-subsampled Gaussian, at delta')
    .requiredOption('--noise-multiplier <z>', 'noise over sensitivity', parseNumber)
    .option(...COPIES_OPTION)
    .action(printEpsilon)
  addMechanismOptions(privacy.command('noise'))
    .description('the noise multiplier that some steps need for epsilon, at delta')
    .requiredOption('--epsilon <epsilon>', 'the target', parseNumber)
    .option(...COPIES_OPTION)
    .action(printNoise)
  addJsonOption(addDataOption(privacy.command('show')))
    .description('what was spent in which studies, against whom')
    .action(show)
  addJsonOption(addDataOption(privacy.command('ledger')))
    .description('every entry of the ledger')
    .action(list)
  addJsonOption(addDataOption(privacy.command('project')))
    .description('what more rounds of the studies would come to')
    .requiredOption('--rounds <n>', 'rounds to come', parseCount)
    .action(project)
  addJsonOption(privacy.command('verify'))
    .description('derive every epsilon of the ledger again, offline')
    .option('--data <folder>', "the node's data folder")
    .option('--file <file>', 'a copy of the ledger instead')
    .option('--statement <file>', 'hold a privacy statement against it as well')
    .action(verify)
  addJsonOption(addDataOption(privacy.command('statement')))
    .description('write what was promised and spent, signed, for a data protection officer')
    .requiredOption('--out <file>', 'the HTML file to write')
    .option('--force', 'overwrite a file that is there')
    .action(writeStatement)
}

function addMechanismOptions(command: Command): Command {
  return addJsonOption(command)
    .requiredOption('--sample-rate <q>', 'probability that a record is in a step', parseNumber)
    .requiredOption('--steps <t>', 'rounds', parseCount)
    .requiredOption('--delta <delta>', 'of the promise', parseNumber)
}

/** A whole number from 1 to a largest one. @throws InvalidArgumentError */
function parseWhole(text: string, max: number): number {
  const value = parseNumber(text)
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${max}.`)
  }
  return value
}

function parseCount(text: string): number {
  return parseWhole(text, ACCOUNTED_STEPS_MAX)
}

/** `--copies`: up to COPIES_MAX, with which an epsilon takes a few seconds. */
const COPIES_OPTION = [
  '--copies <k>',
  `of a patient with so many records, or known to so many hospitals: 1 to ${COPIES_MAX}`,
  (text: string) => parseWhole(text, COPIES_MAX),
] as const

interface MechanismOptions {
  readonly sampleRate: number
  readonly steps: number
  readonly delta: number
  readonly copies?: number
  readonly json?: true
}

function printEpsilon(options: MechanismOptions & { noiseMultiplier: number }): void {
  const { sampleRate, noiseMultiplier, steps, delta, copies = 1 } = options
  const pldOf = (count: number) => epsilonOf([{ sampleRate, noiseMultiplier, steps, copies: count }], delta)
  const { pld, rdp } = calculated(() => ({
    pld: pldOf(copies),
    rdp: rdpEpsilon({ sampleRate, noiseMultiplier, steps, copies, delta }),
  }))
  // one number of copies was asked for: no others; and below the noise of any study they may take half a minute
  const alone = options.copies === undefined && noiseMultiplier >= STUDY_NOISE_MULTIPLIER_MIN
  const patients = alone ? calculated(() => pricedFor(pldOf)) : null
  if (options.json) {
    const others = patients && { epsilonsOfPatient: patients.ofHospitals, epsilonsOfRecords: patients.ofRecords }
    return printJson({ pld, rdp, ...(copies > 1 && { copies }), ...others })
  }
  printLines(
    ...(copies === 1 ? [] : [`Of a patient with ${copies} records, or known to ${copies} hospitals:`]),
    `epsilon ${epsilonText(pld)} by its privacy loss distribution${copies === 1 ? ': what is charged' : ''}`,
    `epsilon ${epsilonText(rdp)} by Rényi accounting: a looser bound, as a cross-check`,
    ...(patients === null ? [] : [severalHospitalsLine(patients.ofHospitals), severalRecordsLine(patients.ofRecords)]),
  )
}

function printNoise(options: MechanismOptions & { epsilon: number }): void {
  const { sampleRate, steps, delta, epsilon, copies = 1 } = options
  const noiseMultiplier = calculated(() => noiseMultiplierFor({ sampleRate, steps, delta, epsilon, copies }))
  if (options.json) return printJson({ noiseMultiplier })
  printLines(`noise multiplier ${noiseMultiplier}`)
}

/** Turns the accountant's range errors into usage errors. */
function calculated<Result>(calculate: () => Result): Result {
  try {
    return calculate()
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new OperatorError(cause.code, `There is no answer: ${cause.message}`, {
      hint: 'A sample rate is a probability above 0 and at most 1; delta is above 0 and below 1; many copies need a noise multiplier of at least 0.001 times their number.',
      exitCode: EXIT.usage,
      cause,
    })
  }
}

async function sourcesOf(folder: string): Promise<ReportSources> {
  await requireDataFolder(folder)
  const { ledger } = await readLedgerFile(ledgerPath(folder))
  const documents = new Map((await approvedStudies(folder)).map(({ study, document }) => [study, document]))
  return { ledger, documents, epsilonMax: (await readConfig(folder)).privacy.epsilonMax }
}

async function show({ data, json }: { data: string; json?: true }): Promise<void> {
  const report = privacyReport(await sourcesOf(data))
  if (json) return printJson(report)
  if (report.accounts.length === 0) return printLines('Nothing was spent so far.')
  printLines(...report.accounts.flatMap(accountLines), report.note)
}

function accountLines({
  account,
  population,
  delta,
  epsilon,
  epsilonsOfPatient,
  cap,
  apart,
  studies,
}: AccountSpending): string[] {
  const allowed = cap === null ? '' : `, of ${epsilonText(cap)} that this hospital allows`
  const sides = apart ? ' for training and for validation patients each' : ''
  return [
    `Account ${account} of ${populationText(population)}: epsilon ${epsilonText(epsilon)} at delta ${delta.toExponential()}${allowed}${sides}`,
    // of one study its own line says it
    ...(studies.length === 1 || epsilonsOfPatient === null
      ? []
      : [`  over all studies, if the hospitals are in all of them: ${severalHospitalsLine(epsilonsOfPatient)}`]),
    ...studies.flatMap(study => [
      `  "${study.name}" (${study.study.slice(0, STUDY_DIGITS)}): ${study.charged} of ${study.rounds} rounds charged${statisticsText(study)}, delta ${study.delta.toExponential()}${promiseText(study)}`,
      ...spendingLines(study).map(line => `    ${line}`),
    ]),
  ]
}

function spendingLines(study: StudySpending): string[] {
  const charged = `what was charged (${epsilonText(study.colludingRenyi)} by Rényi accounting)`
  const isKnown = study.model !== null && study.alone !== null
  return [
    ...observerLines(study, study.against, { charged, cap: study.cap }),
    ...(study.epsilonsOfPatient === null ? [] : [severalHospitalsLine(study.epsilonsOfPatient, study.against)]),
    ...(study.epsilonsOfRecords === null ? [] : [severalRecordsLine(study.epsilonsOfRecords, study.against)]),
    ...(isKnown ? [] : ['the other two epsilons follow from the study file, which is not here']),
  ]
}

async function list({ data, json }: { data: string; json?: true }): Promise<void> {
  await requireDataFolder(data)
  const { entries, head } = await readLedgerFile(ledgerPath(data), { everyEpsilon: false })
  if (json) return printJson({ entries, head })
  if (entries.length === 0) return printLines('The ledger is empty.')
  const owners = ownersIn(entries)
  printLines(...entries.map(entry => entryLine(entry, owners)), `Head ${head}`)
}

/** @param owners by account: whose it is, in words */
function entryLine(entry: LedgerEntry, owners: ReadonlyMap<number, string>): string {
  const at = `${entry.at}  account ${entry.account} of ${owners.get(entry.account)}`
  switch (entry.kind) {
    case 'account':
      return `${at}  opened for ${entry.records} records (format 1)${placeText(entry.merges)}`
    case 'hospital':
      return `${at}  opened under ${entry.peer}${placeText(entry.closes)}`
    case 'study':
      return `${at}  "${entry.name}" (${entry.study.slice(0, STUDY_DIGITS)}) begins: ${termsText(entry)}`
    case 'reserve':
      return `${at}  round ${entry.round} of ${entry.study.slice(0, STUDY_DIGITS)} reserved`
    case 'charge':
      return `${at}  round ${entry.round} of ${entry.study.slice(0, STUDY_DIGITS)} charged for ${entry.subAccount ?? 'training'}: epsilon ${epsilonText(entry.epsilon)}, ${epsilonText(entry.total)} in all, ${entry.contributors} contributors`
  }
}

function placeText(closed: readonly number[]): string {
  return closed.length === 0 ? '' : `, in place of account ${closed.join(', ')}`
}

function ownersIn(entries: readonly LedgerEntry[]): Map<number, string> {
  return new Map(
    entries.flatMap(entry => {
      if (entry.kind === 'account') return [[entry.account, 'a set of records']]
      return entry.kind === 'hospital' ? [[entry.account, populationText(entry.population ?? null)]] : []
    }),
  )
}

async function project({ data, rounds, json }: { data: string; rounds: number; json?: true }): Promise<void> {
  const all = projections(await sourcesOf(data), rounds)
  if (json) return printJson({ projections: all })
  if (all.length === 0) return printLines('No study has begun: see "confrere study plan" for one to come.')
  printLines(
    ...all.map(
      ({ account, population, name, study, more, epsilon, total, affordable }) =>
        `"${name}" (${study.slice(0, STUDY_DIGITS)}), account ${account} of ${populationText(population)}: ${more} more rounds make epsilon ${epsilonText(epsilon)}, ` +
        `${epsilonText(total)} in all; the caps pay for ${affordable} more`,
    ),
  )
}

interface VerifyOptions {
  data?: string
  file?: string
  statement?: string
  json?: true
}

async function verify({ data, file, statement, json }: VerifyOptions): Promise<void> {
  if ((data === undefined) === (file === undefined)) {
    throw new OperatorError('which-ledger', 'Which ledger?', {
      hint: 'Name a data folder with --data, or a copy of a ledger with --file.',
      exitCode: EXIT.usage,
    })
  }
  const path = file ?? ledgerPath(data as string)
  await stat(path).catch(cause => {
    throw new OperatorError('no-ledger', `There is no ledger ${path}`, {
      hint: 'A node writes one when it first starts on a study.',
      exitCode: EXIT.dataUnreadable,
      cause,
    })
  })
  const ledger = await readLedgerFile(path)
  const charges = ledger.entries.filter(({ kind }) => kind === 'charge').length
  const signed = statement === undefined ? null : await checkStatement(statement, ledger)
  if (json)
    return printJson({ verified: true, entries: ledger.entries.length, charges, head: ledger.head, statement: signed })
  printLines(...verifiedLines(ledger, charges), ...(signed === null ? [] : [signed]))
}

function verifiedLines({ entries, head, ledger }: VerifiedLedger, charges: number): string[] {
  return [
    `Verified: ${entries.length} entries, chained from the first to the last; all ${charges} charges follow from the entries before.`,
    ...ledger.balances().map(({ account, population, epsilon, delta }) => {
      return `  account ${account} of ${populationText(population)}: epsilon ${epsilonText(epsilon)} at delta ${delta.toExponential()}`
    }),
    `Head ${head}: keep it elsewhere, and a ledger that was set back will show.`,
  ]
}

function promiseText({ unit, copies }: Promised): string {
  const whole = unit === 'patient' ? ', of patients with all their records' : ''
  return copies === 1 ? whole : `${whole}, for a patient known to ${copies} hospitals`
}

function statisticsText({ statistics, evaluations }: StudySpending): string {
  const evaluated = evaluations === null ? '' : `, ${evaluations} evaluations`
  if (statistics === null) return evaluated
  return `${statistics ? ' and the statistics before them' : ', the statistics before them not'}${evaluated}`
}

function termsText(study: EntryOf<'study'>): string {
  const { rounds, steps = 1, noiseMultiplier, statistics, evaluation, unit = 'record', copies = 1 } = study
  const local = steps > 1 ? ` of ${steps} local steps` : ''
  const before = statistics === undefined ? '' : `, statistics before them with ${statistics.noiseMultiplier}`
  const evaluated =
    evaluation === undefined ? '' : `, ${evaluation.rounds} evaluations with ${evaluation.noiseMultiplier}`
  return `${rounds} rounds${local}, noise multiplier ${noiseMultiplier}${before}${evaluated}${promiseText({ unit, copies })}`
}
