/**
 * The thread that decodes Parquet. It has a heap of its own, which a hostile file may fill: lengths of runs and of lists
 * are stated by a few bytes.
 *
 * @module
 */

import { parentPort } from 'node:worker_threads'
import { decodeColumn, type ParquetValues } from './parquet-column.ts'
import {
  type ParquetChunk,
  type ParquetColumn,
  ParquetError,
  type ParquetFooter,
  readFooter,
} from './parquet-footer.ts'

export type ParquetJob =
  | { readonly kind: 'footer'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'column'
      readonly bytes: Uint8Array
      readonly column: ParquetColumn
      readonly chunk: ParquetChunk
      readonly rows: number
    }

/** `reason` null: the decoder failed; its own words are not passed on, as they may quote the file. */
export type ParquetReply =
  | { readonly ok: true; readonly value: ParquetFooter | ParquetValues }
  | { readonly ok: false; readonly reason: string | null }

function answer(job: ParquetJob): ParquetReply {
  try {
    if (job.kind === 'footer') return { ok: true, value: readFooter(job.bytes) }
    return { ok: true, value: decodeColumn(job.bytes, job.column, job.chunk, job.rows) }
  } catch (error) {
    return { ok: false, reason: error instanceof ParquetError ? error.message : null }
  }
}

parentPort?.on('message', (job: ParquetJob) => {
  const reply = answer(job)
  const values = reply.ok && reply.value instanceof Float64Array ? [reply.value.buffer as ArrayBuffer] : []
  parentPort!.postMessage(reply, values)
})
