/** What is left when the demonstration is over: a table, a summary, a JSON document. @module */

import { epsilonText } from '../../node/cli/study-text.ts'
import type { EpsilonStatus, NodeStatus } from '../../node/status.ts'
import { type AbsenceReport, absenceLines } from './absence.ts'
import type { RoundSummary } from './chronicle.ts'
import type { Measured } from './evaluator.ts'
import type { Site } from './view.ts'
import type { Vitals } from './watch.ts'

/** Everything that a finished demonstration knows. */
export interface Outcome {
  readonly data: string
  readonly seed: number
  /** of class 1 */
  readonly className: string
  readonly parameters: number
  readonly sites: readonly Site[]
  /** of every node, after the last round */
  readonly statuses: readonly NodeStatus[]
  readonly vitals: readonly Vitals[]
  readonly rounds: readonly RoundSummary[]
  readonly test: Measured
  readonly absence: AbsenceReport | null
  /** from the start of the nodes to the last round */
  readonly trainingSeconds: number
  readonly seconds: number
}

/** The largest of what the nodes spent, of each kind: one that was away spent less. */
export function spentEpsilon(statuses: readonly NodeStatus[]): EpsilonStatus {
  const all = statuses.flatMap(({ epsilon }) => (epsilon === null ? [] : [epsilon]))
  const most = (kind: 'model' | 'colluding' | 'alone' | 'delta' | 'cap'): number =>
    Math.max(...all.map(epsilon => epsilon[kind]))
  return {
    model: most('model'),
    colluding: most('colluding'),
    alone: most('alone'),
    delta: most('delta'),
    cap: most('cap'),
  }
}

/** The middle value; of an even number the mean of the two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** One row for each hospital. */
export function tableLines({ sites, statuses, vitals, rounds, className }: Outcome): string[] {
  const header = ['hospital', 'records', className, 'rounds', 'MB/round', 'memory MB', 'lag p99 ms', 'model hash']
  const rows = sites.map(({ site, records, share }, at) => {
    const sent = rounds.flatMap(({ bytesSent }) => bytesSent[at] ?? [])
    return [
      site,
      String(records),
      `${(100 * share).toFixed(0)} %`,
      `${rounds.filter(({ contributors }) => contributors.includes(site)).length} of ${rounds.length}`,
      (median(sent) / 1e6).toFixed(2),
      ((vitals[at]?.memoryBytesMax ?? 0) / 1e6).toFixed(0),
      (vitals[at]?.eventLoopLagP99Ms ?? 0).toFixed(0),
      statuses[at]?.checkpoint?.slice(0, 12) ?? '',
    ]
  })
  return aligned([header, ...rows])
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map(row => row[at]!.length)))
  return rows.map(row =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  '),
  )
}

/** The outcome in sentences. */
export function summaryLines(outcome: Outcome): string[] {
  const { test, rounds, statuses, absence, seconds, trainingSeconds, parameters } = outcome
  const { model, colluding, alone, delta, cap } = spentEpsilon(statuses)
  const beyond = median(rounds.flatMap(({ beyondMs }) => beyondMs ?? []))
  const voids = rounds.filter(({ outcome }) => outcome === 'void').length
  return [
    `Model     ${parameters} parameters, the same hash at all ${statuses.length} hospitals in every round`,
    `Rounds    ${rounds.length - voids} certified${voids === 0 ? '' : `, ${voids} VOID`}; median ${(median(rounds.map(({ durationMs }) => durationMs)) / 1000).toFixed(2)} s, of which ${(beyond / 1000).toFixed(2)} s beyond training`,
    `Test      AUC ${test.auc.toFixed(4)}, accuracy ${test.accuracy.toFixed(4)}, MCC ${test.mcc.toFixed(4)} on ${test.count} records`,
    `Privacy   of one record at delta ${delta.toExponential()}; a patient with several records is not covered`,
    `          epsilon ${epsilonText(colluding)} of ${epsilonText(cap)} against the tolerated colluders: what was charged`,
    `          epsilon ${epsilonText(model)} against everyone who sees the model, if all contributors added their noise`,
    `          epsilon ${epsilonText(alone)} against all other hospitals colluding`,
    `Time      ${seconds.toFixed(0)} s in all, ${trainingSeconds.toFixed(0)} s from the nodes' start to the last round`,
    ...(absence === null ? [] : ['', ...absenceLines(absence)]),
  ]
}

/** The same for programs. Milliseconds and bytes; arrays per peer are in the order of `sites`. */
export function reportJson(outcome: Outcome): object {
  const { sites, statuses, vitals, rounds, test, absence, parameters, seconds, trainingSeconds, data, seed } = outcome
  const { model, colluding, alone, delta } = spentEpsilon(statuses)
  return {
    hospitals: sites.length,
    parameters,
    rounds,
    epsilon: { model, colluding, alone },
    delta,
    noiseMultiplier: statuses[0]?.noiseMultiplier ?? null,
    modelHashes: statuses.map(({ checkpoint }) => checkpoint),
    test: { auc: test.auc, accuracy: test.accuracy, mcc: test.mcc },
    seconds,
    trainingSeconds,
    data,
    seed,
    engine: statuses[0]?.engine ?? null,
    study: statuses[0]?.study ?? null,
    sites,
    peers: vitals,
    absent: absence,
  }
}
