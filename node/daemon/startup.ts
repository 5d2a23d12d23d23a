/** What a node shows of itself while it starts: opening its store, reading its records, joining the others. @module */

import { trainingRounds } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { HttpSources } from '../http/http.ts'
import { IDLE_STATUS, type NodeStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import { readVersion } from '../version.ts'
import type { WorkerProgress } from '../worker/worker-thread.ts'

/** What the node is doing before it takes part, in words. */
export type StartupStage =
  | 'opening the store'
  | 'reading the records'
  | `computing features of the records: ${number} %`
  | 'joining the network'

export interface Startup {
  stage: StartupStage
  readonly peer: string
  readonly site: string
  /** hex */
  readonly study: string
  readonly population: string | null
  readonly document: Pick<StudyDocument, 'name' | 'schedule' | 'privacy'>
}

/** Per cent between two lines of the log: a long wait must not look like a standstill. */
const LOGGED_STEP = 5

/** Shows how many of the records' features are computed: to whoever asks, and in the log. */
export function featureProgress(startup: Startup, log: Pick<Logger, 'info'>): (progress: WorkerProgress) => void {
  let logged = 0
  return ({ computed, of }) => {
    const percent = Math.floor((100 * computed) / of)
    startup.stage = percent === 100 ? 'reading the records' : `computing features of the records: ${percent} %`
    if (percent < logged || percent === 100) return
    logged = percent + LOGGED_STEP
    log.info({ computed, of }, 'computing features of the records, once: they are kept on disk')
  }
}

/** The work's result, or the signal's reason as soon as it is aborted: the work itself is left alone. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return await work()
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    return await Promise.race([work(), aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
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

function startupStatus({ stage, peer, site, study, population, document }: Startup): NodeStatus {
  return {
    ...IDLE_STATUS,
    peer,
    site,
    version: readVersion(),
    study,
    studyName: document.name,
    population,
    phase: 'starting',
    stage,
    rounds: trainingRounds(document),
    noiseMultiplier: document.privacy.noiseMultiplier,
    memoryBytes: process.memoryUsage.rss(),
  }
}
