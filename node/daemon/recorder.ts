/**
 * Remembers what a node may show of itself: phases, finished rounds, the three epsilons, the last error.
 *
 * @module
 */

import { NO_ROUNDS, plus } from '../../protocols/ledger/spending.ts'
import type { Evidence } from '../../protocols/messages/evidence.ts'
import type { StepContext } from '../../protocols/round/context.ts'
import type { Notice } from '../../protocols/round/effects.ts'
import { createEpsilonAccount, type EpsilonAccount } from '../../protocols/study/epsilons.ts'
import { roundKind } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { EpsilonStatus, NodeStatus } from '../http/status.ts'
import type { Logger } from '../log.ts'
import { observerWords } from '../privacy/epsilon-text.ts'
import { type PatientPrices, pricesOf } from '../privacy/patient-epsilons.ts'
import type { RoundRecord } from '../storage/round-record.ts'
import type { SavedCharge } from '../storage/store.ts'
import type { DriverListener } from './driver.ts'

export interface RecorderInit {
  readonly context: StepContext
  readonly document: StudyDocument
  readonly epsilonMax: number
  /** rounds finished before this start */
  readonly records: readonly RoundRecord[]
  /** rounds charged before this start */
  readonly charges: readonly SavedCharge[]
}

/** Where what is recorded goes, and comes from. */
export interface RecorderOutputs {
  readonly log: Logger
  readonly bytesSent: () => number
  readonly store: (record: RoundRecord) => void
  readonly patients: PatientPrices
  /** a peer broke the protocol; evidence proves it to anybody, null is a suspicion */
  readonly accuse: (peer: string, code: string, evidence: Evidence | null) => void
  readonly now: () => number
}

export interface Recorder extends DriverListener {
  readonly records: readonly RoundRecord[]
  readonly phase: string
  readonly view: number
  readonly lastError: { code: string; message: string } | null
  epsilon(): EpsilonStatus
  epsilonsOfPatient(): NodeStatus['epsilonsOfPatient']
  failed(code: string, message: string): void
}

/** @param outputs `bytesSent` is what was sent for the study so far; `store` keeps a finished round's record */
export function createRecorder(
  { context, document, epsilonMax, records: before, charges }: RecorderInit,
  { log, bytesSent, store, patients, accuse, now }: RecorderOutputs,
): Recorder {
  const account: EpsilonAccount = createEpsilonAccount(document)
  let charged = NO_ROUNDS
  const ofPatient = () => pricesOf(document, charged, patients)
  const charge = ({ contributors, round }: SavedCharge): void => {
    account.charge({ contributors, kind: roundKind(document, round) })
    charged = plus(charged, { [roundKind(document, round)]: 1 })
  }
  for (const before of charges) charge(before)
  const records = [...before]
  let phase = 'starting'
  let view = 0
  let { roster } = context
  let lastError: { code: string; message: string } | null = null
  let round = { started: now(), trainedAt: undefined as number | undefined, trainMs: 0, bytes: 0 }

  function complete(notice: Extract<Notice, { kind: 'completed' }>): void {
    const { trainedAt, trainMs, started, bytes } = round
    const record: RoundRecord = {
      round: notice.round,
      outcome: notice.outcome,
      views: notice.views,
      contributors: notice.contributors.map(member => roster.peers[member] as string),
      durationMs: now() - started,
      trainMs,
      beyondMs: trainedAt === undefined ? 0 : now() - trainedAt,
      bytesSent: bytesSent() - bytes,
      checkpoint: notice.checkpoint,
      finishedAt: new Date().toISOString(),
    }
    records.push(record)
    store(record)
    log.info({ ...record, contributors: record.contributors.length }, 'round certified')
    round = { started: now(), trainedAt: undefined, trainMs: 0, bytes: bytesSent() }
  }

  return {
    records,
    get phase() {
      return phase
    },
    get view() {
      return view
    },
    get lastError() {
      return lastError
    },
    epsilon: () => ({
      ...account.epsilons(),
      ...{ unit: document.unit, copies: document.copies, delta: document.privacy.delta },
      cap: Math.min(document.privacy.epsilon, epsilonMax),
      against: observerWords(document.privacy.colluders),
    }),
    epsilonsOfPatient: ofPatient,
    failed(code, message) {
      lastError = { code, message }
    },
    notice(notice) {
      if (notice.kind === 'phase') {
        phase = notice.phase
        view = notice.view
        log.debug({ round: notice.round, view, phase }, 'phase')
      } else if (notice.kind === 'completed') complete(notice)
      else if (notice.kind === 'refused') {
        lastError = { code: notice.code, message: notice.reason }
        log.warn({ round: notice.round, code: notice.code }, notice.reason)
      } else if (notice.kind === 'roster') {
        roster = notice.roster
        log.info({ round: notice.round, version: roster.version, hospitals: roster.peers.length }, 'a new roster holds')
      } else log.info({ rounds: notice.round }, 'the study is finished; serving late peers until stopped')
    },
    trained(_round, ms) {
      round.trainMs = ms
      round.trainedAt = now()
    },
    blamed(peer, code, evidence) {
      log.warn({ peer, code, proven: evidence !== null }, 'a peer broke the protocol')
      accuse(peer, code, evidence)
    },
    charged(one) {
      charge(one)
      // so that they are known when they are asked for
      ofPatient()
    },
  }
}
