/**
 * Events of /v1/events. An event says what has changed and in words how; who needs the numbers asks the resource.
 *
 * @module
 */

import { z } from '@hono/zod-openapi'
import { COUNT, INSTANT, PEER_FIELD, STUDY_FIELD, WORDS } from './fields.ts'

/** What a reader of the interface asks for again after an event of the type. */
export const EVENT_TYPES = ['node', 'contacts', 'peers', 'studies', 'round', 'roster', 'datasets', 'evidence'] as const

export const EVENT_SCHEMA = z
  .strictObject({
    /** grows by one from event to event; a node that starts again begins above all earlier ones */
    id: z.int().min(1),
    at: INSTANT,
    type: z.enum(EVENT_TYPES),
    /** of which study, where it is of one */
    study: STUDY_FIELD.nullable(),
    /** of which peer, where it is of one */
    peer: PEER_FIELD.nullable(),
    text: WORDS,
  })
  .openapi('Event')

/** Sent as the event `gap`: events were lost to this reader, so that it must ask for everything again. */
export const GAP_SCHEMA = z
  .strictObject({
    /** the newest event before the next one of the stream */
    lastEvent: COUNT,
  })
  .openapi('Gap')

export type NodeEvent = z.infer<typeof EVENT_SCHEMA>
export type NewEvent = Pick<NodeEvent, 'type' | 'text'> & Partial<Pick<NodeEvent, 'study' | 'peer'>>
