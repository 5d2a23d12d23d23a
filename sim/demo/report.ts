/** The demonstration's results: a table, a summary, a JSON document. @module */

import { EXIT, OperatorError } from '../../node/errors.ts'
import { figureText } from '../../node/evaluation/metrics.ts'
import type { NodeStatus } from '../../node/http/status.ts'
import { type AbsenceReport, absenceLines } from './absence.ts'
import { epsilonLines, secondsText, spentEpsilon } from './epsilon-text.ts'
import type { Measured } from './evaluator.ts'
import type { RoundSummary } from './round-history.ts'
import type { Site } from './view.ts'
import type { Vitals } from './watch.ts'

/** The data of a finished demonstration. */
export interface Outcome {
  readonly data: string
  readonly seed: number
  /** the last class; the table shows its share */
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

/** The median; for an even number the mean of the two middle values; NaN without values. */
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

/** Aligns the first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map(row => row[at]!.length)))
  return rows.map(row =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  '),
  )
}

/** The outcome in sentences. */
export function summaryLines(outcome: Outcome): string[] {
  const { test, rounds, statuses, absence, seconds, trainingSeconds, parameters, sites } = outcome
  const spent = spentEpsilon(statuses)
  const [privacy, ...epsilons] = spent === null ? [] : epsilonLines(spent)
  const beyond = median(rounds.flatMap(({ beyondMs }) => beyondMs ?? []))
  const duration = median(rounds.map(({ durationMs }) => durationMs))
  const voids = rounds.filter(({ outcome }) => outcome === 'void').length
  const equal = rounds.filter(({ agreed }) => agreed === sites.length).length
  return [
    `Model     ${parameters} parameters, one hash at all ${sites.length} hospitals in ${equal} of ${rounds.length} rounds, no two different ones in any`,
    `Rounds    ${rounds.length - voids} certified${voids === 0 ? '' : `, ${voids} VOID`}; median ${secondsText(duration)}, of it ${secondsText(beyond)} after the last hospital had trained`,
    `Test      AUC ${figureText(test.auc, test.gaps.auc)}, accuracy ${figureText(test.accuracy, null)}, MCC ${figureText(test.mcc, test.gaps.mcc)} on ${test.count} records`,
    `Privacy   ${privacy ?? 'unknown'}`,
    ...epsilons.map(line => `          ${line}`),
    `Time      ${seconds.toFixed(0)} s in all, ${trainingSeconds.toFixed(0)} s from the nodes' start to the last round`,
    ...(absence === null ? [] : ['', ...absenceLines(absence)]),
  ]
}

/**
 * Checks that an outcome shows the demonstration's claims.
 *
 * @throws OperatorError `models-differ` (exit code 8); `not-shown` (exit code 10) when a round has no result or a lost
 *   hospital did not come back
 */
export function requireShown({ absence, rounds, sites, statuses, test }: Outcome): void {
  const failure = (code: string, message: string, exitCode: 8 | 10): OperatorError =>
    new OperatorError(code, message, {
      hint: 'Run it again with --keep FOLDER and look into the logs of the nodes.',
      exitCode,
    })
  const hashes = new Set([...statuses.map(({ checkpoint }) => checkpoint), rounds.at(-1)?.checkpoint, test.hash])
  if (statuses.length !== sites.length || hashes.size !== 1) {
    throw failure('models-differ', 'The hospitals do not end with the same model', EXIT.verificationFailed)
  }
  if (rounds.some(({ outcome }) => outcome === 'void')) {
    throw failure('not-shown', 'A round ended without a result', EXIT.timedOut)
  }
  if (absence?.contributedAgain === null) {
    throw failure('not-shown', `${absence.site} did not contribute again after its restart`, EXIT.timedOut)
  }
}

/** The outcome for programs. Milliseconds and bytes; arrays per peer are in the order of `sites`. */
export function reportJson(outcome: Outcome): object {
  const { sites, statuses, vitals, rounds, test, absence, parameters, seconds, trainingSeconds, data, seed } = outcome
  const { model, colluding, alone, delta } = spentEpsilon(statuses) ?? {
    model: null,
    colluding: null,
    alone: null,
    delta: null,
  }
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
