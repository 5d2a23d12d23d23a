/**
 * Anti-entropy on the wire: every so often what we hold is compared with random peers, and the missing is pulled.
 * The liveness of a round depends on it, for gossip is best effort.
 *
 * @module
 */

import { ProtocolError } from '../../protocols/errors.ts'
import { openRelayed } from '../../protocols/exchange/admission.ts'
import {
  COMPARE_FRAME_BYTES_MAX,
  COMPARE_PAUSE_MS,
  checkSummary,
  pushAfter,
  summaryOf,
} from '../../protocols/exchange/comparison.ts'
import { openMessage } from '../../protocols/messages/messages.ts'
import { OUTSIDE } from '../../protocols/roster/roster.ts'
import { contextAt, type StepContext } from '../../protocols/round/context.ts'
import type { RoundEvent } from '../../protocols/round/events.ts'
import type { RoundState } from '../../protocols/round/state.ts'
import { answer, decodeFill, decodeSummary, encodeSync } from '../../protocols/sync/anti-entropy.ts'
import { SYNC_INTERVAL_MS, SYNC_LINKS_MAX, SYNC_PEERS } from '../../protocols/sync/limits.ts'
import { decodeLink } from '../../protocols/transcript/link.ts'
import type { Store } from '../storage/store.ts'
import { patienceMs } from './limits/limits.ts'
import type { Network } from './network.ts'
import { ask, reply } from './request-reply.ts'

export const SYNC_PROTOCOL = '/confrere/sync/1.0.0'
export const PUSH_PROTOCOL = '/confrere/push/1.0.0'

export interface AntiEntropy {
  start(): Promise<void>
  stop(): void
  /** compares with one peer now, unless that is under way */
  compare(peer: string): Promise<void>
  /** compares with one peer at once, or as soon as the comparison under way is over: its last answer was one of many */
  compareAgain(peer: string): Promise<void>
  /** asks one peer what it holds from us, until it has answered once */
  recall(peer: string): Promise<void>
}

export interface AntiEntropyParts {
  context: StepContext
  readonly network: Network
  readonly store: Store
  readonly state: () => RoundState
  readonly event: (event: RoundEvent) => void
  /** connected roster peers */
  readonly peers: () => string[]
  /** a number in [0, 1) */
  readonly random: () => number
}

export function createAntiEntropy({
  context,
  network,
  store,
  state,
  event,
  peers,
  random,
}: AntiEntropyParts): AntiEntropy {
  const { guard } = network
  /** the roster follows the study's rounds */
  const now = () => contextAt(context, state().roster)
  /** a request and its answer, on a line as slow as the study allows */
  const withinMs = patienceMs(2 * COMPARE_FRAME_BYTES_MAX, context.timing.bandwidthMin)
  const { compare, compareAgain } = turns(exchange, (peer, error) => guard.blame(peer, error))
  let timer: NodeJS.Timeout | undefined

  /** Hands on what a peer gave us, as far as it verifies. @throws ProtocolError what no honest peer would pass on */
  function take(peer: string, messages: readonly Uint8Array[]): void {
    // what is too much for now is there to be compared again
    if (!guard.says(peer, { messages: messages.length, bytes: 0 })) return
    const context = now()
    const opened = openRelayed(messages, bytes => openMessage(bytes, context))
    for (const message of opened.messages) event({ type: 'received', message })
    if (opened.fault !== null) throw opened.fault
  }

  async function answerSummary(peer: string, request: Uint8Array): Promise<Uint8Array> {
    if (!guard.says(peer, { messages: 0, bytes: request.length }))
      throw new ProtocolError('too-many', 'asks too much', { action: 'ignore' })
    const summary = decodeSummary(request)
    checkSummary(summary, context.study)
    // links that are certified meanwhile do not make the round that we tell of look further away than it was
    const asked = state()
    const links = summary.round < asked.round ? await store.links(summary.round, SYNC_LINKS_MAX) : []
    const from = asked.roster.ranks.get(peer) ?? OUTSIDE
    const full = answer(asked, summary, { from, linksFrom: () => links })
    const wire = encodeSync(full)
    return guard.isAnswered(peer, wire.length) ? wire : encodeSync({ ...full, messages: [], links: [] })
  }

  async function takePush(peer: string, request: Uint8Array): Promise<Uint8Array> {
    if (guard.says(peer, { messages: 0, bytes: request.length })) take(peer, decodeFill(request).messages)
    return new Uint8Array(1)
  }

  async function exchange(peer: string): Promise<void> {
    const signal = AbortSignal.timeout(withinMs)
    const summary = summaryOf(state(), { study: context.study, recall: false })
    const channel = network.channel(await network.open(peer, SYNC_PROTOCOL, signal), peer)
    const fill = decodeFill(await ask(channel, encodeSync(summary), { bytesMax: COMPARE_FRAME_BYTES_MAX, signal }))
    take(peer, fill.messages)
    const from = now().roster.ranks.get(peer)
    if (from !== undefined && (fill.links.length > 0 || state().awaited?.partial)) {
      event({ type: 'links', links: fill.links.map(decodeLink), from, senderRound: fill.round })
    }
    const lacking = pushAfter(state(), fill, summary)
    if (lacking === undefined) return
    const push = encodeSync(lacking)
    await ask(network.channel(await network.open(peer, PUSH_PROTOCOL, signal), peer), push, { bytesMax: 16, signal })
  }

  async function serve(
    protocol: string,
    { bytesMax, answer }: { bytesMax: number; answer: (peer: string, request: Uint8Array) => Promise<Uint8Array> },
  ): Promise<void> {
    await network.handle(protocol, async (stream, peer) => {
      const channel = network.channel(stream, peer)
      try {
        await reply(channel, request => answer(peer, request), { bytesMax, withinMs })
      } catch (error) {
        guard.blame(peer, error)
      }
    })
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
      await serve(SYNC_PROTOCOL, { bytesMax: COMPARE_FRAME_BYTES_MAX, answer: answerSummary })
      await serve(PUSH_PROTOCOL, { bytesMax: COMPARE_FRAME_BYTES_MAX, answer: takePush })
      timer = setInterval(compareWithSome, SYNC_INTERVAL_MS)
    },
    stop: () => clearInterval(timer),
    compare,
    compareAgain,
    recall: peer => recall(peer, { context, network, state, event, withinMs }),
  }
}

/** One exchange with a peer at a time, and not too often, unless its last answer was one of many. */
function turns(
  exchange: (peer: string) => Promise<void>,
  blame: (peer: string, error: unknown) => void,
): Pick<AntiEntropy, 'compare' | 'compareAgain'> {
  const running = new Map<string, Promise<void>>()
  const comparedAt = new Map<string, number>()

  async function compareAgain(peer: string): Promise<void> {
    // whoever began the exchange under way hears of its failure
    await running.get(peer)?.catch(() => {})
    if (running.has(peer)) return
    const exchanged = exchange(peer)
    running.set(peer, exchanged)
    try {
      await exchanged
    } catch (error) {
      blame(peer, error)
      throw error
    } finally {
      comparedAt.set(peer, performance.now())
      running.delete(peer)
    }
  }

  return {
    async compare(peer) {
      const since = performance.now() - (comparedAt.get(peer) ?? -Infinity)
      if (!running.has(peer) && since >= COMPARE_PAUSE_MS) await compareAgain(peer)
    },
    compareAgain,
  }
}

/** One question and its answer: what a peer holds from us, which our own disk may have forgotten. */
async function recall(
  peer: string,
  {
    context,
    network,
    state,
    event,
    withinMs,
  }: Pick<AntiEntropyParts, 'context' | 'network' | 'state' | 'event'> & { withinMs: number },
): Promise<void> {
  const signal = AbortSignal.timeout(withinMs)
  const request = encodeSync(summaryOf(state(), { study: context.study, recall: true }))
  try {
    const channel = network.channel(await network.open(peer, SYNC_PROTOCOL, signal), peer)
    const { round, messages } = decodeFill(await ask(channel, request, { bytesMax: COMPARE_FRAME_BYTES_MAX, signal }))
    const now = contextAt(context, state().roster)
    const from = now.roster.ranks.get(peer)
    const opened = openRelayed(messages, bytes => openMessage(bytes, now))
    if (opened.fault !== null) throw opened.fault
    if (from !== undefined) event({ type: 'recalled', from, round, messages: opened.messages })
  } catch (error) {
    network.guard.blame(peer, error)
    throw error
  }
}
