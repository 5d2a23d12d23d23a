/**
 * Attacks of a roster member on others, besides lying: flooding, stalling, garbage, excessive requests. Each attack
 * goes on until the signal and retries failures, because a victim may hang up.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { seal } from '../../crypto/envelope.ts'
import type { Signer } from '../../crypto/signature.ts'
import { SYNC_PROTOCOL } from '../../node/network/anti-entropy.ts'
import { encodeHello, SPOKEN } from '../../node/network/hello.ts'
import { HELLO_PROTOCOL } from '../../node/network/hello-desk.ts'
import type { SoleNetwork } from '../../node/network/network.ts'
import { encode } from '../../protocols/encoding/codec.ts'
import { CHUNK_PROTOCOL, PULL_PROTOCOL } from '../../protocols/exchange/frames.ts'
import { type Body, encodeBody, encodeEnvelope } from '../../protocols/messages/messages.ts'

const GOSSIP_PROTOCOL = '/meshsub/1.1.0'
const PUSH_PROTOCOL = '/confrere/push/1.0.0'
const REQUEST_PROTOCOLS = [HELLO_PROTOCOL, SYNC_PROTOCOL, PUSH_PROTOCOL]
const ALL_PROTOCOLS = [...REQUEST_PROTOCOLS, CHUNK_PROTOCOL, PULL_PROTOCOL, GOSSIP_PROTOCOL]
const PAUSE_MS = 20

export interface Victim {
  readonly peer: string
  readonly addresses: readonly string[]
}

export interface AttackRun {
  readonly network: SoleNetwork
  readonly victims: readonly Victim[]
  readonly signer: Signer
  readonly study: Uint8Array
  readonly signal: AbortSignal
  /** the newest round heard in gossip */
  readonly round: () => number
  /** opens another network of the same member */
  readonly again: () => Promise<SoleNetwork>
}

type Attack = (attackRun: AttackRun) => Promise<void>

/** Repeats an action against every victim. */
async function harass(attackRun: AttackRun, act: (victim: Victim) => Promise<void>): Promise<void> {
  const one = async (victim: Victim) => {
    while (!attackRun.signal.aborted) {
      try {
        const { network } = attackRun
        const signal = AbortSignal.any([attackRun.signal, AbortSignal.timeout(2000)])
        if (!network.connected(victim.peer)) await network.dial(victim.peer, victim.addresses, signal)
        await act(victim)
      } catch {
        await sleep(PAUSE_MS)
      }
      await sleep(0)
    }
  }
  await Promise.all(attackRun.victims.map(one))
}

/** Protocols that are the same for all studies of a node. */
const OF_NO_STUDY = [HELLO_PROTOCOL, GOSSIP_PROTOCOL]

async function openTo({ network, signal }: AttackRun, victim: Victim, protocol: string): Promise<Stream> {
  const streams = OF_NO_STUDY.includes(protocol) ? network.host : network
  return await streams.open(victim.peer, protocol, AbortSignal.any([signal, AbortSignal.timeout(2000)]))
}

/** Sends pieces whether or not the victim reads. */
async function pour(stream: Stream, pieces: () => Uint8Array, times: number): Promise<void> {
  for (let i = 0; i < times && stream.status === 'open'; i++) {
    if (!stream.send(pieces())) await sleep(1)
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}

/** A length prefix of the protocol: a varint, or four bytes. */
function prefix(protocol: string, length: number): Uint8Array {
  if (protocol !== CHUNK_PROTOCOL && protocol !== PULL_PROTOCOL) return varint(length)
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, length)
  return bytes
}

function framed(protocol: string, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([prefix(protocol, bytes.length), bytes])
}

function signed({ signer, study, round }: AttackRun, ahead: number): Uint8Array {
  const header = { study, roster: 0, round: round() + ahead }
  const view = Math.floor(Math.random() * 256)
  const instance = Math.random() < 0.5 ? 'commit' : 'result'
  const body =
    Math.random() < 0.8
      ? { type: 'prevote', ...header, instance, view, value: new Uint8Array(randomBytes(32)) }
      : {
          type: 'propose',
          ...header,
          instance,
          view,
          value: new Uint8Array(randomBytes(16_000)),
          validView: -1,
          proof: [],
        }
  return encodeEnvelope(seal(signer, encodeBody(body as Body)))
}

/** Gossip frames that cannot be decoded. */
const garbage: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    const stream = await openTo(attackRun, victim, GOSSIP_PROTOCOL)
    await pour(stream, () => framed(GOSSIP_PROTOCOL, randomBytes(20_000)), 500)
  })

/** Valid messages of this round and the next, in every slot and twice, as many as fit. */
const messages: Attack = async attackRun =>
  await harass(attackRun, async () => {
    for (let i = 0; i < 50; i++) attackRun.network.publish(signed(attackRun, Math.floor(Math.random() * 3)))
    await sleep(10)
  })

/** As `messages`, but just below the limits, so that victims do not hang up. */
const hum: Attack = async attackRun => {
  while (!attackRun.signal.aborted) {
    for (let i = 0; i < 5; i++) attackRun.network.publish(signed(attackRun, i % 2))
    await sleep(20)
  }
}

/** Hundreds of streams of every protocol, each stalled within a frame. */
const stall: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    for (const protocol of ALL_PROTOCOLS) {
      for (let i = 0; i < 50; i++) {
        const stream = await openTo(attackRun, victim, protocol)
        stream.send(prefix(protocol, 5000))
      }
    }
  })

/** A few streams of every protocol, each stalled just below a full frame that was sent in single bytes. */
const hoard: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    for (const protocol of ALL_PROTOCOLS) {
      const stream = await openTo(attackRun, victim, protocol)
      stream.send(prefix(protocol, 60_000))
      await pour(stream, () => Uint8Array.of(1), 50_000)
    }
    await sleep(10_000, undefined, { signal: attackRun.signal })
  })

/** One byte a second on every protocol. */
const drip: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    const streams = await Promise.all(ALL_PROTOCOLS.map(protocol => openTo(attackRun, victim, protocol)))
    for (const [at, stream] of streams.entries()) stream.send(prefix(ALL_PROTOCOLS[at] as string, 60_000))
    for (let i = 0; i < 60 && !attackRun.signal.aborted; i++) {
      for (const stream of streams) if (stream.status === 'open') stream.send(Uint8Array.of(0))
      await sleep(1000)
    }
  })

/** Frames that announce an enormous length and have it. */
const oversize: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    for (const protocol of ALL_PROTOCOLS) {
      const stream = await openTo(attackRun, victim, protocol)
      stream.send(prefix(protocol, 2 ** 31))
      await pour(stream, () => randomBytes(65_536), 100)
    }
  })

/** All kinds of requests, as often as possible, with no answer read. */
const ask: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    const { study, round } = attackRun
    const nothing = new Uint8Array(0)
    const summary = encode({ study, round: Math.max(1, round() - 200), have: nothing })
    const sync = await openTo(attackRun, victim, SYNC_PROTOCOL)
    sync.pause()
    sync.send(framed(SYNC_PROTOCOL, summary))
    const pull = await openTo(attackRun, victim, PULL_PROTOCOL)
    pull.pause()
    const wanted = { kind: 'checkpoint', hash: randomBytes(32).toString('hex') }
    await pour(pull, () => framed(PULL_PROTOCOL, encode(wanted)), 100)
  })

/** Hellos full of false addresses of others, and malformed requests. */
const hellos: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    const addresses = Array.from(
      { length: 8 },
      (_, i) => `/ip4/203.0.113.${i}/tcp/${1 + Math.floor(Math.random() * 60_000)}`,
    )
    const known = attackRun.victims.map(({ peer }) => ({ peer, addresses }))
    const hello = await openTo(attackRun, victim, HELLO_PROTOCOL)
    hello.send(framed(HELLO_PROTOCOL, encodeHello({ ...SPOKEN, study: attackRun.study, roster: 0, addresses, known })))
    for (const protocol of ALL_PROTOCOLS) {
      const stream = await openTo(attackRun, victim, protocol)
      await pour(stream, () => framed(protocol, randomBytes(1000)), 20)
    }
  })

interface YamuxInternals {
  sendFrame?: (header: { type: number; flag: number; streamID: number; length: number }, data?: Uint8Array) => boolean
}

/** Endless yamux pings, below the streams. */
const pings: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    const stream = (await openTo(attackRun, victim, HELLO_PROTOCOL)) as Stream & YamuxInternals
    for (let i = 0; i < 20_000 && stream.status === 'open'; i++) {
      if (stream.sendFrame?.({ type: 2, flag: 1, streamID: 0, length: i }) === false) await sleep(1)
    }
  })

/** Streams that are never negotiated, and protocols that do not exist. */
const strangeProtocols: Attack = async attackRun =>
  await harass(attackRun, async victim => {
    for (let i = 0; i < 100; i++) await openTo(attackRun, victim, `/confrere/${'x'.repeat(900)}/${i}`).catch(() => {})
  })

/** Many connections of one member, opened and closed. */
const reconnect: Attack = async attackRun => {
  const networks = await Promise.all(Array.from({ length: 8 }, () => attackRun.again()))
  try {
    await Promise.all(
      networks.map(network =>
        harass({ ...attackRun, network }, async victim => {
          if (Math.random() < 0.5) await network.hangUp(victim.peer)
        }),
      ),
    )
  } finally {
    await Promise.all(networks.map(network => network.stop()))
  }
}

/** Sockets that never begin the handshake. */
const silentSockets: Attack = async attackRun => {
  const sockets: Socket[] = []
  while (!attackRun.signal.aborted) {
    for (const { addresses } of attackRun.victims) {
      const port = Number(/\/tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1])
      if (sockets.length < 600) sockets.push(connect({ host: '127.0.0.1', port }).on('error', () => {}))
    }
    while (sockets[0]?.destroyed) sockets.shift()
    await sleep(5)
  }
  for (const socket of sockets) socket.destroy()
}

export const ATTACKS: Readonly<Record<string, Attack>> = {
  garbage,
  messages,
  hum,
  stall,
  hoard,
  drip,
  oversize,
  ask,
  hellos,
  pings,
  protocols: strangeProtocols,
  reconnect,
  sockets: silentSockets,
}
