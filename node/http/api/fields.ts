/**
 * Fields that several answers of the HTTP interface share. All texts are data: a reader shows them as text, never as
 * markup.
 *
 * @module
 */

import { z } from '@hono/zod-openapi'
import { ROUND_KINDS } from '../../../protocols/study/round-kind.ts'

/** base58btc PeerId */
export const PEER_FIELD = z
  .string()
  .regex(/^[1-9A-HJ-NP-Za-km-z]{40,60}$/, 'is not a peer id')
  .openapi({ example: '12D3KooWJ2mq7UWgXGRjzEqT3JHPAhXTzgDTtgJdV6vPzRzWCxYz' })
/** hex id of a study */
export const STUDY_FIELD = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'is not the id of a study: 64 hex digits')
  .openapi({ example: 'ab'.repeat(32) })
/** hex id of a change of the roster: SHA-256 of its bytes */
export const CHANGE_FIELD = z.string().regex(/^[0-9a-f]{64}$/, 'is not the id of a change: 64 hex digits')
/** id of an open invitation; no secret */
export const INVITATION_FIELD = z.string().regex(/^[0-9a-f]{16}$/, 'is not the id of an invitation: 16 hex digits')
/** UTC, such as 2026-03-01T12:00:00.000Z */
export const INSTANT = z.iso.datetime()
export const COUNT = z.int().min(0)
/** one or a few sentences for people */
export const WORDS = z.string().min(1)
/** a hospital's name, as it says itself or as the roster has it */
export const SITE_FIELD = z.string()
export const DATASET_NAME = z.string().min(1).max(100)
export const ROUND_KIND_FIELD = z.enum(ROUND_KINDS)

/** A hospital by id and name. */
export const HOSPITAL_FIELD = z.strictObject({ peer: PEER_FIELD, site: SITE_FIELD })

/** What something waits for, in words, and since when. */
export const WAITING_SCHEMA = z.strictObject({ text: WORDS, since: INSTANT }).openapi('Waiting')

/** RFC 9457 with this interface's two members: a stable code, and what to do. */
export const PROBLEM_SCHEMA = z
  .strictObject({
    type: z.literal('about:blank'),
    title: WORDS,
    status: z.int().min(400).max(599),
    code: z.string().regex(/^[a-z][a-z0-9-]*$/),
    detail: WORDS,
    hint: WORDS.nullable(),
  })
  .openapi('Problem')

export type Waiting = z.infer<typeof WAITING_SCHEMA>
export type Problem = z.infer<typeof PROBLEM_SCHEMA>
