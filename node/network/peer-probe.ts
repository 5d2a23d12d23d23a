/**
 * Finds out who answers at another hospital's address, with this node's key: the handshake says whether it is that hospital,
 * and a hello what it speaks. For a node that does not run: beside a running one it would use up that node's connections.
 *
 * The hello names no study. It is answered with one that both are in, and no hospital takes this node for present.
 *
 * @module
 */

import { ProtocolError } from '../../protocols/errors.ts'
import { hex } from '../../protocols/immutable.ts'
import type { NodeConfig } from '../config/config.ts'
import { decodeHello, encodeHello, HELLO_BYTES_MAX, SPOKEN } from './hello.ts'
import { HELLO_PROTOCOL } from './hello-desk.ts'
import { createHost } from './libp2p-host.ts'
import type { NetworkHost } from './network.ts'
import { dialErrorText } from './reach/dial-error.ts'
import { reachSettings } from './reach/settings.ts'
import { ask } from './request-reply.ts'

/** For the handshake, and again for the hello. */
const PROBE_MS_MAX = 5000
const NO_STUDY = new Uint8Array(32)
/** libp2p's error when the other side has no handler for a protocol. */
const UNSUPPORTED = 'UnsupportedProtocolError'
/** Noise names the key that it found: as a peer id, which it computes itself. */
const OTHER_KEY = /identity key (\w+) does not match/
const CAUSES_MAX = 8

/** Who answers at an address. */
export type Probed =
  /** the peer, and what it speaks: version of the protocol, and hex id of a study that both are in */
  | { readonly kind: 'speaks'; readonly protocol: number; readonly study: string }
  /** the peer, which has no hello of our version */
  | { readonly kind: 'other-hello' }
  /** the peer, which does not answer this node: it knows no study with it, or is starting */
  | { readonly kind: 'turned-away' }
  /** another peer; its PeerId */
  | { readonly kind: 'other-peer'; readonly found: string }
  /** no node, as far as this one can tell; why, in words */
  | { readonly kind: 'no-node'; readonly text: string }

export interface PeerProbe {
  /** @param peer PeerId that is expected there @param address a multiaddr */
  probe(peer: string, address: string): Promise<Probed>
  close(): Promise<void>
}

/** A host that listens nowhere and lets in whom it asks. @param seed of the node's key */
export async function openPeerProbe(seed: Uint8Array, network: NodeConfig['network']): Promise<PeerProbe> {
  const asked = new Set<string>()
  const reach = { ...(await reachSettings(network)), relay: false }
  const host = await createHost(
    { ...{ seed, transport: 'tcp', listen: [], announce: [], bootstrap: [], mdns: false }, reach },
    { admits: peer => asked.has(peer) },
  )
  // who finds that a peer has come asks it at once; silence says less than an answer that names another study
  await host.handle(HELLO_PROTOCOL, async stream => stream.abort(new Error('this is a check')))
  await host.start()
  const turns = new Map<string, Promise<unknown>>()
  return {
    probe(peer, address) {
      asked.add(peer)
      // a connection that is open already would answer for another address
      const turn = (turns.get(peer) ?? Promise.resolve()).then(() => probe(host, peer, address))
      turns.set(
        peer,
        turn.catch(() => {}),
      )
      return turn
    },
    close: () => host.stop(),
  }
}

async function probe(host: NetworkHost, peer: string, address: string): Promise<Probed> {
  try {
    await host.dial(peer, [address], AbortSignal.timeout(PROBE_MS_MAX))
  } catch (error) {
    const found = otherPeerIn(error)
    return found === null ? { kind: 'no-node', text: dialErrorText(error) } : { kind: 'other-peer', found }
  }
  try {
    return await hello(host, peer)
  } finally {
    await host.hangUp(peer).catch(() => {})
  }
}

async function hello(host: NetworkHost, peer: string): Promise<Probed> {
  const signal = AbortSignal.timeout(PROBE_MS_MAX)
  const ours = encodeHello({ ...SPOKEN, study: NO_STUDY, roster: 0, addresses: [], known: [] })
  try {
    const channel = host.channel(await host.open(peer, HELLO_PROTOCOL, signal), peer)
    const { protocol, study } = decodeHello(await ask(channel, ours, { bytesMax: HELLO_BYTES_MAX, signal }))
    return { kind: 'speaks', protocol, study: hex(study) }
  } catch (error) {
    const isStrange = error instanceof ProtocolError && error.action !== 'ignore'
    return (error as Error).name === UNSUPPORTED || isStrange ? { kind: 'other-hello' } : { kind: 'turned-away' }
  }
}

/** The peer that was found instead, where that is the error or what caused it. */
function otherPeerIn(error: unknown): string | null {
  const seen: unknown[] = [error]
  for (let at = 0; at < Math.min(seen.length, CAUSES_MAX); at++) {
    const one = seen[at]
    if (!(one instanceof Error)) continue
    const found = OTHER_KEY.exec(one.message)?.[1]
    if (found !== undefined) return found
    seen.push(one.cause, ...(one instanceof AggregateError ? one.errors : []))
  }
  return null
}
