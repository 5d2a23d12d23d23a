/** What checks ask of the machine and of the network: an argument, so that tests answer instead. @module */

import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { connect, createServer } from 'node:net'
import { readConfig } from '../config/config.ts'
import { openNodeClient } from '../http/node-client.ts'
import type { PeerProbe } from '../network/peer-probe.ts'
import { loadIdentity } from '../storage/identity.ts'
import { runningPid } from '../storage/pid-file.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

/** A method that asks something outside rejects with the error of the operating system. */
export interface DoctorWorld {
  /** such as 22.23.3 */
  readonly nodeVersion: string
  /** ms since 1970 */
  now(): number
  /** resolves when a name has an address */
  resolve(host: string): Promise<void>
  /** resolves when a TCP connection was made, and ends it */
  connect(endpoint: Place): Promise<void>
  /** resolves when a port can be listened on, and frees it */
  listen(endpoint: Place): Promise<void>
  /** resolves when a datagram that was sent to a multicast group came back to this machine */
  multicast(): Promise<void>
  /** the answer's Date header, or null */
  dateOf(url: string): Promise<string | null>
  /** what answers at the HTTP port of a data folder's config says of its status */
  status(folder: string): Promise<unknown>
  /** asks other hospitals with a data folder's key who they are; null while a node runs with it */
  peerProbe(folder: string): Promise<PeerProbe | null>
}

const TIMEOUT_MS = 3000
const MULTICAST_MS = 1000
/** The group of multicast DNS, RFC 6762; on a port of our own, so that no other program hears of it. */
const GROUP = '224.0.0.251'

export const systemDoctorWorld: DoctorWorld = {
  nodeVersion: process.versions.node,
  now: () => Date.now(),
  resolve: async host => {
    await within(TIMEOUT_MS, lookup(host))
  },
  connect: endpoint =>
    new Promise((resolve, reject) => {
      const socket = connect({ ...endpoint, timeout: TIMEOUT_MS })
      const end = (error?: Error): void => {
        socket.destroy()
        if (error === undefined) resolve()
        else reject(error)
      }
      socket.once('connect', () => end())
      socket.once('timeout', () => end(timedOut()))
      socket.once('error', end)
    }),
  listen: endpoint =>
    new Promise((resolve, reject) => {
      const server = createServer()
      server.once('error', reject)
      server.listen({ ...endpoint, exclusive: true }, () => server.close(() => resolve()))
    }),
  multicast: hearOneself,
  dateOf: async url => {
    const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    return response.headers.get('date')
  },
  status: async data => (await openNodeClient({ data })).ask('/v1/status', () => true),
  peerProbe: async folder => {
    if ((await runningPid(folder)) !== null) return null
    const [{ seed }, { network }] = [await loadIdentity(folder), await readConfig(folder)]
    // only this check loads the network
    return await (await import('../network/peer-probe.ts')).openPeerProbe(seed, network)
  },
}

function timedOut(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(timedOut()), ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function hearOneself(): Promise<void> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const heard = Promise.withResolvers<void>()
  const said = randomBytes(16)
  try {
    socket.on('error', error => heard.reject(error))
    socket.on('message', message => {
      if (message.equals(said)) heard.resolve()
    })
    await new Promise<void>(resolve => socket.bind(0, () => resolve()))
    socket.addMembership(GROUP)
    socket.setMulticastLoopback(true)
    socket.send(said, socket.address().port, GROUP)
    await within(MULTICAST_MS, heard.promise)
  } finally {
    socket.close()
  }
}

/** What the operating system says, in words. */
export function networkErrorText(error: unknown): string {
  const { code, message, cause } = error as NodeJS.ErrnoException
  const known = WORDS[code ?? ''] ?? WORDS[(cause as NodeJS.ErrnoException | undefined)?.code ?? '']
  return known ?? message
}

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name has no address',
  EAI_AGAIN: 'the name server does not answer',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  ETIMEDOUT: 'no answer in time: a firewall drops it, or the machine is off',
  EHOSTUNREACH: 'no route leads there',
  ENETUNREACH: 'no network leads there',
  EADDRINUSE: 'another program has it',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
}
