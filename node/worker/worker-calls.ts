/**
 * The heavy work of a node: training, noise and masks, sums, optimizer steps. It runs in a worker thread, so that no
 * handshake or heartbeat waits for it; in tests it may run in place.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto'
import type { Rng } from '../../crypto/rng.ts'
import { epsilonsOfCopies } from '../../protocols/ledger/spending.ts'
import { searchSeen } from '../../protocols/model/search-state.ts'
import type { Member } from '../../protocols/roster/roster.ts'
import { createRunner } from '../../protocols/secure-sum/job-runner.ts'
import type { RoundJob, RoundOutput } from '../../protocols/secure-sum/jobs.ts'
import { decodeStudy, studyIdOf } from '../../protocols/study/document.ts'
import { layoutOf } from '../../protocols/study/evaluation.ts'
import { noiseOfStep } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy, sumIn } from '../../protocols/study/plan.ts'
import { roundKind } from '../../protocols/study/rounds.ts'
import type { DatasetCounts } from '../datasets/dataset.ts'
import type { DataSource } from '../datasets/source.ts'
import type { DoorSettings } from '../privacy/patient-door.ts'
import { type MaskedChunk, RoundFiles } from '../storage/round-files.ts'
import type { Trainer } from '../training/trainer.ts'
import { type EvaluationsSeen, evaluationsSeen, type OwnCounts } from './evaluations-seen.ts'
import { trainUpdate } from './local-update.ts'
import { measuredFloor } from './ready-floor.ts'

export interface TrainingSettings {
  readonly engine: 'auto' | 'tensorflow-gpu' | 'tensorflow' | 'wasm'
  /** the records */
  readonly source: DataSource
  readonly door: DoorSettings
  /** folder of the caches of records */
  readonly cache: string
  /** of the node: a withdrawal is written there while the node runs */
  readonly dataFolder: string
}

export interface WorkerSettings {
  readonly folder: string
  /** encoded study document */
  readonly document: Uint8Array
  /** undefined: no data, every update is `synthetic` */
  readonly training?: TrainingSettings
}

export interface PulledChunk {
  readonly sid: string
  readonly chunk: number
  readonly member: Member
  readonly bytes: Uint8Array
  readonly path: readonly Uint8Array[]
}

/** The calls of a worker; each is one message to it. */
export interface WorkerCalls {
  engine(): string
  /** records that occur earlier in the data already */
  repeatedRecords(): number
  /** for the operator of this node alone */
  recordCounts(): DatasetCounts
  /** when a round's training may be said to be done, see ready-floor.ts; it takes two rounds' training to find out */
  readyFloorMs(): number
  run(job: RoundJob): RoundOutput
  /** trains one round's update; returns the time that it took, ms */
  train(round: number): number
  chunk(wanted: { round: number; sid: string; owners: number; chunk: number }): MaskedChunk | undefined
  /** a chunk that we hold of another member's masked vector */
  part(wanted: { sid: string; chunk: number; member: Member }): MaskedChunk | undefined
  putPart(part: PulledChunk): void
  sum(hash: string): Uint8Array | undefined
  putSum(round: number, hash: string, bytes: Uint8Array): void
  checkpoint(hash: string): Uint8Array | undefined
  putCheckpoint(hash: string, bytes: Uint8Array): void
  adopt(hash: string | null, round: number): void
  /** what the study's evaluations have shown so far; null in studies without */
  evaluations(): EvaluationsSeen | null
  /** the accountant, for whom the main thread has no time */
  epsilonsOfCopies: typeof epsilonsOfCopies
}

const secure: Rng = target => {
  randomFillSync(target)
}

/**
 * Builds the worker calls of one study.
 *
 * @param rng of the noise; cryptographically secure
 */
export function createWorkerCalls(settings: WorkerSettings, trainer: Trainer, rng: Rng = secure): WorkerCalls {
  const document = decodeStudy(settings.document)
  const study = Buffer.from(studyIdOf(document)).toString('hex')
  const plan = planStudy(document)
  const vectors = new RoundFiles({ folder: settings.folder, document, study })
  const layout = layoutOf(document)
  let own: OwnCounts | null = null
  const run = createRunner(vectors, { document, rng })
  return {
    engine: () => trainer.engine,
    repeatedRecords: () => trainer.repeatedRecords,
    recordCounts: () => trainer.recordCounts,
    readyFloorMs: () => measuredFloor(document, trainer),
    run,
    train(round) {
      const start = performance.now()
      const checkpoint = vectors.current()
      const update = trainUpdate({ document, plan, trainer, checkpoint, round }, rng)
      vectors.setUpdate(round, update)
      const sum = sumIn(plan, round)
      if (roundKind(document, round) === 'evaluation' && noiseOfStep(document.privacy, sum) === 0) {
        own = { round, counts: Float32Array.from(update, word => word / sum.fixedPoint.scale) }
      }
      return performance.now() - start
    },
    chunk: wanted => vectors.chunk(wanted),
    part: ({ sid, chunk, member }) => vectors.heldPart(sid, chunk, member),
    putPart: part => vectors.putPart(part),
    sum: hash => vectors.sum(hash),
    putSum: (round, hash, bytes) => vectors.putSum(round, hash, bytes),
    checkpoint: hash => vectors.checkpoint(hash),
    putCheckpoint: (hash, bytes) => vectors.putCheckpoint(hash, bytes),
    adopt: (hash, round) => vectors.adopt(hash, round),
    evaluations: () => {
      const { evaluation } = vectors.current()
      if (evaluation === null || layout === null) return null
      return evaluationsSeen(evaluation, own, layout, searchSeen(document, evaluation))
    },
    epsilonsOfCopies,
  }
}
