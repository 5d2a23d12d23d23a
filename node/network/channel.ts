/**
 * A libp2p stream with back-pressure: the read buffer is bounded, and the stream is aborted when the peer sends a frame
 * too slowly.
 *
 * @module
 */

import type { Stream } from '@libp2p/interface'
import { pEvent } from 'p-event'
import { ProtocolError } from '../../protocols/errors.ts'
import { type Clock, systemClock } from '../clock.ts'

/** Bytes of one write to a stream; larger writes only grow buffers. */
const WRITE_BYTES = 64 * 1024
/** Buffered bytes at which the reader pauses the other side. */
const READ_WAITING_BYTES_MAX = 256 * 1024
/** Smaller pieces are copied into one block: a piece of one byte would cost a hundred. */
const PIECE_BYTES_MIN = 4096
/** A deadline that fires this late passed while this process was suspended, which is not the other side's fault. */
const LATE_MS = 1000
/** Bytes of the longest length of a gossip frame, seven bits each. */
const VARINT_BYTES_MAX = 4

/** A piece of a stream: bytes, or libp2p's list of them. */
export interface Piece {
  subarray(): Uint8Array
}

export interface ChannelParts {
  readonly clock: Clock
  /** called for every piece that is read, with its bytes */
  readonly read: (bytes: number) => void
  /** called for every piece that is written */
  readonly wrote: () => void
}

const ALONE: ChannelParts = { clock: systemClock, read() {}, wrote() {} }

/** A stream of frames (4-byte length, then that many bytes) and of raw bytes announced by them. */
export class Channel {
  readonly #stream: Stream
  readonly #parts: ChannelParts
  readonly #waiting: Uint8Array[] = []
  /** the room left in the last of `#waiting`, when that is a block of small pieces */
  #block: { readonly bytes: Uint8Array; filled: number } | undefined
  #waitingBytes = 0
  #ended = false
  #abandoned = false
  #error: Error | undefined
  #wake: (() => void) | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(stream: Stream, parts: ChannelParts = ALONE) {
    this.#stream = stream
    this.#parts = parts
    stream.addEventListener('message', event => this.#take((event as unknown as { data: Piece }).data.subarray()))
    stream.addEventListener('end', () => this.#end())
    stream.addEventListener('remoteCloseWrite', () => this.#end())
    stream.addEventListener('close', event => this.#end((event as unknown as { error?: Error }).error))
  }

  get open(): boolean {
    return this.#stream.status === 'open' && !this.#ended
  }

  #take(bytes: Uint8Array): void {
    if (this.#abandoned || bytes.length === 0) return
    this.#waitingBytes += bytes.length
    this.#append(bytes)
    // pause() inside the handler is undone when the handler returns
    queueMicrotask(() => {
      const full = this.#waitingBytes >= READ_WAITING_BYTES_MAX
      if (full && this.#stream.status === 'open' && this.#stream.readStatus === 'readable') this.#stream.pause()
    })
    this.#wake?.()
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length >= PIECE_BYTES_MIN) {
      this.#block = undefined
      this.#waiting.push(bytes)
      return
    }
    const block = this.#block
    if (block === undefined || block.bytes.length - block.filled < bytes.length) {
      const fresh = new Uint8Array(PIECE_BYTES_MIN)
      fresh.set(bytes)
      this.#block = { bytes: fresh, filled: bytes.length }
      this.#waiting.push(fresh.subarray(0, bytes.length))
      return
    }
    block.bytes.set(bytes, block.filled)
    block.filled += bytes.length
    // the block is the last entry of the queue; its byteOffset skips the bytes that were already read
    const last = this.#waiting.length - 1
    this.#waiting[last] = block.bytes.subarray((this.#waiting[last] as Uint8Array).byteOffset, block.filled)
  }

  #end(error?: Error): void {
    this.#ended = true
    this.#error ??= error
    this.#wake?.()
  }

  /** Runs one exchange at a time, so that the frames of two exchanges do not mix. */
  async exclusive<T>(exchange: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(exchange)
    this.#turn = mine.catch(() => {})
    return await mine
  }

  /** Runs work that waits for the other side, with a deadline. @throws ProtocolError `too-slow` */
  async within<T>(ms: number, work: () => Promise<T>): Promise<T> {
    const { clock } = this.#parts
    let late: ProtocolError | undefined
    let due = 0
    let cancel = () => {}
    const wait = () => {
      due = clock.now() + ms
      cancel = clock.after(ms, () => {
        if (clock.now() > due + LATE_MS) return wait()
        late = new ProtocolError('too-slow', `not done within ${Math.round(ms)} ms`)
        this.abort(late)
      })
    }
    wait()
    try {
      return await work()
    } catch (error) {
      throw late ?? error
    } finally {
      cancel()
    }
  }

  /** Removes up to `bytesMax` bytes from the buffer. */
  #shift(bytesMax: number): Uint8Array {
    const part = this.#waiting[0] as Uint8Array
    const taken = part.subarray(0, bytesMax)
    this.#waitingBytes -= taken.length
    if (taken.length < part.length) this.#waiting[0] = part.subarray(taken.length)
    else this.#waiting.shift()
    if (this.#waiting.length === 0) this.#block = undefined
    this.#parts.read(taken.length)
    return taken
  }

  /** Fills the target exactly. @throws ProtocolError `stream-ended` */
  async readInto(target: Uint8Array): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      if (this.#waiting.length === 0) await this.#more()
      const taken = this.#shift(target.length - filled)
      target.set(taken, filled)
      filled += taken.length
    }
  }

  /** Yields inbound bytes until the other side ends. @throws ProtocolError `frame-too-long` */
  async *pieces(bytesMax: number): AsyncGenerator<Uint8Array, void, undefined> {
    let total = 0
    for (;;) {
      if (this.#waiting.length === 0) {
        try {
          await this.#more()
        } catch (error) {
          if (this.#error !== undefined) throw error
          return
        }
      }
      const piece = this.#shift(WRITE_BYTES)
      total += piece.length
      if (total > bytesMax) throw new ProtocolError('frame-too-long', `more than ${bytesMax} bytes`)
      yield piece
    }
  }

  async #more(): Promise<void> {
    while (this.#waiting.length === 0) {
      if (this.#resumed()) return
      if (this.#ended) {
        throw new ProtocolError('stream-ended', 'the stream ended in the middle', {
          action: 'ignore',
          cause: this.#error,
        })
      }
      const woken = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      await woken
    }
  }

  /** Reads what the stream buffered while it was paused, even after its end. @returns whether there was any */
  #resumed(): boolean {
    if (this.#stream.readStatus !== 'paused') return false
    try {
      this.#stream.resume()
    } catch (error) {
      // the bytes arrived before the window update that could not be sent
      this.#end(error instanceof Error ? error : new Error(String(error)))
    }
    return this.#waiting.length > 0
  }

  /**
   * @param withinMs how long the frame may take from its first byte; before that, the channel is idle
   * @throws ProtocolError `frame-too-long`, `stream-ended`, `too-slow`
   */
  async readFrame(bytesMax: number, withinMs?: number): Promise<Uint8Array> {
    if (this.#waiting.length === 0) await this.#more()
    const read = async () => {
      const prefix = new Uint8Array(4)
      await this.readInto(prefix)
      return await this.#readBody(new DataView(prefix.buffer).getUint32(0), bytesMax)
    }
    return withinMs === undefined ? await read() : await this.within(withinMs, read)
  }

  /** Like `readFrame`, with the length as a varint, as gossipsub frames. */
  async readVarintFrame(bytesMax: number, withinMs: number): Promise<Uint8Array> {
    if (this.#waiting.length === 0) await this.#more()
    return await this.within(withinMs, async () => {
      const byte = new Uint8Array(1)
      let length = 0
      for (let index = 0; ; index++) {
        if (index === VARINT_BYTES_MAX) throw new ProtocolError('frame-too-long', 'a length of more than four bytes')
        await this.readInto(byte)
        const value = byte[0] as number
        length += (value & 0x7f) * 2 ** (7 * index)
        if (value < 0x80) return await this.#readBody(length, bytesMax)
      }
    })
  }

  async #readBody(length: number, bytesMax: number): Promise<Uint8Array> {
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

  /** Sends raw bytes; waits while the other side is slow. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
      this.#parts.wrote()
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

  /** Sends what is left and closes our side. */
  async closeWrite(): Promise<void> {
    await this.#stream.close()
  }

  /** Drops the buffer and reads no more; aborts the stream if the other side has not closed it after `afterMs`. */
  abandon(afterMs: number): void {
    this.#abandoned = true
    this.#waiting.length = 0
    this.#waitingBytes = 0
    this.#block = undefined
    if (this.#stream.remoteWriteStatus === 'closed') return
    const cancel = this.#parts.clock.after(afterMs, () => this.abort(new Error('not closed by the other side')))
    this.#stream.addEventListener('close', cancel, { once: true })
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }
}
