/**
 * One node in its namespace, told what to do by lines of JSON on stdin; it answers each with a line on stdout. It only
 * builds the network: there is no study.
 *
 * @module
 */

import { createInterface } from 'node:readline'
import { createNetwork } from '../../node/network/libp2p-host.ts'

const ECHO_PROTOCOL = '/confrere-sim/echo/1.0.0'
const PIECE_BYTES = 1 << 20
const STEP_MS_MAX = 20_000

/** What a node is told at its start, as its one argument. */
export interface PeerInit {
  /** 32 bytes, hex */
  readonly seed: string
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  /** PeerIds that it admits */
  readonly admitted: readonly string[]
}

/** What a node is asked, and answers with `{ ok }` or `{ error }`. */
export type Order =
  | { readonly order: 'dial'; readonly peer: string; readonly addresses: readonly string[] }
  | { readonly order: 'echo'; readonly peer: string; readonly bytes: number }
  | { readonly order: 'state'; readonly peer: string }

const init = JSON.parse(process.argv[2] as string) as PeerInit
const network = await createNetwork(
  {
    ...{ seed: new Uint8Array(Buffer.from(init.seed, 'hex')), topic: '/confrere-sim/reach', transport: 'tcp' },
    ...{ listen: init.listen, announce: init.announce, bootstrap: [], mdns: false },
  },
  {
    admits: peer => init.admitted.includes(peer),
    ...{ validate: () => 'accept', discovered() {}, opened() {}, closed() {} },
  },
)
await network.handle(ECHO_PROTOCOL, async (stream, peer) => {
  const channel = network.channel(stream, peer)
  for (;;) await channel.writeFrame(await channel.readFrame(PIECE_BYTES))
})
await network.start()

async function echo(peer: string, bytes: number): Promise<number> {
  const channel = network.channel(await network.open(peer, ECHO_PROTOCOL, AbortSignal.timeout(STEP_MS_MAX)), peer)
  const piece = new Uint8Array(PIECE_BYTES)
  const began = performance.now()
  for (let left = bytes; left > 0; left -= PIECE_BYTES) {
    await Promise.all([channel.readFrame(PIECE_BYTES), channel.writeFrame(piece)])
  }
  return performance.now() - began
}

async function obey(order: Order): Promise<unknown> {
  const { peer } = order
  if (order.order === 'dial') return await network.dial(peer, order.addresses, AbortSignal.timeout(STEP_MS_MAX))
  if (order.order === 'echo') return await echo(peer, order.bytes)
  const { reach, addresses, bytesSent } = network
  const { places, relayed } = reach
  return {
    way: reach.way(peer),
    failures: reach.failures(peer),
    places,
    relayed,
    addresses: addresses(),
    sent: bytesSent(),
  }
}

const answer = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
answer({ ok: network.addresses() })
for await (const line of createInterface({ input: process.stdin })) {
  await obey(JSON.parse(line) as Order).then(
    ok => answer({ ok: ok ?? null }),
    (error: Error) => answer({ error: error.message }),
  )
}
await network.stop()
