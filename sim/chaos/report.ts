/** Prints and writes the outcomes. @module */

import type { Outcome } from './trial.ts'

const HEAD = ['scenario', 'seed', 'rounds', 'longest round', 'void', 'restarts', 'hashes equal', 'outcome']

/** A table, one line per scenario. */
export function tableLines(outcomes: readonly Outcome[]): string[] {
  const rows = [HEAD, ...outcomes.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map(row => (row[column] as string).length)))
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  )
}

function cells(outcome: Outcome): string[] {
  const { scenario, seed, rounds, certified, longestMs, voids, restarts, hashesEqual } = outcome
  if (outcome.outcome === 'skipped') return [scenario, String(seed), '-', '-', '-', '-', '-', 'skipped']
  return [
    scenario,
    String(seed),
    `${certified}/${rounds}`,
    longestMs === null ? '-' : `${(longestMs / 1000).toFixed(1)} s`,
    String(voids),
    String(restarts),
    hashesEqual === null ? '-' : hashesEqual ? 'yes' : 'NO',
    outcome.outcome,
  ]
}

/** Why scenarios failed or were skipped, each with the command that repeats its plan. */
export function reasonLines(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ scenario, seed, rounds, outcome, reasons }) => {
    if (outcome === 'passed') return []
    if (outcome === 'skipped') return [`${scenario} was skipped: ${reasons.join('; ')}`]
    return [
      `${scenario} FAILED:`,
      ...reasons.map(reason => `  ${reason.replaceAll('\n', '\n    ')}`),
      `  The same plan again: npm run chaos -- --scenario ${scenario} --seed ${seed} --rounds ${rounds} --keep`,
    ]
  })
}
