/** What a study shows of itself while it starts: reading its records, joining the others. @module */

import { plannedRounds } from '../../protocols/ledger/spending.ts'
import { lastRound } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { IDLE_STATUS, type NodeStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import { epsilonText, observerWords, promisedText, severalHospitalsLine } from '../privacy/epsilon-text.ts'
import { computedPricesOf } from '../privacy/patient-epsilons.ts'
import { readVersion } from '../version.ts'
import type { WorkerClient } from '../worker/worker-client.ts'
import type { WorkerProgress } from '../worker/worker-thread.ts'

/** What the node is doing before it takes part in a study, in words. */
export type StartupStage = 'reading the records' | `${WorkStage}: ${number} %` | 'joining the network'

type WorkStage = 'reading files of records' | 'computing features of the records'

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

const WORK: { readonly [What in WorkerProgress['what']]: { stage: WorkStage; log: string } } = {
  files: { stage: 'reading files of records', log: 'reading files of records, once: they are kept on disk' },
  features: {
    stage: 'computing features of the records',
    log: 'computing features of the records, once: they are kept on disk',
  },
}

/** Shows how many of the records are read, or their features computed: to whoever asks, and in the log. */
export function recordProgress(startup: Startup, log: Pick<Logger, 'info'>): (progress: WorkerProgress) => void {
  let logged = 0
  return ({ what, done, of }) => {
    const percent = Math.floor((100 * done) / of)
    startup.stage = percent === 100 ? 'reading the records' : `${WORK[what].stage}: ${percent} %`
    if (percent === 100) logged = 0
    if (percent < logged || percent === 100) return
    logged = percent + LOGGED_STEP
    log.info({ done, of }, WORK[what].log)
  }
}

/** Logs what the study promises, and what of it is left to a patient whom several hospitals know. */
export async function tellPromise(
  document: StudyDocument,
  worker: Pick<WorkerClient, 'epsilonsOfCopies'>,
  log: Pick<Logger, 'info'>,
): Promise<void> {
  const { unit, copies, privacy } = document
  const { delta, epsilon, colluders } = privacy
  const epsilonsOfPatient = await computedPricesOf(document, plannedRounds(document), worker.epsilonsOfCopies)
  if (epsilonsOfPatient === null) return
  log.info(
    { epsilon, delta, unit, copies, epsilonsOfPatient },
    `over all rounds at most epsilon ${epsilonText(epsilon)} of ${promisedText(document)}; ` +
      severalHospitalsLine(epsilonsOfPatient, observerWords(colluders)),
  )
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

/** What a study shows of itself while it starts. */
export function startupStatus({ stage, peer, site, study, population, document }: Startup): NodeStatus {
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
    rounds: lastRound(document),
    noiseMultiplier: document.privacy.noiseMultiplier,
    memoryBytes: process.memoryUsage.rss(),
  }
}
