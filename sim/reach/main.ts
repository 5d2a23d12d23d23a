/**
 * Two hospitals in networks that do not know each other, and a third that is in both and relays: `node sim/reach/main.ts`
 * as root. It prints one line of JSON, with what the way through the relay costs beside the direct one; or why it cannot
 * run.
 *
 * @module ip-netns(8)
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSigner } from '../../crypto/signature.ts'
import { peerIdString } from '../../node/storage/identity.ts'
import { inside, lacking, runInside, runProgram, whenOuterEnds } from '../chaos/sandbox.ts'
import type { Order, PeerInit } from './peer.ts'

const PEER = fileURLToPath(new URL('./peer.ts', import.meta.url))
const MEBIBYTE = 1 << 20
const ECHO_MIB = 32
const ANSWER_MS_MAX = 30_000
const PLACE_TRIES_MAX = 100
const PORT = 7419

interface State {
  readonly way?: { readonly via: string; readonly relay?: string }
  readonly failures: readonly { readonly address: string; readonly text: string }[]
  readonly places: readonly string[]
  readonly relayed?: { readonly bytes: number; readonly circuits: number }
  readonly sent: number
}

/** Two links, `left` - `relay` - `right`, and no route beyond one's own. */
async function layLinks(): Promise<void> {
  await runProgram('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  const ip = async (...args: string[]) => await runProgram('ip', args)
  for (const name of ['left', 'right', 'relay']) await ip('netns', 'add', name)
  for (const [at, name] of ['left', 'right'].entries()) {
    await ip('link', 'add', name, 'netns', 'relay', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    for (const [namespace, device, host] of [
      ['relay', name, 1],
      [name, 'eth0', 2],
    ] as const) {
      await ip('-n', namespace, 'addr', 'add', `10.78.${at}.${host}/24`, 'dev', device)
      await ip('-n', namespace, 'link', 'set', device, 'up')
    }
  }
}

/** A node in a namespace. */
class RemotePeer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(namespace: string, init: PeerInit) {
    const command = [`--net=/run/netns/${namespace}`, process.execPath, PEER, JSON.stringify(init)]
    this.#child = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'inherit'] })
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

async function measure(): Promise<object> {
  await layLinks()
  const seeds = ['left', 'right', 'relay'].map(() => new Uint8Array(randomBytes(32)))
  const [left, right, relay] = seeds.map(seed => peerIdString(createSigner(seed).id)) as [string, string, string]
  const nodeOf = (namespace: string, at: number) =>
    new RemotePeer(namespace, {
      seed: Buffer.from(seeds[at] as Uint8Array).toString('hex'),
      ...{ listen: [`/ip4/0.0.0.0/tcp/${PORT}`], admitted: [left, right, relay] },
    })
  const nodes = { left: nodeOf('left', 0), right: nodeOf('right', 1), relay: nodeOf('relay', 2) }
  whenOuterEnds(() => process.exit(1))
  try {
    for (const node of Object.values(nodes)) await node.answer()
    for (const [at, node] of [nodes.left, nodes.right].entries()) {
      await node.ask({ order: 'dial', peer: relay, addresses: [`/ip4/10.78.${at}.1/tcp/${PORT}`] })
      for (let tries = 0; ; tries++) {
        if ((await node.ask<State>({ order: 'state', peer: relay })).places.length > 0) break
        if (tries > PLACE_TRIES_MAX) throw new Error('the relay keeps no place')
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    }
    const began = performance.now()
    await nodes.left.ask({ order: 'dial', peer: right, addresses: [`/ip4/10.78.1.2/tcp/${PORT}`] })
    const dialMs = performance.now() - began
    const bytes = ECHO_MIB * MEBIBYTE
    const stateOf = async (peer: string) => await nodes.left.ask<State>({ order: 'state', peer })
    const [{ sent: before }, { way, failures }] = [await stateOf(right), await stateOf(right)]
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
  } finally {
    for (const node of Object.values(nodes)) node.end()
  }
}

const reason = inside() ? undefined : await lacking('network')
if (reason !== undefined) process.stdout.write(`${JSON.stringify({ skipped: reason })}\n`)
else if (!inside()) process.exitCode = await runInside(new AbortController().signal)
else {
  process.stdout.write(`${JSON.stringify(await measure())}\n`)
  process.exit(0)
}
