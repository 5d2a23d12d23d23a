/** A view of a node in the middle of a study, for tests of its metrics. */

import type { MetricsView, StudyMetrics } from '../../node/metrics/metrics.ts'

export const STUDY_METRICS: StudyMetrics = {
  study: '0123456789abcdef'.repeat(4),
  phase: 'voting',
  round: 3,
  rounds: 100,
  idleMs: 1500,
  records: [
    { outcome: 'result', durationMs: 4000, bytesSent: 100 },
    { outcome: 'void', durationMs: 90_000, bytesSent: 20 },
    { outcome: 'result', durationMs: 5000, bytesSent: 3 },
  ],
  epsilon: { model: 0.5, colluding: 0.75, alone: 1.25, cap: 2 },
  connected: 2,
  absent: 1,
}

export const METRICS_VIEW: MetricsView = {
  startedMs: 1_700_000_000_000,
  ready: true,
  eventLoopLagP99Ms: 12,
  memoryBytes: 400e6,
  diskFreeBytes: 50e9,
  clockDifferenceMs: -250,
  account: { spent: 1, cap: 8 },
  evidenceFiles: 0,
  strikes: { 'too-slow': 2 },
  studies: [STUDY_METRICS],
}
