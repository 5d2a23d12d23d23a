/**
 * Compares a trial's remains with the expectations. Each finding is a sentence; without findings the trial passes.
 *
 * @module
 */

import type { RoundRecord } from '../../node/storage/round-record.ts'
import type { Account } from './node-findings.ts'

/** The remains of a trial. */
export interface TrialOutcome {
  readonly accounts: readonly Account[]
  /** each hospital's round records while it ran, in the order of the accounts */
  readonly said: readonly (readonly RoundRecord[])[]
  readonly durations: readonly { readonly round: number; readonly ms: number }[]
}

/** The expected outcome. */
export interface Expectations {
  readonly rounds: number
  readonly roundMsMax: number
  /** rounds that may end VOID; usually 0 */
  readonly voidsMax: number
}

/** All deviations from the expectations, in sentences. */
export function findings(outcome: TrialOutcome, expectations: Expectations): string[] {
  return [
    ...missingRounds(outcome, expectations),
    ...voidRounds(outcome, expectations),
    ...slowRounds(outcome, expectations),
    ...violations(outcome),
  ]
}

/** Violations of safety, which no outcome of a trial excuses. */
export function violations(outcome: TrialOutcome): string[] {
  return [...unequalRounds(outcome), ...unchargedReleases(outcome)]
}

/** Rounds that two hospitals store or ever reported differently. */
export function unequalRounds({ accounts, said }: Pick<TrialOutcome, 'accounts' | 'said'>): string[] {
  const versions = new Map<number, Map<string, string[]>>()
  const note = (round: number, version: string, who: string): void => {
    const known = versions.get(round) ?? new Map<string, string[]>()
    versions.set(round, known.set(version, [...(known.get(version) ?? []), who]))
  }
  for (const { site, links } of accounts) {
    for (const { round, outcome, checkpoint } of links) note(round, `${outcome} ${checkpoint}`, site)
  }
  said.forEach((records, at) => {
    const site = accounts[at]?.site ?? String(at)
    for (const { round, outcome, checkpoint } of records) {
      note(round, `${outcome} ${outcome === 'result' ? checkpoint : ''}`, `${site} (said)`)
    }
  })
  const unequal = [...versions].filter(([, known]) => known.size > 1).sort(([a], [b]) => a - b)
  const found = unequal.map(([round, known]) => {
    const sides = [...known].map(([version, who]) => `${version.slice(0, 19)} by ${who.join(', ')}`)
    return `Round ${round} has two certificates: ${sides.join('; ')}`
  })
  const complete = new Set(accounts.map(({ links }) => links.length)).size === 1
  const transcripts = new Set(accounts.map(({ transcript }) => transcript))
  return found.length === 0 && complete && transcripts.size > 1 ? ['The transcripts differ'] : found
}

/** Rounds without a certificate in a hospital's store. */
function missingRounds({ accounts }: Pick<TrialOutcome, 'accounts'>, { rounds }: Expectations): string[] {
  return accounts.flatMap(({ site, links }) => {
    const known = new Set(links.map(({ round }) => round))
    const missing = Array.from({ length: rounds }, (_, at) => at + 1).filter(round => !known.has(round))
    return missing.length === 0 ? [] : [`${site} has no certificate of round ${missing.join(', ')}`]
  })
}

/** Rounds that any hospital's store holds as VOID. */
export function voidsOf({ accounts }: Pick<TrialOutcome, 'accounts'>): number[] {
  const links = accounts.flatMap(account => account.links)
  return [...new Set(links.flatMap(({ round, outcome }) => (outcome === 'void' ? [round] : [])))].sort((a, b) => a - b)
}

function voidRounds(outcome: Pick<TrialOutcome, 'accounts'>, { voidsMax }: Expectations): string[] {
  const voids = voidsOf(outcome)
  return voids.length > voidsMax ? [`Round ${voids.join(', ')} ended VOID; at most ${voidsMax} may`] : []
}

/** Rounds that took longer than expected. */
function slowRounds({ durations }: Pick<TrialOutcome, 'durations'>, { roundMsMax }: Expectations): string[] {
  return durations
    .filter(({ ms }) => ms > roundMsMax)
    .map(({ round, ms }) => `Round ${round} took ${(ms / 1000).toFixed(1)} s, at most ${roundMsMax / 1000} s promised`)
}

/** Results with a hospital's update, whose key it must have released, without a charge in its own ledger. */
function unchargedReleases({ accounts }: Pick<TrialOutcome, 'accounts'>): string[] {
  return accounts.flatMap(({ site, rank, links, charges }) => {
    const charged = new Set(charges)
    const released = links.filter(({ outcome, members }) => outcome === 'result' && members.includes(rank))
    const missing = released.filter(({ round }) => !charged.has(round)).map(({ round }) => round)
    return missing.length === 0 ? [] : [`${site} released in round ${missing.join(', ')} and did not charge it`]
  })
}

/** Whether any round was certified, and all hospitals agree on all rounds. */
export function hashesEqual(outcome: TrialOutcome): boolean {
  return unequalRounds(outcome).length === 0 && outcome.accounts.some(({ links }) => links.length > 0)
}
