/** Limits how many streams a peer keeps open at once. @module */

import type { Stream } from '@libp2p/interface'
import { STREAMS_PER_PROTOCOL_MAX } from './limits.ts'
import type { PeerGuard } from './peer-guard.ts'

/** Serves one inbound stream of a peer. */
export type StreamHandler = (stream: Stream, peer: string) => Promise<void>

/** Limits a peer's streams of one protocol over all of its connections: the oldest is aborted. */
export function limitStreams(handler: StreamHandler, guard: PeerGuard): StreamHandler {
  const open = new Map<string, Stream[]>()
  return async (stream, peer) => {
    if (!guard.requests(peer)) return stream.abort(new Error('too many requests'))
    const streams = open.get(peer) ?? []
    open.set(peer, streams)
    streams.push(stream)
    stream.addEventListener('close', () => {
      const at = streams.indexOf(stream)
      if (at >= 0) streams.splice(at, 1)
    })
    while (streams.length > STREAMS_PER_PROTOCOL_MAX) {
      guard.strikes.add(peer, 'too-many-streams')
      streams.shift()?.abort(new Error('too many streams'))
    }
    await handler(stream, peer)
  }
}
