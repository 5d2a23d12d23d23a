/** Real nodes on loopback that echo what a stream brings. */

import { randomBytes } from 'node:crypto'
import { systemClock } from '../../../node/clock.ts'
import { createNetwork } from '../../../node/network/libp2p-host.ts'
import type { SoleNetwork } from '../../../node/network/network.ts'
import type { ReachSettings } from '../../../node/network/reach/settings.ts'

const ECHO_PROTOCOL = '/confrere-test/echo/1.0.0'
const PIECE_BYTES = 1 << 20

export interface ReachNode extends SoleNetwork {
  /** gossip that arrived, as text */
  readonly heard: string[]
  /** Sets its clock forward, ms. */
  later(ms: number): void
}

export interface NodeChoices {
  listen?: string[]
  admits?: (peer: string) => boolean
  reach?: Partial<ReachSettings>
}

export async function createReachNode({
  listen = [],
  admits = () => true,
  reach = {},
}: NodeChoices): Promise<ReachNode> {
  const heard: string[] = []
  let ahead = 0
  const clock = { ...systemClock, now: () => systemClock.now() + ahead }
  const network = await createNetwork(
    {
      ...{ seed: randomBytes(32), topic: '/test/reach', transport: 'tcp', listen, reach, clock },
      ...{ announce: [], bootstrap: [], mdns: false },
    },
    {
      admits,
      validate: bytes => {
        heard.push(new TextDecoder().decode(bytes))
        return 'accept'
      },
      ...{ discovered() {}, opened() {}, closed() {} },
    },
  )
  await network.handle(ECHO_PROTOCOL, async (stream, peer) => {
    const channel = network.channel(stream, peer)
    for (;;) await channel.writeFrame(await channel.readFrame(PIECE_BYTES))
  })
  await network.start()
  const later = (ms: number) => {
    ahead += ms
  }
  return { ...network, heard, later }
}

/** Sends bytes and takes them back. @returns ms that it took */
export async function echo(from: SoleNetwork, to: string, bytes: number): Promise<number> {
  const began = performance.now()
  const channel = from.channel(await from.open(to, ECHO_PROTOCOL, AbortSignal.timeout(5000)), to)
  for (let left = bytes; left > 0; left -= PIECE_BYTES) {
    const sent = randomBytes(Math.min(left, PIECE_BYTES))
    const [back] = await Promise.all([channel.readFrame(PIECE_BYTES), channel.writeFrame(sent)])
    if (!Buffer.from(back).equals(sent)) throw new Error('other bytes came back')
  }
  return performance.now() - began
}

/** Waits for a state of real sockets. @throws Error when it does not come about in 20 s */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 1000) throw new Error(`never: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

export function within(ms = 10_000): AbortSignal {
  return AbortSignal.timeout(ms)
}
