/** Text reports of the simulator's runs. @module */

import type { Outcome } from './run-seed.ts'

const STACK_LINES_MAX = 8

/** A failure: what and where it was, and the command that reproduces it. */
export function failureLines({ scenario, seed, failure }: Outcome): string[] {
  if (failure === null) return []
  const { invariant, what, hospital, round, at, stack } = failure
  const where = [
    hospital !== null && `hospital ${hospital}`,
    round !== null && `round ${round}`,
    at !== null && `at ${(at / 1000).toFixed(3)} s`,
  ].filter(Boolean)
  return [
    `FAILURE seed ${seed}, scenario ${scenario}: ${invariant === null ? 'crash' : `invariant ${invariant}`}: ${what}`,
    `  ${where.join(', ')}`,
    ...(invariant === null
      ? stack
          .split('\n')
          .slice(0, STACK_LINES_MAX)
          .map(line => `  ${line}`)
      : []),
    `  npm run sim -- --seed ${seed} --scenario ${scenario} --trace`,
  ]
}

/** The last line of the report. */
export function summaryLine({
  count,
  failures,
  seconds,
}: {
  count: number
  failures: number
  seconds: number
}): string {
  const some = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`
  return `${some(count, 'seed')}, ${some(failures, 'failure')}, ${seconds.toFixed(0)} s`
}
