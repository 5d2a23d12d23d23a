/**
 * Bytes over libp2p streams, with limits, deadlines and real back-pressure.
 *
 * A control protocol is one small request and one answer, over it-pipe and length prefixes. Bulk data goes over a
 * long-lived `Channel`, whose reader pauses the stream: libp2p's own iteration buffers without bound.
 *
 * @module
 */

import * as lengthPrefixed from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { ProtocolError } from '../../protocols/errors.ts'
import type { Channel, Piece } from './channel.ts'

/** Time for the requester to close its side after the answer. */
const LINGER_MS = 2000
/** Bytes of the longest length prefix. */
const PREFIX_BYTES_MAX = 8

/** Errors of it-length-prefixed for a length that is above the limit or malformed. */
const TOO_LONG = ['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError']

/** Sends one request over a fresh stream and waits for the one answer. @throws ProtocolError `frame-too-long` */
export async function ask(
  channel: Channel,
  request: Uint8Array,
  { bytesMax, signal }: { bytesMax: number; signal: AbortSignal },
): Promise<Uint8Array> {
  const abort = () => channel.abort(new Error('timed out'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const answer = await pipe(
      [request],
      source => lengthPrefixed.encode(source),
      duplexOf(channel, bytesMax),
      source => lengthPrefixed.decode(source as AsyncIterable<Uint8Array>, { maxDataLength: bytesMax }),
      (source: unknown) => firstOf(source as AsyncIterable<Piece>),
    )
    finish(channel)
    return answer
  } catch (error) {
    channel.abort(error instanceof Error ? error : new Error(String(error)))
    throw faultOf(error)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/**
 * Answers the one request of an inbound stream.
 *
 * @param withinMs for all of it, from the opened stream to the closed one
 * @throws ProtocolError `frame-too-long`, `too-slow`, or whatever `answer` throws
 */
export async function reply(
  channel: Channel,
  answer: (request: Uint8Array) => Promise<Uint8Array>,
  { bytesMax, withinMs }: { bytesMax: number; withinMs: number },
): Promise<void> {
  try {
    await channel.within(withinMs, () =>
      pipe(
        duplexOf(channel, bytesMax),
        source => lengthPrefixed.decode(source as AsyncIterable<Uint8Array>, { maxDataLength: bytesMax }),
        async function* (source: unknown) {
          yield await answer(await firstOf(source as AsyncIterable<Piece>))
        },
        (source: unknown) => lengthPrefixed.encode(source as AsyncIterable<Uint8Array>),
        duplexOf(channel, bytesMax),
      ),
    )
    finish(channel)
  } catch (error) {
    channel.abort(error instanceof Error ? error : new Error(String(error)))
    throw faultOf(error)
  }
}

/** A stream as it-pipe expects it, but bounded: it reads no more than one frame. */
function duplexOf(channel: Channel, bytesMax: number) {
  return {
    source: channel.pieces(bytesMax + PREFIX_BYTES_MAX),
    sink: async (source: AsyncIterable<Piece> | Iterable<Piece>) => {
      for await (const piece of source) await channel.write(piece.subarray())
      await channel.closeWrite()
    },
  }
}

/** Stops reading; the stream is aborted if the other side does not close it within LINGER_MS. */
function finish(channel: Channel): void {
  channel.abandon(LINGER_MS)
}

function faultOf(error: unknown): unknown {
  const long = error instanceof Error && TOO_LONG.includes(error.name)
  return long ? new ProtocolError('frame-too-long', error.message, { cause: error }) : error
}

async function firstOf(source: AsyncIterable<Piece>): Promise<Uint8Array> {
  for await (const part of source) return part.subarray()
  throw new ProtocolError('no-answer', 'the stream ended without a frame', { action: 'ignore' })
}
