/** The decoding thread as seen from outside: bytes of a file go in, and within a time limit values or an error come out. @module */

import { Worker } from 'node:worker_threads'
import { FileRefused } from '../reader.ts'
import { CHUNK_MS_MAX, PARQUET_HEAP_MIB_MAX } from './limits.ts'
import type { ParquetValues } from './parquet-column.ts'
import type { ParquetChunk, ParquetColumn, ParquetFooter } from './parquet-footer.ts'
import type { ParquetJob, ParquetReply } from './parquet-worker.ts'

// the published package holds compiled files, a checkout the sources
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './parquet-worker.ts' : './parquet-worker.js', import.meta.url)

/** Decodes one Parquet file; one call at a time. Every call throws FileRefused where the file is to blame. */
export class ParquetThread {
  readonly #worker = new Worker(ENTRY, { resourceLimits: { maxOldGenerationSizeMb: PARQUET_HEAP_MIB_MAX } })

  constructor() {
    // an error between two calls ends the thread, and the next call says so
    this.#worker.on('error', () => {})
  }

  footer(bytes: Uint8Array): Promise<ParquetFooter> {
    return this.#ask({ kind: 'footer', bytes }) as Promise<ParquetFooter>
  }

  column(bytes: Uint8Array, of: { column: ParquetColumn; chunk: ParquetChunk; rows: number }): Promise<ParquetValues> {
    return this.#ask({ kind: 'column', bytes, ...of }) as Promise<ParquetValues>
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  async #ask(job: ParquetJob): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<ParquetReply>()
    const refuse = (what: string) => reject(new FileRefused(`${what}. Write it again, with smaller row groups.`))
    const timer = setTimeout(() => refuse(`it takes more than ${CHUNK_MS_MAX} ms to decode`), CHUNK_MS_MAX)
    const failed = (): void => refuse('it stops the decoder, or needs too much memory')
    this.#worker.on('message', resolve).once('error', failed).once('exit', failed)
    // a copy of exact length: the thread takes its buffer over
    const bytes = Uint8Array.from(job.bytes)
    this.#worker.postMessage({ ...job, bytes }, [bytes.buffer])
    try {
      const reply = await promise
      if (reply.ok) return reply.value
      throw new FileRefused(reply.reason ?? 'it is damaged: it does not decode. Copy it again, or write it again.')
    } finally {
      clearTimeout(timer)
      this.#worker.off('message', resolve).off('error', failed).off('exit', failed)
    }
  }
}
