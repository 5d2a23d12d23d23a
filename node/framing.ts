/**
 * Bytes over libp2p streams, with limits and real back-pressure.
 *
 * Control protocols are one small request and one answer, over it-pipe and length prefixes. Bulk goes over a
 * long-lived `Channel`, whose reader pauses the stream: libp2p's own iteration buffers without end.
 *
 * @module
 */

import type { Stream } from '@libp2p/interface'
import { messageStreamToDuplex } from '@libp2p/utils'
import * as lengthPrefixed from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { pEvent } from 'p-event'
import { ProtocolError } from '../crypto/errors.ts'

/** One write to a stream; larger ones only grow buffers. */
const WRITE_BYTES = 64 * 1024
/** A reader that has this much waiting pauses the other side. */
const READ_WAITING_BYTES_MAX = 256 * 1024

/** Sends one request over a fresh stream and waits for the one answer. */
export async function ask(
  stream: Stream,
  request: Uint8Array,
  { bytesMax, signal }: { bytesMax: number; signal: AbortSignal },
): Promise<Uint8Array> {
  const abort = () => stream.abort(new Error('timed out'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const answer = await pipe(
      [request],
      source => lengthPrefixed.encode(source),
      messageStreamToDuplex(stream),
      source => lengthPrefixed.decode(source, { maxDataLength: bytesMax }),
      (source: unknown) => firstOf(source as AsyncIterable<Piece>),
    )
    await stream.close({ signal })
    return answer
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Answers the one request of an inbound stream. */
export async function reply(
  stream: Stream,
  answer: (request: Uint8Array) => Promise<Uint8Array>,
  { bytesMax }: { bytesMax: number },
): Promise<void> {
  try {
    await pipe(
      messageStreamToDuplex(stream),
      source => lengthPrefixed.decode(source, { maxDataLength: bytesMax }),
      async function* (source: unknown) {
        yield await answer(await firstOf(source as AsyncIterable<Piece>))
      },
      (source: unknown) => lengthPrefixed.encode(source as AsyncIterable<Uint8Array>),
      messageStreamToDuplex(stream),
    )
    await stream.close()
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

/** A piece of a stream: bytes, or libp2p's list of them. */
interface Piece {
  subarray(): Uint8Array
}

async function firstOf(source: AsyncIterable<Piece>): Promise<Uint8Array> {
  for await (const part of source) return part.subarray()
  throw new ProtocolError('no-answer', 'the stream ended without a frame')
}

/** A long-lived stream of frames (4-byte length, then that many bytes) and of raw bytes announced by them. */
export class Channel {
  readonly #stream: Stream
  readonly #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #ended = false
  #error: Error | undefined
  #wake: (() => void) | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(stream: Stream) {
    this.#stream = stream
    stream.addEventListener('message', event => this.#take((event as unknown as { data: Piece }).data.subarray()))
    stream.addEventListener('end', () => this.#end())
    stream.addEventListener('remoteCloseWrite', () => this.#end())
    stream.addEventListener('close', event => this.#end((event as unknown as { error?: Error }).error))
  }

  get open(): boolean {
    return this.#stream.status === 'open' && !this.#ended
  }

  #take(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    // pause() inside the handler is undone when the handler returns
    queueMicrotask(() => {
      const full = this.#waitingBytes >= READ_WAITING_BYTES_MAX
      if (full && this.#stream.status === 'open' && this.#stream.readStatus === 'readable') this.#stream.pause()
    })
    this.#wake?.()
  }

  #end(error?: Error): void {
    this.#ended = true
    this.#error ??= error
    this.#wake?.()
  }

  /** Runs one exchange at a time: request and answer of two must not mix. */
  async exclusive<T>(exchange: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(exchange)
    this.#turn = mine.catch(() => {})
    return await mine
  }

  /** Fills the target exactly. @throws ProtocolError `stream-ended` */
  async readInto(target: Uint8Array): Promise<void> {
    let filled = 0
    while (filled < target.length) {
      const part = this.#waiting[0] ?? (await this.#more())
      const taken = part.subarray(0, target.length - filled)
      target.set(taken, filled)
      filled += taken.length
      this.#waitingBytes -= taken.length
      if (taken.length === part.length) this.#waiting.shift()
      else this.#waiting[0] = part.subarray(taken.length)
    }
  }

  async #more(): Promise<Uint8Array> {
    for (;;) {
      const part = this.#waiting[0]
      if (part !== undefined) return part
      if (this.#ended) {
        throw new ProtocolError('stream-ended', 'the stream ended in the middle', {
          action: 'ignore',
          cause: this.#error,
        })
      }
      const woken = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      if (this.#stream.readStatus === 'paused') this.#stream.resume()
      await woken
    }
  }

  /** @throws ProtocolError `frame-too-long`, `stream-ended` */
  async readFrame(bytesMax: number): Promise<Uint8Array> {
    const prefix = new Uint8Array(4)
    await this.readInto(prefix)
    const length = new DataView(prefix.buffer).getUint32(0)
    if (length > bytesMax) throw new ProtocolError('frame-too-long', `a frame of ${length} bytes where ${bytesMax} fit`)
    const frame = new Uint8Array(length)
    await this.readInto(frame)
    return frame
  }

  async writeFrame(bytes: Uint8Array): Promise<void> {
    const frame = new Uint8Array(4 + bytes.length)
    new DataView(frame.buffer).setUint32(0, bytes.length)
    frame.set(bytes, 4)
    await this.write(frame)
  }

  /** Sends raw bytes, waiting whenever the other side is slow. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
      // stream.onDrain() resolves only once per stream, so the event is awaited itself
      if (!this.#stream.send(bytes.subarray(at, at + WRITE_BYTES))) await this.#drained()
    }
  }

  async #drained(): Promise<void> {
    try {
      await pEvent(this.#stream as unknown as EventTarget, 'drain', { rejectionEvents: ['close'] })
    } catch (cause) {
      // what rejects is the close event itself
      throw new ProtocolError('stream-ended', 'the stream closed while it was written to', { action: 'ignore', cause })
    }
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }
}
