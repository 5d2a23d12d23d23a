/** Runs the demonstration, from an empty folder to its outcome. @module */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Hospital, siteName } from '../processes/node-process.ts'
import { freePorts } from '../processes/ports.ts'
import type { FoundedStudy } from '../processes/study.ts'
import { type Absence, absenceReport, planAbsence, playAbsence } from './absence.ts'
import { spentEpsilon } from './epsilon-text.ts'
import { createEvaluator, type Measured } from './evaluator.ts'
import type { DemoOptions } from './options.ts'
import { partition } from './partition.ts'
import { encodePart, loadRecords, type Records } from './records.ts'
import type { Outcome } from './report.ts'
import { RoundHistory, type RoundSummary } from './round-history.ts'
import type { Screen } from './screen.ts'
import { foundDemonstration } from './study.ts'
import { legendLine, liveLines, roundLine, type Site } from './view.ts'
import { type Watch, watchStudy } from './watch.ts'

/** Evaluations of the model during the study, about; few, because the hospitals need the processors. */
const MEASUREMENTS = 10
const MEASURE_ROUNDS_MIN = 5

export interface Stage {
  readonly options: DemoOptions
  /** for all files of the demonstration; exists */
  readonly folder: string
  readonly screen: Screen
  /** ends everything early */
  readonly signal: AbortSignal
}

/** Runs the demonstration. When it throws, the caller stops the remaining processes: see `killAll`. */
export async function runScenario(stage: Stage): Promise<Outcome> {
  const started = performance.now()
  const { options, screen } = stage
  const records = await loadRecords(options.data, options.seed)
  const parts = partition(records.train.labels, options)
  screen.print(...introduction(records, options), '', "Setting up with the product's own commands ...")
  const hospitals = await createHospitals(stage, records, parts)
  const sites = hospitals.map(({ site, peer }, at) => describeSite(records, parts[at]!, { site, peer }))
  const contract = { ...records, count: records.train.count }
  const study = await foundDemonstration(stage.folder, { contract, hospitals, options })
  screen.print(...foundingLines(study, { records, sites }), '')
  if (!screen.live) screen.print(legendLine(options.colluders), '')
  const measure = await createEvaluator(records.test)
  const opened = performance.now()
  for (const hospital of hospitals) hospital.start()
  const { watch, absence } = await follow(stage, { hospitals, sites, measure })
  const trainingSeconds = (performance.now() - opened) / 1000
  const test = await measure(hospitals[0]!.folder)
  await Promise.all(hospitals.map(hospital => hospital.stop()))
  const rounds = watch.history.summaries()
  return {
    data: records.name,
    seed: options.seed,
    className: records.classes.at(-1)!,
    parameters: study.parameters,
    sites,
    statuses: watch.lastStatuses.flatMap(status => status ?? []),
    vitals: watch.vitals,
    rounds,
    test,
    absence: absence === null ? null : absenceReport(absence, rounds),
    trainingSeconds,
    seconds: (performance.now() - started) / 1000,
  }
}

function introduction({ name, synthetic, train, test }: Records, { hospitals }: DemoOptions): string[] {
  return [
    `Confrère: ${hospitals} hospitals, each a process of its own, train one model without a server.`,
    synthetic
      ? `Data: SYNTHETIC chest phantoms, drawn by this program: no picture of anybody. ${train.count} to train on, ${test.count} to test with.`
      : `Data: ${name}, ${train.count} records to train on, ${test.count} to test with.`,
  ]
}

async function createHospitals(
  { folder, options }: Stage,
  records: Records,
  parts: readonly Uint32Array[],
): Promise<Hospital[]> {
  const ports = await freePorts(2 * parts.length)
  const create = async (at: number, bootstrap: Hospital | undefined): Promise<Hospital> => {
    const npz = join(folder, `records-${at + 1}.npz`)
    await writeFile(npz, encodePart(records, parts[at]!))
    const home = join(folder, `node-${at + 1}`)
    await mkdir(home)
    return await Hospital.create({
      site: siteName(at),
      folder: home,
      npz,
      log: join(folder, `node-${at + 1}.log`),
      ports: { listen: ports[2 * at]!, http: ports[2 * at + 1]! },
      epsilonMax: options.epsilon,
      bootstrap,
    })
  }
  const first = await create(0, undefined)
  return [first, ...(await Promise.all(parts.slice(1).map((_, at) => create(at + 1, first))))]
}

function describeSite(
  { train, classes }: Records,
  part: Uint32Array,
  { site, peer }: { site: string; peer: string },
): Site {
  const last = part.reduce((count, record) => count + (train.labels[record] === classes.length - 1 ? 1 : 0), 0)
  return { site, peer, records: part.length, share: last / part.length }
}

function foundingLines(
  { study, parameters }: FoundedStudy,
  { records, sites }: { records: Records; sites: readonly Site[] },
): string[] {
  const width = Math.max(...sites.map(({ site }) => site.length))
  return [
    `Study ${study.slice(0, 12)}: signed by ${sites[0]?.site}, approved by all; ${parameters} parameters. Each hospital has its own records:`,
    ...sites.map(
      ({ site, records: count, share }) =>
        `  ${site.padEnd(width)}  ${String(count).padStart(6)} records, ${(100 * share).toFixed(0).padStart(3)} % ${records.classes.at(-1)}`,
    ),
  ]
}

/** Watches the study and, if requested, plays a hospital's absence. */
async function follow(
  { options, screen, signal }: Stage,
  {
    hospitals,
    sites,
    measure,
  }: { hospitals: readonly Hospital[]; sites: readonly Site[]; measure: (folder: string) => Promise<Measured> },
): Promise<{ watch: Watch; absence: Absence | null }> {
  const { rounds } = options
  const history = new RoundHistory(sites)
  const notes: string[] = []
  let measured: { auc: number; round: number } | null = null
  const every = Math.max(MEASURE_ROUNDS_MIN, Math.round(rounds / MEASUREMENTS))
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  let settled = 0

  const onRound = async (summary: RoundSummary, watch: Watch): Promise<void> => {
    settled = summary.round
    const due = settled % every === 0 && settled < rounds
    const source = hospitals.find(hospital => hospital.runs)
    if (due && source !== undefined) measured = await measure(source.folder)
    if (screen.live) return
    const epsilon = spentEpsilon(watch.lastStatuses)
    const auc = due ? (measured?.auc ?? null) : null
    screen.print(roundLine(summary, { rounds, sites: sites.length, epsilon, auc }))
  }
  const onTick = ({ statuses, lastStatuses, secondsLeft }: Watch): void => {
    const last = settled === 0 ? null : (history.summary(settled) ?? null)
    const epsilon = spentEpsilon(lastStatuses)
    screen.draw(liveLines({ sites, statuses, epsilon, last, rounds, measured, secondsLeft, notes }, screen.ink))
  }
  const note = (text: string): void => {
    notes.push(text)
    if (!screen.live) screen.print(text)
  }
  const plan = planAbsence(options)
  const victim = hospitals[plan.victim]!
  const absent = options.absent
    ? playAbsence(plan, { victim, rounds, newest: () => settled, note, signal: either })
    : Promise.resolve(null)
  const watching = watchStudy({ hospitals, history, rounds, signal: either, onRound, onTick })
  try {
    const [watch, absence] = await Promise.all([watching, absent])
    return { watch, absence }
  } catch (error) {
    failed.abort(error)
    await Promise.allSettled([watching, absent])
    throw error
  } finally {
    screen.release()
  }
}
