/** A node's metrics in the text format of Prometheus, made anew for each request from a view of the node. @module */

import { Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client'
import type { StrikeReason } from '../network/limits/strikes.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import {
  LABELS,
  type LabelName,
  METRICS,
  type MetricName,
  type MetricRow,
  STUDIES_SHOWN_MAX,
  STUDY_LABEL_DIGITS,
  type StudyPhase,
} from './table.ts'

/** What the metrics show of one study. */
export interface StudyMetrics {
  /** hex */
  readonly study: string
  readonly phase: StudyPhase
  readonly round: number
  /** rounds that the study has in all */
  readonly rounds: number
  /** since its last progress; null while it starts */
  readonly idleMs: number | null
  /** finished rounds, those before this start included */
  readonly records: readonly Pick<RoundRecord, 'outcome' | 'durationMs' | 'bytesSent'>[]
  /** null while they are not known */
  readonly epsilon: {
    readonly model: number
    readonly colluding: number
    readonly alone: number
    readonly cap: number
  } | null
  /** other hospitals of the roster */
  readonly connected: number
  readonly absent: number
}

/** What the metrics show of a node. What is not known is null and left out. */
export interface MetricsView {
  /** ms since 1970 */
  readonly startedMs: number
  readonly ready: boolean
  readonly eventLoopLagP99Ms: number
  readonly memoryBytes: number
  readonly diskFreeBytes: number | null
  /** own clock less the median of the peers' */
  readonly clockDifferenceMs: number | null
  readonly account: { readonly spent: number; readonly cap: number } | null
  readonly evidenceFiles: number
  /** counts since the start; reasons without one may be left out */
  readonly strikes: Readonly<Partial<Record<StrikeReason, number>>>
  readonly studies: readonly StudyMetrics[]
}

/** The metrics' text and its media type. */
export interface RenderedMetrics {
  readonly contentType: string
  readonly text: string
}

type Labels = Partial<Record<LabelName, string>>
/** One value of a metric; of a histogram one observation. */
interface Sample {
  readonly name: MetricName
  readonly labels: Labels
  readonly value: number
}

/** Renders all metrics. Nothing is kept from one call to the next: a study that was left has no series any more. */
export async function renderMetrics(view: MetricsView): Promise<RenderedMetrics> {
  const registry = new Registry()
  const metrics = new Map<string, Metric>()
  for (const [name, row] of Object.entries<MetricRow>(METRICS)) metrics.set(name, createMetric(registry, name, row))
  for (const sample of samplesOf(view)) record(metrics.get(sample.name), sample)
  return { contentType: registry.contentType, text: await registry.metrics() }
}

function createMetric(registry: Registry, name: string, { kind, help, labels, buckets }: MetricRow): Metric {
  const settings = { name, help, labelNames: [...labels], registers: [registry] }
  if (kind === 'histogram') return new Histogram({ ...settings, buckets: [...(buckets ?? [])] })
  const metric = kind === 'counter' ? new Counter(settings) : new Gauge(settings)
  // a metric without labels begins as 0, which a value that is not known is not
  if (labels.length === 0) metric.remove()
  return metric
}

function record(metric: Metric | undefined, { labels, value }: Sample): void {
  if (metric instanceof Histogram) metric.observe(labels, value)
  else if (metric instanceof Counter) metric.inc(labels, value)
  else if (metric instanceof Gauge) metric.set(labels, value)
}

function* samplesOf(view: MetricsView): Generator<Sample> {
  const { account, clockDifferenceMs, diskFreeBytes, strikes } = view
  const node: Partial<Record<MetricName, number | null | undefined>> = {
    confrere_start_time_seconds: seconds(view.startedMs),
    confrere_ready: Number(view.ready),
    confrere_event_loop_lag_seconds: seconds(view.eventLoopLagP99Ms),
    confrere_resident_memory_bytes: view.memoryBytes,
    confrere_disk_free_bytes: diskFreeBytes,
    confrere_clock_difference_seconds: clockDifferenceMs === null ? null : seconds(clockDifferenceMs),
    confrere_account_spent_epsilon: account?.spent,
    confrere_account_cap_epsilon: account?.cap,
    confrere_evidence_files: view.evidenceFiles,
  }
  yield* known(node, {})
  // every reason from the beginning: a rate needs a series before its first count
  for (const reason of LABELS.reason)
    yield { name: 'confrere_strikes_total', labels: { reason }, value: strikes[reason] ?? 0 }
  for (const study of view.studies.slice(0, STUDIES_SHOWN_MAX)) yield* samplesOfStudy(study)
}

function* samplesOfStudy({ study: id, phase, records, epsilon, ...rest }: StudyMetrics): Generator<Sample> {
  const study = id.slice(0, STUDY_LABEL_DIGITS)
  const values: Partial<Record<MetricName, number | null | undefined>> = {
    confrere_study_round: rest.round,
    confrere_study_planned_rounds: rest.rounds,
    confrere_study_idle_seconds: rest.idleMs === null ? null : seconds(rest.idleMs),
    confrere_study_sent_bytes_total: records.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    confrere_study_cap_epsilon: epsilon?.cap,
  }
  yield* known(values, { study })
  for (const name of LABELS.phase)
    yield { name: 'confrere_study_phase', labels: { study, phase: name }, value: Number(name === phase) }
  for (const outcome of LABELS.outcome) {
    const value = records.filter(record => record.outcome === outcome).length
    yield { name: 'confrere_study_rounds_total', labels: { study, outcome }, value }
  }
  for (const { durationMs } of records)
    yield { name: 'confrere_study_round_duration_seconds', labels: { study }, value: seconds(durationMs) }
  for (const observer of LABELS.observer)
    if (epsilon !== null)
      yield { name: 'confrere_study_spent_epsilon', labels: { study, observer }, value: epsilon[observer] }
  for (const state of LABELS.state) yield { name: 'confrere_study_peers', labels: { study, state }, value: rest[state] }
}

function* known(values: Partial<Record<MetricName, number | null | undefined>>, labels: Labels): Generator<Sample> {
  for (const [name, value] of Object.entries(values) as [MetricName, number | null | undefined][])
    if (value !== null && value !== undefined) yield { name, labels, value }
}

function seconds(ms: number): number {
  return ms / 1000
}
