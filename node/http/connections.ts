/** Keeps slow or silent connections from taking the place of others. @module */

import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Watchers of one machine need few; a flood of them must not take the node's memory. */
const CONNECTIONS_MAX = 64

export interface ConnectionLimit {
  /** Counts a connection no more as long as the answer on it lasts: for streams, which are counted apart. */
  keepOpen(socket: Socket): void
}

/**
 * Keeps the connections at `CONNECTIONS_MAX` by closing the oldest that waits for a request. A new one is never refused:
 * slow sockets of another user of the machine must not keep a supervisor from `/livez`.
 */
export function limitConnections(server: Server): ConnectionLimit {
  // by the other end: with TLS a request's socket is not the one that was connected
  const waiting = new Map<string, Socket>()
  const busy = new Map<string, Socket>()
  const kept = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const key = otherEnd(socket)
    waiting.set(key, socket)
    socket.once('close', () => {
      for (const sockets of [waiting, busy, kept]) if (sockets.get(key) === socket) sockets.delete(key)
    })
    if (waiting.size + busy.size <= CONNECTIONS_MAX) return
    const [oldest] = (waiting.size > 1 ? waiting : busy).values()
    oldest?.destroy()
  })
  server.on('request', ({ socket }, response) => {
    const key = otherEnd(socket)
    move(key, [waiting], busy)
    response.once('close', () => move(key, [busy, kept], waiting))
  })
  return { keepOpen: socket => move(otherEnd(socket), [busy], kept) }
}

function move(key: string, from: readonly Map<string, Socket>[], to: Map<string, Socket>): void {
  for (const sockets of from) {
    const socket = sockets.get(key)
    if (socket === undefined) continue
    sockets.delete(key)
    if (!socket.destroyed) to.set(key, socket)
  }
}

function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
