/** Evaluates the model on the test records in this process, because no hospital has them. @module */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Dataset } from '../../node/datasets/dataset.ts'
import { gapsOf, type MetricGaps, type Metrics } from '../../node/evaluation/metrics.ts'
import { type FoundCheckpoint, readNewestCheckpoint } from '../../node/storage/newest-checkpoint.ts'
import { loadBackend } from '../../node/training/backend.ts'
import { evaluate } from '../../node/training/evaluation.ts'
import { deployed } from '../../protocols/model/checkpoint.ts'

const ATTEMPTS = 5
const RETRY_MS = 50

export interface Measured extends Metrics {
  readonly gaps: MetricGaps
  readonly round: number
  /** hex, of the checkpoint */
  readonly hash: string
}

/** Prepares an evaluator; each call of the result evaluates the newest checkpoint of a data folder. */
export async function createEvaluator(dataset: Dataset): Promise<(folder: string) => Promise<Measured>> {
  const backend = await loadBackend()
  return async folder => {
    const { document, checkpoint, hash, round } = await readPatiently(folder)
    const metrics = evaluate({ backend, document, ...deployed(checkpoint), dataset })
    return { ...metrics, gaps: gapsOf(metrics, document.contract.classes), round, hash }
  }
}

/** Reads the newest checkpoint with retries, because the running node may delete the file that it has just named. */
async function readPatiently(folder: string): Promise<FoundCheckpoint> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readNewestCheckpoint(folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === ATTEMPTS) throw error
      await sleep(RETRY_MS)
    }
  }
}
