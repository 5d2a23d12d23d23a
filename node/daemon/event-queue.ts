/**
 * Events that wait for the driver. What peers say may wait in bounded numbers for each member, so that a disk that is
 * slow for a moment cannot be made to fill the memory; anti-entropy brings again what was dropped.
 *
 * @module
 */

import type { Member } from '../../protocols/roster/roster.ts'
import type { RoundEvent } from '../../protocols/round/events.ts'

interface Waiting {
  events: number
  bytes: number
  links: number
}

/** Whose event it is and what it weighs; undefined for our own. */
function sizeOf(event: RoundEvent): { from: Member; bytes: number; links: number } | undefined {
  if (event.type === 'received') return { from: event.message.from, bytes: event.message.bytes.length, links: 0 }
  if (event.type === 'links' && event.from !== undefined) return { from: event.from, bytes: 0, links: 1 }
  return undefined
}

export class EventQueue {
  #events: RoundEvent[] = []
  #next = 0
  readonly #waiting = new Map<Member, Waiting>()

  /** @returns false when the member has too much waiting already, and the event was dropped */
  push(event: RoundEvent): boolean {
    const size = sizeOf(event)
    if (size !== undefined) {
      const waiting = this.#waiting.get(size.from) ?? { events: 0, bytes: 0, links: 0 }
      const events = waiting.events + 1
      const bytes = waiting.bytes + size.bytes
      const links = waiting.links + size.links
      // a member's transcript is looked at once at a time: it is asked for again from where it ended
      if (events > WAITING_EVENTS_PER_MEMBER_MAX || bytes > WAITING_BYTES_PER_MEMBER_MAX || links > 1) return false
      this.#waiting.set(size.from, { events, bytes, links })
    }
    this.#events.push(event)
    return true
  }

  shift(): RoundEvent | undefined {
    const event = this.#events[this.#next]
    if (event === undefined) return undefined
    this.#next += 1
    if (this.#next === this.#events.length || this.#next >= WAITING_EVENTS_PER_MEMBER_MAX) {
      this.#events = this.#events.slice(this.#next)
      this.#next = 0
    }
    const size = sizeOf(event)
    const waiting = size && this.#waiting.get(size.from)
    if (size !== undefined && waiting !== undefined) {
      waiting.events -= 1
      waiting.bytes -= size.bytes
      waiting.links -= size.links
    }
    return event
  }

  clear(): void {
    this.#events = []
    this.#next = 0
    this.#waiting.clear()
  }
}

/** Events of one member that wait for the driver while a disk is synced; anti-entropy brings what is dropped. */
export const WAITING_EVENTS_PER_MEMBER_MAX = 1024
export const WAITING_BYTES_PER_MEMBER_MAX = 4 << 20
