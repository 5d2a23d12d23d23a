/** The demonstration as people see it while it runs: a snapshot becomes lines. @module */

import { epsilonText } from '../../node/cli/study-text.ts'
import type { EpsilonStatus, NodeStatus } from '../../node/status.ts'
import type { RoundSummary } from './chronicle.ts'

const BAR_WIDTH = 30

/** What a hospital is, before anything happens. */
export interface Site {
  readonly site: string
  readonly peer: string
  readonly records: number
  /** of its records, between 0 and 1 */
  readonly share: number
}

export interface Snapshot {
  readonly sites: readonly Site[]
  /** null: does not answer */
  readonly statuses: readonly (NodeStatus | null)[]
  /** the newest round that all who are there agree on */
  readonly last: RoundSummary | null
  readonly rounds: number
  readonly measured: { auc: number; round: number } | null
  readonly secondsLeft: number | null
  readonly notes: readonly string[]
}

/** Adds emphasis where the terminal can show it. */
export interface Ink {
  strong(text: string): string
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
}

const PHASES: Readonly<Record<string, string>> = {
  starting: 'starting',
  training: 'training on its own records',
  idle: 'waiting for the others',
  ready: 'trained, waiting for the others',
  opened: 'adding noise and masks',
  uploaded: 'sending masked chunks',
  voting: 'voting on who is in',
  committed: 'releasing its key',
  released: 'adding up the sum',
  summed: 'voting on the result',
  done: 'round certified',
  'catching-up': 'catching up',
  finished: 'finished',
}

/** What a node does, in words. */
export function phaseText(phase: string): string {
  return PHASES[phase] ?? phase
}

/** The live picture, one text a line. */
export function liveLines(snapshot: Snapshot, ink: Ink): string[] {
  const { sites, statuses, last, rounds, measured, secondsLeft, notes } = snapshot
  const front = frontOf(statuses)
  const done = last?.round ?? 0
  const width = Math.max(...sites.map(({ site }) => site.length))
  return [
    `  Round ${Math.min(done + 1, rounds)} of ${rounds}  ${bar(done / rounds)}  ${timeText(secondsLeft)}`,
    `  Phase ${front === undefined ? 'starting' : `${phaseText(front.phase)}, view ${front.view}`}`,
    '',
    ...sites.map(({ site }, at) => `    ${siteLine({ site, status: statuses[at] ?? null, last, width }, ink)}`),
    '',
    `  AUC on the test records  ${measured === null ? 'not measured yet' : `${measured.auc.toFixed(3)}, after round ${measured.round}`}`,
    ...epsilonLines(front?.epsilon ?? null).map(line => `  ${line}`),
    ...notes.map(note => ink.bad(`  ${note}`)),
  ]
}

/** The status of whoever is furthest. */
function frontOf(statuses: readonly (NodeStatus | null)[]): NodeStatus | undefined {
  const answers = statuses.filter(status => status !== null)
  return answers.reduce<NodeStatus | undefined>(
    (most, status) => (most && most.round >= status.round ? most : status),
    undefined,
  )
}

function siteLine(
  { site, status, last, width }: { site: string; status: NodeStatus | null; last: RoundSummary | null; width: number },
  ink: Ink,
): string {
  const name = site.padEnd(width)
  if (status === null) return `${ink.bad('x')} ${name}  ${ink.bad(last === null ? 'starting' : 'absent')}`
  const present = status.peers.filter(({ state }) => state === 'connected').length
  const contributed = last?.contributors.includes(site)
  const mark = contributed ? ink.good('●') : '○'
  const seen = last === null ? ` (${present} others found)` : contributed ? '' : ` (not in round ${last.round})`
  return `${mark} ${name}  ${phaseText(status.phase)}${seen}`
}

/** The three epsilons so far; whoever shows one shows all three. */
function epsilonLines(epsilon: EpsilonStatus | null): string[] {
  if (epsilon === null) return []
  const { delta, cap, colluding, model, alone } = epsilon
  return [
    `Privacy spent so far, for one record at delta ${delta.toExponential()} (a patient with several records is not covered):`,
    `  epsilon ${epsilonText(colluding)} of ${epsilonText(cap)} against the tolerated colluders: what is charged`,
    `  epsilon ${epsilonText(model)} against everyone who sees the model`,
    `  epsilon ${epsilonText(alone)} against all other hospitals colluding`,
  ]
}

function bar(share: number): string {
  const full = Math.round(share * BAR_WIDTH)
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${Math.floor(100 * share)} %`
}

function timeText(seconds: number | null): string {
  if (seconds === null) return ''
  return seconds < 90 ? `about ${Math.ceil(seconds)} s left` : `about ${Math.ceil(seconds / 60)} min left`
}

/** One line for a finished round, for terminals that cannot redraw and for logs. */
export function roundLine(
  summary: RoundSummary,
  { rounds, sites, epsilon, auc }: { rounds: number; sites: number; epsilon: EpsilonStatus | null; auc: number | null },
): string {
  const { round, outcome, views, contributors, durationMs, trainMs, checkpoint, agreed } = summary
  return [
    `round ${String(round).padStart(String(rounds).length)}/${rounds}`,
    outcome === 'result' ? `in view ${views - 1}` : 'VOID',
    contributors.join(' '),
    `${(durationMs / 1000).toFixed(2)} s (training ${(trainMs / 1000).toFixed(2)} s)`,
    `model ${checkpoint.slice(0, 8)} at ${agreed} of ${sites}`,
    ...(epsilon === null
      ? []
      : [`epsilon ${[epsilon.model, epsilon.colluding, epsilon.alone].map(epsilonText).join(' / ')}`]),
    ...(auc === null ? [] : [`AUC ${auc.toFixed(3)}`]),
  ].join('  ')
}
