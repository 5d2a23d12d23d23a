/**
 * The codecs' thread as seen from outside: a frame goes in, and within a time limit its values or an error come out.
 *
 * @module
 */
import { Worker } from 'node:worker_threads'
import type { CodecFrame, CodecJob, CodecReply } from './codec-worker.ts'
import { DicomError, damagedDicom, EXPORT_AGAIN } from './error.ts'
import { FRAME_MS_MAX } from './limits.ts'

export interface CodecOptions {
  /** how long one frame may take; the thread is ended after it */
  readonly frameMsMax?: number
  /** another thread, for tests */
  readonly entry?: URL
}

export interface Codec {
  /**
   * Decodes one frame; frames wait for each other.
   *
   * @throws DicomError when the frame does not decode, or not in time; the next frame decodes nevertheless
   */
  decode(job: CodecJob): Promise<CodecFrame>
  /** Ends the thread; what waits is rejected. */
  close(): Promise<void>
}

/** Makes a codec; its thread starts with the first frame and does not keep the process alive between frames. */
export function openCodec({ frameMsMax = FRAME_MS_MAX, entry = ENTRY }: CodecOptions = {}): Codec {
  let worker: Worker | undefined
  let last: Promise<void> = Promise.resolve()
  let lastId = 0
  let closed = false

  const stop = async (): Promise<void> => {
    const ended = worker
    worker = undefined
    await ended?.terminate()
  }
  const start = (): Worker => {
    const started = new Worker(entry)
    // a thread that fails between frames must not end the process: the next frame starts another
    started.on('error', () => {})
    started.on('exit', () => {
      if (worker === started) worker = undefined
    })
    return started
  }
  const run = async (job: CodecJob): Promise<CodecFrame> => {
    if (closed) throw ended()
    worker ??= start()
    lastId += 1
    worker.ref()
    try {
      const reply = await replyOf(worker, { id: lastId, job }, frameMsMax)
      if (reply.frame === undefined) throw damagedDicom('a compressed frame does not decode')
      return reply.frame
    } catch (error) {
      // a thread that failed to answer is not used again
      if (error instanceof Unanswered) {
        await stop()
        throw closed ? ended() : error.reason
      }
      throw error
    } finally {
      worker?.unref()
    }
  }
  return {
    decode: job => {
      const frame = last.then(() => run(job))
      // frames wait for each other's end and do not keep each other's values
      last = frame.then(
        () => {},
        () => {},
      )
      return frame
    },
    close: async () => {
      closed = true
      await stop()
    },
  }
}

// the published package holds compiled files, a checkout the sources
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './codec-worker.ts' : './codec-worker.js', import.meta.url)

class Unanswered extends Error {
  readonly reason: DicomError

  constructor(reason: DicomError) {
    super(reason.message)
    this.reason = reason
  }
}

function replyOf(worker: Worker, message: { id: number; job: CodecJob }, frameMsMax: number): Promise<CodecReply> {
  const { promise, resolve, reject } = Promise.withResolvers<CodecReply>()
  const answered = (reply: CodecReply): void => {
    if (reply.id === message.id) resolve(reply)
  }
  const late = `a compressed frame takes more than ${frameMsMax} ms to decode`
  const timer = setTimeout(() => reject(new Unanswered(new DicomError(late, EXPORT_AGAIN))), frameMsMax)
  const failed = (): void => reject(new Unanswered(damagedDicom('a compressed frame stops its codec')))
  worker.on('message', answered).once('error', failed).once('exit', failed)
  // a copy: the thread takes the bytes over, and the file's own must stay
  const job = { ...message.job, bytes: Uint8Array.from(message.job.bytes) }
  worker.postMessage({ id: message.id, job }, [job.bytes.buffer])
  return promise.finally(() => {
    clearTimeout(timer)
    worker.off('message', answered).off('error', failed).off('exit', failed)
  })
}

function ended(): DicomError {
  return new DicomError('its decoder was closed', 'Read it again.')
}
