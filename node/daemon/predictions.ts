/** Private predictions of the running node: served where the config says so, of every study that it takes part in. @module */

import { systemClock } from '../clock.ts'
import type { NodeConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'
import { PredictionService, type ServedStudy } from '../prediction/via/prediction-service.ts'
import { type Identity, peerIdString } from '../storage/identity.ts'
import type { StudyEntry } from './studies.ts'

export interface PredictionsInit {
  readonly folder: string
  readonly config: Pick<NodeConfig, 'serve'>
  readonly identity: Identity
  readonly log: Pick<Logger, 'info'>
  /** the studies of this node, once there are any */
  readonly studies: () => readonly StudyEntry[]
}

/** The service; null where the config does not ask for it. */
export function predictionsOf({ folder, config, identity, log, studies }: PredictionsInit): PredictionService | null {
  if (!config.serve.predictions) return null
  const study = (id: string): ServedStudy | undefined => {
    const entry = studies().find(({ approved, state }) => approved.study === id && state !== 'left')
    return entry === undefined ? undefined : servedStudy(entry, identity.peer)
  }
  const perHour = config.serve.predictionsPerHour
  return new PredictionService({ folder, identity, perHour, study, log, now: Date.now, clock: systemClock })
}

/** The roster is that of the last certified round while the study runs, else the document's. */
function servedStudy({ approved: { document }, running, state }: StudyEntry, self: string): ServedStudy {
  const others = running === null || state === 'starting' ? [] : running.status().peers.map(({ peer }) => peer)
  const founding = document.hospitals.map(({ id }) => peerIdString(id))
  return { document, peers: others.length > 0 ? [self, ...others] : founding }
}
