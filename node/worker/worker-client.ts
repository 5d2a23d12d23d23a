/**
 * The main thread's client of the worker: the same calls, as promises.
 *
 * @module
 */

import { Worker } from 'node:worker_threads'
import { CodedError } from '../../crypto/errors.ts'
import { type ExitCode, OperatorError } from '../errors.ts'
import type { WorkerCalls, WorkerSettings } from './worker-calls.ts'
import type { WorkerFault, WorkerProgress, WorkerReply } from './worker-thread.ts'

/** Every worker call, as a promise. */
export type WorkerClient = {
  readonly [Call in keyof WorkerCalls]: (
    ...args: Parameters<WorkerCalls[Call]>
  ) => Promise<ReturnType<WorkerCalls[Call]>>
} & { close(): Promise<void> }

/** Every call of the worker; one that is forgotten does not compile. */
const CALL_TABLE = {
  engine: true,
  repeatedRecords: true,
  recordCounts: true,
  readyFloorMs: true,
  run: true,
  train: true,
  chunk: true,
  part: true,
  putPart: true,
  sum: true,
  putSum: true,
  checkpoint: true,
  putCheckpoint: true,
  adopt: true,
  evaluations: true,
  epsilonsOfCopies: true,
} as const satisfies Record<keyof WorkerCalls, true>
const CALLS = Object.keys(CALL_TABLE) as (keyof WorkerCalls)[]

function errorOf({ kind, code, message, hint, exitCode }: WorkerFault): Error {
  if (kind === 'operator') return new OperatorError(code, message, { hint, exitCode: exitCode as ExitCode })
  return kind === 'coded' ? new CodedError(code, message) : new Error(message)
}

function clientOf(
  call: (name: keyof WorkerCalls, args: readonly unknown[]) => Promise<unknown>,
  close: () => Promise<void>,
) {
  const calls = CALLS.map(name => [name, (...args: unknown[]) => call(name, args)] as const)
  return { ...Object.fromEntries(calls), close } as unknown as WorkerClient
}

/** Runs worker calls in this thread, one per turn of the event loop: for tests and simulations with small vectors. */
export function inPlaceWorker(calls: WorkerCalls): WorkerClient {
  return clientOf(
    async (name, args) => {
      await new Promise(resolve => setImmediate(resolve))
      return (calls[name] as (...args: readonly unknown[]) => unknown)(...args)
    },
    async () => {},
  )
}

/** Who is told what a worker reports by itself. */
export interface WorkerListener {
  failed(error: Error): void
  /** features of the records are computed, before the first call is answered */
  progress(progress: WorkerProgress): void
}

/** Starts a worker thread that trains on the node's data. */
export function startWorker(settings: WorkerSettings, listener: WorkerListener): WorkerClient {
  // the published package holds compiled files, a checkout the sources
  const entry = new URL(import.meta.url.endsWith('.ts') ? './worker-thread.ts' : './worker-thread.js', import.meta.url)
  const worker = new Worker(entry, { workerData: settings })
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let lastId = 0
  let closed = false
  worker.on('message', (reply: WorkerReply) => {
    if ('progress' in reply) return listener.progress(reply.progress)
    const caller = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('fault' in reply) caller?.reject(errorOf(reply.fault))
    else caller?.resolve(reply.value)
  })
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    if (!closed) listener.failed(error)
    closed = true
  }
  worker.on('error', error => fail(error as Error))
  worker.on('exit', code => fail(new CodedError('worker-ended', `the training worker ended with code ${code}`)))
  return clientOf(
    (call, args) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new CodedError('worker-ended', 'the training worker has ended'))
        lastId += 1
        waiting.set(lastId, { resolve, reject })
        worker.postMessage({ id: lastId, call, args })
      }),
    async () => {
      closed = true
      await worker.terminate()
    },
  )
}
