/** What a node shows of itself while it starts: opening its store, reading its records, joining the others. @module */

import type { StudyDocument } from '../../protocols/study/types.ts'
import type { HttpSources } from '../http/http.ts'
import type { NodeStatus } from '../http/status.ts'
import { readVersion } from '../version.ts'

/** What the node is doing before it takes part, in words. */
export type StartupStage = 'opening the store' | 'reading the records' | 'joining the network'

export interface Startup {
  stage: StartupStage
  readonly peer: string
  readonly site: string
  /** hex */
  readonly study: string
  readonly document: Pick<StudyDocument, 'name' | 'rounds' | 'privacy'>
}

/** The sources of the local interface until the node has begun: alive, not ready, and why. */
export function startupSources(startup: Startup): Omit<HttpSources, 'live' | 'onError'> {
  return {
    status: () => startupStatus(startup),
    rounds: () => [],
    privacy: () => null,
    ready: () => ({ ready: false, reasons: [`the node is starting: ${startup.stage}`] }),
  }
}

function startupStatus({ peer, site, study, document }: Startup): NodeStatus {
  return {
    peer,
    site,
    version: readVersion(),
    study,
    studyName: document.name,
    phase: 'starting',
    round: 0,
    rounds: document.rounds,
    view: 0,
    peers: [],
    contributors: [],
    epsilon: null,
    noiseMultiplier: document.privacy.noiseMultiplier,
    engine: null,
    checkpoint: null,
    memoryBytes: process.memoryUsage.rss(),
    eventLoopLagP99Ms: 0,
    lastError: null,
    roster: { version: 0, approving: null },
    strikes: [],
    evidence: 0,
  }
}
