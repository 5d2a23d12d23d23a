/** The live view of the demonstration: turns a snapshot into lines. @module */

import { figureText } from '../../node/evaluation/metrics.ts'
import type { EpsilonStatus, NodeStatus } from '../../node/http/status.ts'
import { type EpsilonObserver, observerName } from '../../node/privacy/epsilon-text.ts'
import { epsilonLines, secondsText } from './epsilon-text.ts'
import type { RoundSummary } from './round-history.ts'

const BAR_WIDTH = 30

/** A hospital's static facts. */
export interface Site {
  readonly site: string
  readonly peer: string
  readonly records: number
  /** of the last class in its records, between 0 and 1 */
  readonly share: number
}

export interface Snapshot {
  readonly sites: readonly Site[]
  /** null: does not answer */
  readonly statuses: readonly (NodeStatus | null)[]
  /** the largest that any node has spent */
  readonly epsilon: EpsilonStatus | null
  /** the newest round that all present hospitals have reported */
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

/** A node's phase in words. */
function phaseText(phase: string): string {
  return PHASES[phase] ?? phase
}

/** The live picture, one text a line. */
export function liveLines(snapshot: Snapshot, ink: Ink): string[] {
  const { sites, statuses, epsilon, last, rounds, measured, secondsLeft, notes } = snapshot
  const front = frontOf(statuses)
  const done = last?.round ?? 0
  const width = Math.max(...sites.map(({ site }) => site.length))
  return [
    `  Round ${Math.min(done + 1, rounds)} of ${rounds}  ${bar(done / rounds)}  ${timeText(secondsLeft)}`,
    `  Phase ${front === undefined ? 'starting' : `${phaseText(front.phase)}, view ${front.view}`}`,
    `  ${last === null ? 'No round has ended yet' : lastText(last, sites.length)}`,
    '',
    ...sites.map(({ site }, at) => `    ${siteLine({ site, status: statuses[at] ?? null, last, width }, ink)}`),
    '',
    `  AUC on the test records  ${measured === null ? 'not measured yet' : `${figureText(measured.auc, null, 3)}, after round ${measured.round}`}`,
    ...privacyLines(epsilon),
    ...notes.map(note => ink.bad(`  ${note}`)),
  ]
}

function lastText(
  { round, outcome, contributors, durationMs, checkpoint, agreed }: RoundSummary,
  sites: number,
): string {
  if (outcome === 'void') return `Round ${round} ended without a result`
  const who = `${contributors.length} of ${sites} contributed (●)`
  return `Round ${round} took ${secondsText(durationMs)}, ${who}, model ${checkpoint.slice(0, 8)} at ${agreed} of ${sites}`
}

/** The status of the node that is furthest. */
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
  if (status === null) return last === null ? `${ink.faint('○')} ${name}  starting` : ink.bad(`× ${name}  absent`)
  const present = status.peers.filter(({ state }) => state === 'connected').length
  const contributed = last?.contributors.includes(site)
  const mark = contributed ? ink.good('●') : '○'
  const seen = last === null ? ` (${present} others found)` : contributed ? '' : ` (not in round ${last.round})`
  return `${mark} ${name}  ${phaseText(status.phase)}${seen}`
}

function privacyLines(epsilon: EpsilonStatus | null): string[] {
  if (epsilon === null) return []
  const [first, ...rest] = epsilonLines(epsilon)
  return [`  Privacy spent so far, ${first}:`, ...rest.map(line => `    ${line}`)]
}

function bar(share: number): string {
  const full = Math.round(share * BAR_WIDTH)
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${Math.floor(100 * share)} %`
}

function timeText(seconds: number | null): string {
  if (seconds === null) return ''
  return seconds < 90 ? `about ${Math.ceil(seconds)} s left` : `about ${Math.ceil(seconds / 60)} min left`
}

/** The legend for the lines of `roundLine`. */
export function legendLine(colluders: number): string {
  const who = (observer: EpsilonObserver) => observerName(observer, colluders)
  return `Epsilon of one record so far is given against: ${who('model')} / ${who('colluding')}, what is charged / ${who('alone')}.`
}

/** One line for a finished round, for terminals that cannot redraw and for logs. */
export function roundLine(
  summary: RoundSummary,
  { rounds, sites, epsilon, auc }: { rounds: number; sites: number; epsilon: EpsilonStatus | null; auc: number | null },
): string {
  const { round, outcome, views, contributors, durationMs, trainMs, checkpoint, agreed } = summary
  return [
    `round ${String(round).padStart(String(rounds).length)}/${rounds}`,
    outcome === 'result' ? contributors.join(' ') : 'VOID',
    ...(views > 1 ? [`${views} views`] : []),
    `${secondsText(durationMs)} (training ${secondsText(trainMs)})`,
    `model ${checkpoint.slice(0, 8)} at ${agreed} of ${sites}`,
    ...(epsilon === null
      ? []
      : [
          `epsilon ${[epsilon.model, epsilon.colluding, epsilon.alone].map(value => (Math.ceil(value * 100 - 1e-9) / 100).toFixed(2)).join(' / ')}`,
        ]),
    ...(auc === null ? [] : [`AUC ${figureText(auc, null, 3)}`]),
  ].join('  ')
}
