/**
 * Two hospitals in networks that do not know each other, and a third that is in both and relays: `node sim/reach/main.ts`
 * as root. It prints one line of JSON, with what the way through the relay costs beside the direct one; or why it cannot
 * run. With `--reverse` the third network passes packets on, the first hospital has a public address and the second one
 * none: they meet through the relay, and the second then dials the first. With `--study WAY` it is a whole study, see
 * `study.ts`.
 *
 * @module ip-netns(8)
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSigner } from '../../crypto/signature.ts'
import { peerIdString } from '../../node/storage/identity.ts'
import { inside, lacking, runInside, whenOuterEnds } from '../chaos/sandbox.ts'
import { enter, layLinks } from './links.ts'
import type { Order, PeerInit } from './peer.ts'
import { runStudy } from './study.ts'
import { lackingFor, type StudyWay, WAYS } from './trio.ts'

const PEER = fileURLToPath(new URL('./peer.ts', import.meta.url))
const MEBIBYTE = 1 << 20
const ECHO_MIB = 32
const ANSWER_MS_MAX = 30_000
const TRIES_MAX = 100
const PORT = 7419

interface State {
  readonly way?: { readonly via: string; readonly relay?: string }
  readonly failures: readonly { readonly address: string; readonly text: string }[]
  readonly places: readonly string[]
  readonly relayed?: { readonly bytes: number; readonly circuits: number }
  readonly sent: number
}

/** Public addresses where the second hospital shall try them, which libp2p does with no private ones. */
function networkOf(isReversed: boolean): string {
  return isReversed ? '11.78' : '10.78'
}

/** A node in a namespace. */
class RemotePeer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(namespace: string, init: PeerInit) {
    const [program, ...args] = enter(namespace)
    this.#child = spawn(program, [...args, process.execPath, PEER, JSON.stringify(init)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  }

  /** @throws Error of what the node answered, or when it does not */
  async answer<Answer>(): Promise<Answer> {
    const timer = setTimeout(() => this.end(), ANSWER_MS_MAX)
    const { value, done } = await this.#lines.next()
    clearTimeout(timer)
    if (done === true) throw new Error('a node ended')
    const { ok, error } = JSON.parse(value as string) as { ok?: Answer; error?: string }
    if (error !== undefined) throw new Error(error)
    return ok as Answer
  }

  async ask<Answer>(order: Order): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`)
    return await this.answer<Answer>()
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}

interface Trio {
  readonly left: RemotePeer
  readonly right: RemotePeer
  readonly relay: RemotePeer
}

/** Starts the three, with places for both at the relay. */
async function within<Result>(
  isReversed: boolean,
  use: (
    nodes: Trio,
    peers: { readonly left: string; readonly right: string; readonly relay: string },
  ) => Promise<Result>,
): Promise<Result> {
  await layLinks({
    ...{ hub: 'relay', spokes: ['left', 'right'], network: networkOf(isReversed) },
    ...(isReversed && { routes: () => ['default'] }),
  })
  const seeds = ['left', 'right', 'relay'].map(() => new Uint8Array(randomBytes(32)))
  const [left, right, relay] = seeds.map(seed => peerIdString(createSigner(seed).id)) as [string, string, string]
  const everywhere = [`/ip4/0.0.0.0/tcp/${PORT}`]
  const nodeOf = (namespace: string, at: number, { listen = everywhere, announce = [] as string[] } = {}) =>
    new RemotePeer(namespace, {
      seed: Buffer.from(seeds[at] as Uint8Array).toString('hex'),
      ...{ listen, announce, admitted: [left, right, relay] },
    })
  const nodes = {
    left: nodeOf('left', 0, isReversed ? { announce: [`/ip4/${networkOf(true)}.0.2/tcp/${PORT}`] } : {}),
    right: nodeOf('right', 1, isReversed ? { listen: [] } : {}),
    relay: nodeOf('relay', 2),
  }
  try {
    for (const node of Object.values(nodes)) await node.answer()
    for (const [at, node] of [nodes.left, nodes.right].entries()) {
      const addresses = [`/ip4/${networkOf(isReversed)}.${at}.1/tcp/${PORT}`]
      await node.ask({ order: 'dial', peer: relay, addresses })
      await becomes(node, relay, ({ places }) => places.length > 0)
    }
    return await use(nodes, { left, right, relay })
  } finally {
    for (const node of Object.values(nodes)) node.end()
  }
}

async function becomes(node: RemotePeer, peer: string, holds: (state: State) => boolean): Promise<void> {
  for (let tries = 0; !holds(await node.ask<State>({ order: 'state', peer })); tries++) {
    if (tries > TRIES_MAX) throw new Error('a node does not come where it should be')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function measure(): Promise<object> {
  return await within(false, async (nodes, { left, right, relay }) => {
    const began = performance.now()
    await nodes.left.ask({ order: 'dial', peer: right, addresses: [`/ip4/10.78.1.2/tcp/${PORT}`] })
    const dialMs = performance.now() - began
    const bytes = ECHO_MIB * MEBIBYTE
    const stateOf = async (peer: string) => await nodes.left.ask<State>({ order: 'state', peer })
    const { sent: before, way, failures } = await stateOf(right)
    const relayedMs = await nodes.left.ask<number>({ order: 'echo', peer: right, bytes })
    const { sent: between } = await stateOf(right)
    const directMs = await nodes.left.ask<number>({ order: 'echo', peer: relay, bytes })
    const { sent: after } = await stateOf(relay)
    const { relayed } = await nodes.relay.ask<State>({ order: 'state', peer: left })
    const overhead = (sent: number) => Number(((sent / bytes - 1) * 100).toFixed(2))
    return {
      ...{ mebibytesEachWay: ECHO_MIB, way, failures, dialMs: Math.round(dialMs) },
      relayed: { ms: Math.round(relayedMs), overheadPercent: overhead(between - before), bytes: relayed?.bytes },
      direct: { ms: Math.round(directMs), overheadPercent: overhead(after - between) },
    }
  })
}

/** Waits until who was reached through the relay has dialled back. */
async function reverse(): Promise<object> {
  return await within(true, async (nodes, { left, right }) => {
    await nodes.left.ask({ order: 'dial', peer: right, addresses: [] })
    const { way: first } = await nodes.left.ask<State>({ order: 'state', peer: right })
    await becomes(nodes.right, left, ({ way }) => way?.via === 'direct')
    await becomes(nodes.left, right, ({ way }) => way?.via === 'direct')
    const { way } = await nodes.left.ask<State>({ order: 'state', peer: right })
    return { first, way }
  })
}

/** The way that `--study` names; undefined without it. @throws Error for one that is none */
function studyWay(): StudyWay | undefined {
  const at = process.argv.indexOf('--study')
  if (at < 0) return
  const named = WAYS.find(way => way === process.argv[at + 1])
  if (named === undefined) throw new Error(`--study takes one of ${WAYS.join(', ')}`)
  return named
}

const way = studyWay()
const reason = inside() ? undefined : ((way && lackingFor(way)) ?? (await lacking('network')))
if (reason !== undefined) process.stdout.write(`${JSON.stringify({ skipped: reason })}\n`)
else if (!inside()) process.exitCode = await runInside(new AbortController().signal)
else {
  whenOuterEnds(() => process.exit(1))
  const result = await (way ? runStudy(way) : process.argv.includes('--reverse') ? reverse() : measure())
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exit(0)
}
