/**
 * Events for readers of /v1/events: numbered without a hole, the newest ones kept for readers that come back.
 *
 * @module Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

import type { NewEvent, NodeEvent } from './api/events.ts'

export const EVENT_STREAMS_MAX = 16
const EVENTS_KEPT = 1000
const HEARTBEAT_MS = 15_000
/**
 * A reader that leaves more unread is dropped: it comes back and asks for what it missed. All kept events fit into it,
 * also when every character of their texts is written as an escape of six bytes.
 */
const UNREAD_BYTES_MAX = 2 << 20
/** A peer may have chosen a part of a text. */
const TEXT_LENGTH_MAX = 200
/** milliseconds after which a browser tries again */
const RETRY_MS = 2000

const encoder = new TextEncoder()

interface Reader {
  send(bytes: Uint8Array): void
  close(): void
}

export interface EventFeedOptions {
  /** milliseconds since the epoch */
  now(): number
  /** calls back again and again, until the returned function is called */
  every(milliseconds: number, call: () => void): () => void
}

export class EventFeed {
  readonly #options: EventFeedOptions
  readonly #kept: NodeEvent[] = []
  readonly #readers = new Set<Reader>()
  #last: number
  #stopHeartbeat: (() => void) | undefined

  /** Ids begin with the time, so that a reader from before a restart knows that it missed events. */
  constructor(options: EventFeedOptions) {
    this.#options = options
    this.#last = Math.floor(options.now())
  }

  /** id of the newest event */
  get last(): number {
    return this.#last
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Tells all readers. @param event words for people; nothing secret */
  emit({ type, text, study = null, peer = null }: NewEvent): void {
    this.#last += 1
    const at = new Date(this.#options.now()).toISOString()
    const event = { id: this.#last, at, type, study, peer, text: text.slice(0, TEXT_LENGTH_MAX) }
    this.#kept.push(event)
    if (this.#kept.length > EVENTS_KEPT) this.#kept.shift()
    this.#send(eventText(event))
  }

  /**
   * A stream of the events after `since`, or of those to come when that is null. It begins with a gap where some that it
   * should have are not kept any more.
   *
   * @param drop ends the connection of a reader that is too slow
   * @returns null when there are as many readers as there may be
   */
  open(since: number | null, drop?: () => void): ReadableStream<Uint8Array> | null {
    if (this.#readers.size >= EVENT_STREAMS_MAX) return null
    let reader: Reader | undefined
    return new ReadableStream<Uint8Array>(
      {
        start: controller => {
          reader = this.#reader(controller, drop)
          reader.send(encoder.encode(`retry: ${RETRY_MS}\n\n${this.#missed(since)}`))
          this.#add(reader)
        },
        cancel: () => {
          if (reader !== undefined) this.#remove(reader)
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: UNREAD_BYTES_MAX }),
    )
  }

  /** Ends all streams. */
  close(): void {
    for (const reader of [...this.#readers]) {
      this.#remove(reader)
      reader.close()
    }
  }

  #reader(controller: ReadableStreamDefaultController<Uint8Array>, drop: (() => void) | undefined): Reader {
    const reader: Reader = {
      send: bytes => {
        controller.enqueue(bytes)
        if ((controller.desiredSize ?? 0) > 0) return
        this.#remove(reader)
        if (drop === undefined) controller.error(new Error('the reader is too slow'))
        else drop()
      },
      close: () => controller.close(),
    }
    return reader
  }

  #missed(since: number | null): string {
    if (since === null || since === this.#last) return ''
    const oldest = this.#kept[0]?.id ?? this.#last + 1
    if (since > this.#last || since < oldest - 1) {
      return `event: gap\nid: ${this.#last}\ndata: ${JSON.stringify({ lastEvent: this.#last })}\n\n`
    }
    return this.#kept
      .slice(since - oldest + 1)
      .map(eventText)
      .join('')
  }

  #add(reader: Reader): void {
    this.#readers.add(reader)
    // no timer runs while nobody reads
    this.#stopHeartbeat ??= this.#options.every(HEARTBEAT_MS, () => this.#send(': still here\n\n'))
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader)
    if (this.#readers.size > 0) return
    this.#stopHeartbeat?.()
    this.#stopHeartbeat = undefined
  }

  #send(text: string): void {
    if (this.#readers.size === 0) return
    const bytes = encoder.encode(text)
    for (const reader of [...this.#readers]) reader.send(bytes)
  }
}

/** JSON has no line breaks of its own, so that no text can end its line and begin another field. */
function eventText(event: NodeEvent): string {
  return `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`
}
