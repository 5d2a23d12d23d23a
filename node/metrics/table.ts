/**
 * Every metric of a node: its name, with its unit, its type, help and labels. A label's values are a closed set; a study
 * is the first digits of its id; no label holds a peer id or a name, so that whoever reads the metrics learns how the
 * node does and not who takes part.
 *
 * @module
 */

import type { Phase } from '../../protocols/round/state.ts'
import { STRIKE_WEIGHTS, type StrikeReason } from '../network/limits/strikes.ts'

/** Where a study is: a phase of its round, or the start before the first. */
export type StudyPhase = Phase | 'starting'

export const STUDY_PHASES = Object.keys({
  ...{ starting: true, idle: true, ready: true, opened: true, uploaded: true, voting: true, committed: true },
  ...{ released: true, summed: true, done: true, 'catching-up': true, finished: true, outside: true, halted: true },
} satisfies Record<StudyPhase, true>) as StudyPhase[]

/** Hex digits of a study's id in its label. */
export const STUDY_LABEL_DIGITS = 12
/** Studies that are shown; of more, the first. It bounds the number of series. */
export const STUDIES_SHOWN_MAX = 64

/** The values of each label; `null`: digits of a study's id, at most `STUDIES_SHOWN_MAX` of them. */
export const LABELS = {
  study: null,
  phase: STUDY_PHASES,
  outcome: ['result', 'void'],
  observer: ['model', 'colluding', 'alone'],
  state: ['connected', 'absent'],
  reason: Object.keys(STRIKE_WEIGHTS) as readonly StrikeReason[],
} as const satisfies Record<string, readonly string[] | null>

export type LabelName = keyof typeof LABELS

export interface MetricRow {
  readonly kind: 'gauge' | 'counter' | 'histogram'
  readonly help: string
  readonly labels: readonly LabelName[]
  /** upper bounds of a histogram, in the metric's unit */
  readonly buckets?: readonly number[]
}

const gauge = (help: string, ...labels: LabelName[]): MetricRow => ({ kind: 'gauge', help, labels })
const counter = (help: string, ...labels: LabelName[]): MetricRow => ({ kind: 'counter', help, labels })

/** From a round of a laptop's simulation to one that a slow uplink holds up for an hour. */
const ROUND_SECONDS_BUCKETS = [1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600]

export const METRICS = {
  confrere_start_time_seconds: gauge('Time at which the node started, in seconds since 1970.'),
  confrere_ready: gauge('1 when the node can take part in a round of every study under way, else 0.'),
  confrere_event_loop_lag_seconds: gauge('99th percentile of the delay of the event loop.'),
  confrere_resident_memory_bytes: gauge('Memory of the process, its worker threads included.'),
  confrere_disk_free_bytes: gauge("Space that is left to the node on its data folder's file system."),
  confrere_clock_difference_seconds: gauge(
    "This machine's clock less the median of its peers' clocks; absent while no peer is connected.",
  ),
  confrere_account_spent_epsilon: gauge(
    "Epsilon of the account that the node's studies spend from, over all its studies.",
  ),
  confrere_account_cap_epsilon: gauge('Epsilon at which the node takes part in no more rounds.'),
  confrere_evidence_files: gauge("Files that prove another hospital's lie."),
  confrere_strikes_total: counter("Other hospitals' offences against the limits since the start.", 'reason'),
  confrere_study_phase: gauge('1 for the phase that the study is in, 0 for the others.', 'study', 'phase'),
  confrere_study_round: gauge('Number of the round under way.', 'study'),
  confrere_study_planned_rounds: gauge('Rounds that the study has in all.', 'study'),
  confrere_study_idle_seconds: gauge(
    'Time since the study last made progress: a finished round, or rounds caught up.',
    'study',
  ),
  confrere_study_rounds_total: counter('Finished rounds, those before the last start included.', 'study', 'outcome'),
  confrere_study_round_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the end of the round before to the end of the round.',
    labels: ['study'],
    buckets: ROUND_SECONDS_BUCKETS,
  },
  confrere_study_sent_bytes_total: counter('Bytes sent to other hospitals in finished rounds.', 'study'),
  confrere_study_spent_epsilon: gauge('Epsilon spent in the study, by whom it is against.', 'study', 'observer'),
  confrere_study_cap_epsilon: gauge(
    "The smaller of the study's epsilon and the node's own limit; it holds for the observer colluding.",
    'study',
  ),
  confrere_study_peers: gauge('Other hospitals of the roster, by whether they are connected.', 'study', 'state'),
} as const satisfies Record<string, MetricRow>

export type MetricName = keyof typeof METRICS
