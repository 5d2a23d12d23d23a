/**
 * Anti-entropy on the wire: every so often what we hold is compared with random peers, and the missing is pulled.
 * The liveness of a round depends on it, for gossip is best effort.
 *
 * @module
 */

import { ProtocolError } from '../crypto/errors.ts'
import type { RoundEvent, StepContext } from '../protocols/ports.ts'
import { openMessage } from '../protocols/round/messages.ts'
import type { RoundState } from '../protocols/round/state.ts'
import { SYNC_BYTES_MAX, SYNC_INTERVAL_MS, SYNC_LINKS_MAX, SYNC_PEERS } from '../protocols/sync/constants.ts'
import { decodeLink } from '../protocols/sync/link.ts'
import { answer, bitmapOf, decodeFill, decodeSummary, encodeSync, missingFrom } from '../protocols/sync/machine.ts'
import { ask, reply } from './framing.ts'
import type { Network } from './network.ts'
import type { Store } from './store.ts'

export const SYNC_PROTOCOL = '/confrere/sync/1.0.0'
export const PUSH_PROTOCOL = '/confrere/push/1.0.0'
const SYNC_TIMEOUT_MS = 10_000
const FRAME_BYTES_MAX = 2 * SYNC_BYTES_MAX

export interface GossipRepair {
  start(): Promise<void>
  stop(): void
  /** compares with one peer now, unless that is under way */
  compare(peer: string): Promise<void>
}

export function createGossipRepair({
  context,
  network,
  store,
  state,
  event,
  peers,
  random,
}: {
  context: StepContext
  network: Network
  store: Store
  state: () => RoundState
  event: (event: RoundEvent) => void
  /** connected roster peers */
  peers: () => string[]
  /** a number in [0, 1) */
  random: () => number
}): GossipRepair {
  const members = context.roster.hospitals.length
  const busy = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  function take(messages: readonly Uint8Array[]): void {
    for (const bytes of messages) event({ type: 'received', message: openMessage(bytes, context) })
  }

  async function answerSummary(request: Uint8Array): Promise<Uint8Array> {
    const summary = decodeSummary(request)
    if (Buffer.compare(summary.study, context.study) !== 0) throw new ProtocolError('other-study', 'of another study')
    const behind = summary.round < state().round
    const links = behind ? await store.links(summary.round, SYNC_LINKS_MAX) : []
    return encodeSync(answer(state(), summary, { members, linksFrom: () => links }))
  }

  async function compare(peer: string): Promise<void> {
    if (busy.has(peer)) return
    busy.add(peer)
    try {
      const signal = AbortSignal.timeout(SYNC_TIMEOUT_MS)
      const { round } = state()
      const have = bitmapOf(state(), members)
      const stream = await network.open(peer, SYNC_PROTOCOL, signal)
      const request = encodeSync({ study: context.study, round, have })
      const fill = decodeFill(await ask(stream, request, { bytesMax: FRAME_BYTES_MAX, signal }))
      take(fill.messages)
      const from = context.roster.ranks.get(peer)
      if (fill.links.length > 0 && from !== undefined) event({ type: 'links', links: fill.links.map(decodeLink), from })
      if (fill.round !== state().round) return
      const lacking = missingFrom(state(), fill.have, members)
      if (lacking.length === 0) return
      const push = encodeSync({ round, have: new Uint8Array(0), messages: lacking, links: [] })
      await ask(await network.open(peer, PUSH_PROTOCOL, signal), push, { bytesMax: 16, signal })
    } finally {
      busy.delete(peer)
    }
  }

  function compareWithSome(): void {
    const others = peers()
    for (let i = 0; i < SYNC_PEERS && others.length > 0; i++) {
      const [peer] = others.splice(Math.floor(random() * others.length), 1)
      // a peer that does not answer is asked again, or another is, in two seconds
      compare(peer as string).catch(() => {})
    }
  }

  return {
    async start() {
      await network.handle(SYNC_PROTOCOL, (stream, peer) =>
        reply(stream, answerSummary, { bytesMax: FRAME_BYTES_MAX }).catch(() => void peer),
      )
      await network.handle(PUSH_PROTOCOL, stream =>
        reply(
          stream,
          async request => {
            take(decodeFill(request).messages)
            return new Uint8Array(1)
          },
          { bytesMax: FRAME_BYTES_MAX },
        ).catch(() => {}),
      )
      timer = setInterval(compareWithSome, SYNC_INTERVAL_MS)
    },
    stop: () => clearInterval(timer),
    compare,
  }
}
