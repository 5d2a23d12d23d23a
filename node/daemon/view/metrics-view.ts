/** What the metrics show of this node. @module */

import { statfsSync } from 'node:fs'
import type { MetricsView, StudyMetrics } from '../../metrics/metrics.ts'
import { STUDY_PHASES, type StudyPhase } from '../../metrics/table.ts'
import type { StrikeReason } from '../../network/limits/strikes.ts'
import type { PeerClocks } from '../peer-clocks.ts'
import type { NodeShared } from '../running-study.ts'
import type { Studies, StudyEntry } from '../studies.ts'

const STARTED_MS = Date.now()

export function metricsView({
  shared,
  studies,
  clocks,
  ready,
}: {
  shared: NodeShared
  studies: Studies
  clocks: PeerClocks
  ready: { readonly ready: boolean }
}): MetricsView {
  const { ledger, config, host, folder } = shared
  const entries = studies.list()
  const [account] = ledger.books.balances().filter(({ population }) => population === config.privacy.population)
  const strikes: Partial<Record<StrikeReason, number>> = {}
  for (const { reason, count } of host.guard.strikes.list()) strikes[reason] = (strikes[reason] ?? 0) + count
  const statuses = entries.flatMap(({ running }) => running?.status() ?? [])
  return {
    ...{ startedMs: STARTED_MS, ready: ready.ready, strikes, memoryBytes: process.memoryUsage.rss() },
    eventLoopLagP99Ms: Math.max(0, ...statuses.map(({ eventLoopLagP99Ms }) => eventLoopLagP99Ms)),
    diskFreeBytes: freeBytes(folder),
    clockDifferenceMs: clocks.differenceMs(),
    account: account === undefined ? null : { spent: account.epsilon, cap: config.privacy.epsilonMax },
    evidenceFiles: statuses.reduce((sum, { evidence }) => sum + evidence, 0),
    studies: entries.map(studyMetrics),
  }
}

function studyMetrics({ approved, state, running }: StudyEntry): StudyMetrics {
  const status = running?.status()
  const peers = status?.peers ?? []
  const count = (wanted: string): number => peers.filter(peer => peer.state === wanted).length
  return {
    study: approved.study,
    phase: phaseOf(state, status?.phase),
    ...{ round: status?.round ?? 0, rounds: status?.rounds ?? 0, records: running?.rounds() ?? [] },
    idleMs: running?.idleMs() ?? null,
    epsilon: status?.epsilon ?? null,
    ...{ connected: count('connected'), absent: count('absent') },
  }
}

function phaseOf(state: StudyEntry['state'], phase: string | undefined): StudyPhase {
  if (phase !== undefined && STUDY_PHASES.includes(phase as StudyPhase)) return phase as StudyPhase
  if (state === 'finished' || state === 'starting') return state
  return state === 'failed' ? 'halted' : 'outside'
}

function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return null
  }
}
