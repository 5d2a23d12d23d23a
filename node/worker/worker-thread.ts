/** The worker thread's entry: answers worker calls that arrive as messages. @module */

import { randomFillSync } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { CodedError } from '../../crypto/errors.ts'
import { decodeStudy } from '../../protocols/study/document.ts'
import { valueBytesOf } from '../datasets/dataset.ts'
import { RecordCache } from '../datasets/record-cache.ts'
import { readStudyRecords } from '../datasets/study-records.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { doorOf } from '../privacy/patient-door.ts'
import { createWithdrawalWatch } from '../privacy/withdrawal-watch.ts'
import { diskError } from '../storage/disk-error.ts'
import { FEATURES_FILE } from '../storage/round-files.ts'
import { loadBackend } from '../training/backend.ts'
import { countedRecords } from '../training/counted.ts'
import { createTrainer } from '../training/data-trainer.ts'
import { thisMachine } from '../training/machine.ts'
import { requireCapacity } from '../training/needs.ts'
import type { Trainer } from '../training/trainer.ts'
import { createWorkerCalls, type WorkerCalls, type WorkerSettings } from './worker-calls.ts'

export interface WorkerRequest {
  readonly id: number
  readonly call: keyof WorkerCalls
  readonly args: readonly unknown[]
}

/** An error as plain data, because classes do not survive the message between threads. */
export interface WorkerFault {
  readonly kind: 'operator' | 'coded' | 'bug'
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly exitCode: number
}

/** How many of the records' files have been read, or how many of their features are there. */
export interface WorkerProgress {
  readonly what: 'files' | 'features'
  readonly done: number
  readonly of: number
}

export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: WorkerFault }
  | { readonly progress: WorkerProgress }

function faultOf(thrown: unknown): WorkerFault {
  const error = diskError(thrown)
  if (error instanceof OperatorError) {
    const { code, message, hint, exitCode } = error
    return { kind: 'operator', code, message, hint, exitCode }
  }
  const code = error instanceof CodedError ? error.code : 'bug'
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { kind: error instanceof CodedError ? 'coded' : 'bug', code, message, hint: '', exitCode: EXIT.bug }
}

const port = parentPort
if (port === null) throw new Error('this module runs in a worker thread')

async function createDataTrainer({ folder, document: bytes, training }: WorkerSettings): Promise<Trainer> {
  if (training === undefined) throw new Error('a worker trains on data')
  const document = decodeStudy(bytes)
  const dataset = await readStudyRecords(document.contract, training.source, {
    door: doorOf(training.door),
    cache: new RecordCache(training.cache),
    progress: tellProgress('files'),
  })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const distinct = countedRecords(document, dataset).count
  const counts = { count: dataset.count, distinct, valueBytes: valueBytesOf(dataset) }
  requireCapacity(document, counts, await thisMachine(folder, folder))
  const backend = await loadBackend({ engine: training.engine })
  return createTrainer({
    document,
    dataset,
    backend,
    rng: target => {
      randomFillSync(target)
    },
    withdrawn: createWithdrawalWatch(training.dataFolder),
    keeping: { file: join(folder, FEATURES_FILE), progress: tellProgress('features') },
  })
}

/** Tells the main thread each whole per cent. */
function tellProgress(what: WorkerProgress['what']): (done: number, of: number) => void {
  let last = -1
  return (done, of) => {
    const percent = Math.floor((100 * done) / of)
    if (percent === last) return
    last = percent
    port?.postMessage({ progress: { what, done, of } } satisfies WorkerReply)
  }
}

const ready = createDataTrainer(workerData as WorkerSettings).then(trainer =>
  createWorkerCalls(workerData as WorkerSettings, trainer),
)
// every call rejects after a failed start; without this it would also be an unhandled rejection
ready.catch(() => {})

port.on('message', async ({ id, call, args }: WorkerRequest) => {
  try {
    const calls = await ready
    const value = (calls[call] as (...args: readonly unknown[]) => unknown)(...args)
    port.postMessage({ id, value } satisfies WorkerReply)
  } catch (error) {
    port.postMessage({ id, fault: faultOf(error) } satisfies WorkerReply)
  }
})
