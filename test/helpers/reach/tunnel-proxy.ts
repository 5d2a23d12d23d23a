/** An HTTP proxy for CONNECT that does what a test asks. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createSocketServer, type Server, type Socket } from 'node:net'

export interface TunnelProxy {
  readonly port: number
  /** `host:port` of each CONNECT */
  readonly asked: string[]
  close(): void
}

/** @param answer decides by target and credentials: 200 connects, any other status refuses */
export async function createTunnelProxy(
  answer: (target: string, authorization: string | undefined) => number,
): Promise<TunnelProxy> {
  const asked: string[] = []
  const server = createServer()
  server.on('connect', (request, client: Socket) => {
    const target = request.url ?? ''
    asked.push(target)
    const status = answer(target, request.headers['proxy-authorization'])
    client.on('error', () => client.destroy())
    if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
    const url = new URL(`http://${target}`)
    const upstream = connect(Number(url.port || 80), url.hostname.replace(/^\[|\]$/g, ''))
    upstream.on('error', () => client.destroy())
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
  })
  return await listening(server, asked)
}

/** Something else on the port of a proxy. @param talk gets each connection */
export async function createOddProxy(talk: (socket: Socket) => void): Promise<TunnelProxy> {
  return await listening(createSocketServer(talk), [])
}

async function listening(server: Server, asked: string[]): Promise<TunnelProxy> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, asked, close }
}
