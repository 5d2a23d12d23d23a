/**
 * Meters connections below the streams: bytes under the encryption, frames of the muxer. Neither library limits these
 * by itself, and a peer can send them without ever opening a stream.
 *
 * The muxer's methods are overridden on the instance; its version is pinned, and tests fail if the overrides no
 * longer see the frames of both directions.
 *
 * @module
 */

import type {
  ConnectionEncrypter,
  MultiaddrConnection,
  PeerId,
  StreamMuxer,
  StreamMuxerFactory,
} from '@libp2p/interface'
import { BULK_FRAME_BYTES_MIN, STREAM_WINDOW_BYTES_MAX, UNSENT_BYTES_MAX } from './limits/limits.ts'
import { relayOf } from './reach/relay-of.ts'

export interface WireMeter {
  /** bytes written to the socket */
  sent(bytes: number): void
  /** bytes read from the socket */
  received(peer: string, bytes: number): void
  /** a frame of ours for a stream of that protocol; its bytes without the header */
  wrote(protocol: string, payload: number): void
  /** a frame that costs more than its bytes: small or without payload */
  frame(peer: string): void
  /** a frame longer than any stream's window */
  overrun(peer: string): void
  /** decrypted bytes of a relayed connection, which were counted as the relay's own where the socket was read */
  carried(relay: string, bytes: number): void
}

interface Secured {
  readonly connection: object & { maxWriteBufferLength?: number }
  readonly remotePeer: PeerId
}

/** Of an encrypted connection: takes what has been decrypted. */
interface SecuredInternals {
  onData(data: { readonly byteLength: number }): void
}

/** The parts of yamux that read and write. */
interface MuxerInternals {
  readonly decoder: { readonly buffer: { readonly byteLength: number } }
  onData(data: unknown): void
  handleFrame(frame: { readonly header: { readonly length: number }; readonly data?: unknown }): void
  readonly streams: readonly { readonly streamId: number; readonly protocol: string }[]
  sendFrame(header: { readonly streamID: number }, data?: { readonly byteLength: number }): boolean
}

/** Wraps libp2p's encrypter and muxer so that they count. */
export class MeteredWire {
  readonly #meter: WireMeter
  readonly #peers = new WeakMap<object, string>()

  constructor(meter: WireMeter) {
    this.#meter = meter
  }

  /** An encrypter that counts, and whose write buffers hold at most UNSENT_BYTES_MAX for a peer. */
  encrypter<Parts>(create: (parts: Parts) => ConnectionEncrypter): (parts: Parts) => ConnectionEncrypter {
    return parts => {
      const inner = create(parts)
      return new Proxy(inner, {
        get: (target, property) => {
          const value = Reflect.get(target, property, target)
          if (typeof value !== 'function') return value
          const method = value.bind(target)
          if (property !== 'secureInbound' && property !== 'secureOutbound') return method
          return (raw: MultiaddrConnection, ...rest: unknown[]) => this.#secure(raw, () => method(raw, ...rest))
        },
      })
    }
  }

  async #secure(raw: MultiaddrConnection, secure: () => Promise<Secured>): Promise<Secured> {
    const relay = relayOf(raw.remoteAddr)
    const send = raw.send.bind(raw)
    raw.send = data => {
      // the connection to the relay counts what this one writes, and is answered with window updates
      if (relay === undefined) this.#meter.sent(data.byteLength)
      else this.#meter.carried(relay, 0)
      return send(data)
    }
    const secured = await secure()
    const peer = secured.remotePeer.toString()
    this.#peers.set(secured.connection, peer)
    for (const buffered of [raw as { maxWriteBufferLength?: number }, secured.connection]) {
      buffered.maxWriteBufferLength = UNSENT_BYTES_MAX
    }
    if (relay !== undefined) this.#meterRelayed(secured.connection, { relay, peer })
    else {
      raw.addEventListener('message', event => {
        this.#meter.received(peer, (event as unknown as { data: { byteLength: number } }).data.byteLength)
      })
    }
    return secured
  }

  /** What a relay brings is the peer's only when it has been decrypted: until then the relay may have made it up. */
  #meterRelayed(connection: object, { relay, peer }: { relay: string; peer: string }): void {
    const decrypted = connection as SecuredInternals
    const onData = decrypted.onData.bind(decrypted)
    decrypted.onData = data => {
      this.#meter.carried(relay, data.byteLength)
      this.#meter.received(peer, data.byteLength)
      onData(data)
    }
  }

  /** A muxer whose frames are counted. */
  muxer<Parts>(create: (parts: Parts) => StreamMuxerFactory): (parts: Parts) => StreamMuxerFactory {
    return parts => {
      const factory = create(parts)
      const createStreamMuxer = factory.createStreamMuxer.bind(factory)
      factory.createStreamMuxer = connection => {
        const muxer = createStreamMuxer(connection)
        const peer = this.#peers.get(connection)
        if (peer !== undefined) this.#watch(muxer, { peer, connection })
        return muxer
      }
      return factory
    }
  }

  #watch(muxer: StreamMuxer, { peer, connection }: { peer: string; connection: { abort(error: Error): void } }): void {
    const yamux = muxer as unknown as MuxerInternals
    const handleFrame = yamux.handleFrame.bind(yamux)
    const onData = yamux.onData.bind(yamux)
    yamux.handleFrame = frame => {
      if (frame.data === undefined || frame.header.length < BULK_FRAME_BYTES_MIN) this.#meter.frame(peer)
      handleFrame(frame)
    }
    // streams take it when they are made, which is later
    const sendFrame = yamux.sendFrame.bind(yamux)
    yamux.sendFrame = (header, data) => {
      const stream = yamux.streams.find(({ streamId }) => streamId === header.streamID)
      if (stream !== undefined) this.#meter.wrote(stream.protocol, data?.byteLength ?? 0)
      return sendFrame(header, data)
    }
    yamux.onData = data => {
      onData(data)
      // a frame may announce 4 GiB, and yamux checks it against the window only when all of it has arrived
      if (yamux.decoder.buffer.byteLength <= 2 * STREAM_WINDOW_BYTES_MAX) return
      this.#meter.overrun(peer)
      connection.abort(new Error('a frame longer than any window'))
    }
  }
}
