/** Sends our own messages: logged before they are sent (write-ahead), at most one for each slot. @module */

import assert from 'node:assert/strict'
import { sha256 } from '../../crypto/hash.ts'
import { put } from '../immutable.ts'
import { type Content, encodeBody, type Message, openMessage, slotOf } from '../messages/messages.ts'
import type { StepContext } from './context.ts'
import type { Entry } from './effects.ts'
import { isSilent } from './facts.ts'
import { inSlot } from './message-table.ts'
import { accept } from './receive.ts'
import type { Turn } from './transition.ts'

/**
 * Sends one of our own messages: logs it, publishes it, then accepts it ourselves. If its slot has a logged message,
 * perhaps from before a crash, that one is sent again.
 *
 * @param entries records that must become durable together with the message
 */
export function say(turn: Turn, content: Content, entries: readonly Entry[] = []): void {
  const { context, state } = turn
  assert(content.type === 'sit-out' || !isSilent(state), `${content.type} while silent`)
  const header = { study: context.study, roster: state.roster.version, round: state.round }
  const body = { ...content, ...header } as Message['body']
  const slot = slotOf({ from: context.self, body })
  const logged = state.own.get(slot)
  const fresh = logged === undefined ? sealed(body, context) : openMessage(logged, context)
  if (logged === undefined) {
    const own = { kind: 'own', round: state.round, slot, bytes: fresh.bytes } as const
    turn.effects.push({ type: 'store', entries: [...entries, own] })
    turn.state = { ...state, own: put(state.own, slot, fresh.bytes) }
  }
  turn.effects.push({ type: 'publish', bytes: fresh.bytes })
  if (inSlot(turn.state.messages, slot) === undefined) accept(turn, fresh)
}

function sealed(body: Message['body'], context: StepContext): Message {
  const bytes = encodeBody(body)
  return { from: context.self, body, bytes: context.seal(bytes), hash: sha256(bytes) }
}

/** Restores our own logged messages after a restart, and publishes them again. */
export function restoreOwn(turn: Turn, own: ReadonlyMap<string, Uint8Array>): void {
  // a copy: the log's own map may grow
  turn.state = { ...turn.state, own: new Map(own) }
  for (const bytes of own.values()) {
    accept(turn, openMessage(bytes, turn.context))
    turn.effects.push({ type: 'publish', bytes })
  }
}
