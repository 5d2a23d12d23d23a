/**
 * The hostile member: a process of its own that is in the roster. It sends valid hellos, answers with garbage or not at
 * all, and attacks.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { createSigner } from '../../crypto/signature.ts'
import type { Clock } from '../../node/clock.ts'
import { SYNC_PROTOCOL } from '../../node/network/anti-entropy.ts'
import { encodeHello, SPOKEN } from '../../node/network/hello.ts'
import { HELLO_PROTOCOL } from '../../node/network/hello-desk.ts'
import { createNetwork } from '../../node/network/libp2p-host.ts'
import type { SoleNetwork } from '../../node/network/network.ts'
import { topicOf } from '../../node/network/topic.ts'
import { decode } from '../../protocols/encoding/codec.ts'
import { CHUNK_PROTOCOL, PULL_PROTOCOL } from '../../protocols/exchange/frames.ts'
import { decodeEnvelope } from '../../protocols/messages/messages.ts'
import { ATTACKS, type AttackRun, type Victim } from './attacks.ts'

export interface Orders {
  /** hex */
  readonly seed: string
  /** hex */
  readonly study: string
  readonly victims: readonly Victim[]
  readonly attacks: readonly string[]
}

let round = 1
let ages = 0

/** A clock that jumps ahead at every reading, so that the attacker's own rate limits never apply. */
const CARELESS: Clock = {
  now() {
    ages += 1e9
    return ages
  },
  after: () => () => {},
}

/** Learns the current round from gossip. */
function overhear(bytes: Uint8Array): void {
  const { body } = decodeEnvelope(bytes)
  round = Math.max(round, (decode(body) as { round: number }).round)
}

async function infiltrate({ seed, study }: Orders): Promise<SoleNetwork> {
  const network = await createNetwork(
    {
      seed: Buffer.from(seed, 'hex'),
      topic: topicOf(Buffer.from(study, 'hex')),
      transport: 'tcp',
      listen: [],
      announce: [],
      bootstrap: [],
      mdns: false,
      clock: CARELESS,
    },
    {
      admits: () => true,
      validate(bytes) {
        overhear(bytes)
        return 'accept'
      },
      discovered() {},
      opened() {},
      closed() {},
    },
  )
  const hello = encodeHello({ ...SPOKEN, roster: 0, study: Buffer.from(study, 'hex'), addresses: [], known: [] })
  await network.host.handle(HELLO_PROTOCOL, async stream => {
    stream.send(Buffer.concat([Uint8Array.of(hello.length), hello]))
    await stream.close()
  })
  await network.handle(SYNC_PROTOCOL, async stream => {
    stream.send(randomBytes(60_000))
  })
  await network.handle(CHUNK_PROTOCOL, async () => {})
  await network.handle(PULL_PROTOCOL, async stream => {
    stream.send(Math.random() < 0.5 ? randomBytes(100) : Uint8Array.of(0, 0, 0))
  })
  await network.start()
  return network
}

async function attack(orders: Orders): Promise<void> {
  const network = await infiltrate(orders)
  const attackRun: AttackRun = {
    network,
    victims: orders.victims,
    signer: createSigner(Buffer.from(orders.seed, 'hex')),
    study: Buffer.from(orders.study, 'hex'),
    signal: new AbortController().signal,
    round: () => round,
    again: () => infiltrate(orders),
  }
  // failures of the attacker itself do not matter
  process.on('uncaughtException', () => {})
  await Promise.all(orders.attacks.map(name => ATTACKS[name]?.(attackRun)))
}

process.on('message', orders => void attack(orders as Orders))
process.on('disconnect', () => process.exit(0))
