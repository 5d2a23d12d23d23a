/** What /v1/contacts and /v1/peers answer, and the requests about invitations. @module */

import { z } from '@hono/zod-openapi'
import { INVITATION_NOTE_MAX } from '../../contacts/book.ts'
import {
  COUNT,
  HOSPITAL_FIELD,
  INSTANT,
  INVITATION_FIELD,
  PEER_FIELD,
  SITE_FIELD,
  STUDY_FIELD,
  WORDS,
} from './fields.ts'

const CONTACT_SCHEMA = z
  .strictObject({
    peer: PEER_FIELD,
    site: SITE_FIELD,
    checkWords: z.array(z.string()).length(6),
    approved: INSTANT,
    /** whether it has approved this hospital too; until then it is no contact yet */
    mutual: z.boolean(),
    connected: z.boolean(),
  })
  .openapi('Contact')

const PENDING_CONTACT_SCHEMA = z
  .strictObject({
    peer: PEER_FIELD,
    /** as it says itself: nobody has checked it */
    site: SITE_FIELD,
    checkWords: z.array(z.string()).length(6),
    /** the contact that introduced it; null: it holds an invitation of this node, or this node joined with its own */
    introducedBy: HOSPITAL_FIELD.nullable(),
    /** who moved first: it came with an invitation of ours, or we went with one of its */
    direction: z.enum(['came', 'went', 'introduced']),
    since: INSTANT,
  })
  .openapi('PendingContact')

const OPEN_INVITATION_SCHEMA = z
  .strictObject({ id: INVITATION_FIELD, created: INSTANT, expires: INSTANT, note: z.string().nullable() })
  .openapi('OpenInvitation')

export const CONTACTS_SCHEMA = z
  .strictObject({
    contacts: z.array(CONTACT_SCHEMA),
    /** a person approves or refuses each */
    pending: z.array(PENDING_CONTACT_SCHEMA),
    /** without their secrets */
    invitations: z.array(OPEN_INVITATION_SCHEMA),
  })
  .openapi('Contacts')

export const NEW_INVITATION_REQUEST = z
  .strictObject({
    /** until it can no longer be used; at most 30 days */
    hours: z
      .int()
      .min(1)
      .max(30 * 24)
      .default(72),
    /** for one's own list: whom it is for */
    note: z.string().max(INVITATION_NOTE_MAX).nullable().default(null),
  })
  .openapi('NewInvitation')

export const INVITATION_SCHEMA = z
  .strictObject({
    id: INVITATION_FIELD,
    /** the string for the other hospital. It has a secret, and no later answer repeats it. */
    invitation: z.string().min(1),
    expires: INSTANT,
  })
  .openapi('Invitation')

/** What a peer did in a round. */
const STRIP_MARK = z.enum(['contributed', 'absent', 'void'])
/** Rounds in a strip. */
export const STRIP_ROUNDS_MAX = 60

const STRIP_SCHEMA = z
  .strictObject({
    study: STUDY_FIELD,
    /** number of the first round in `marks`; 0 without any */
    firstRound: COUNT,
    /** oldest first */
    marks: z.array(STRIP_MARK).max(STRIP_ROUNDS_MAX),
  })
  .openapi('Strip')

const PEER_ROW_SCHEMA = z
  .strictObject({
    peer: PEER_FIELD,
    site: SITE_FIELD,
    state: z.enum(['connected', 'absent', 'self']),
    /** in words, why it is absent, where that is known */
    reason: WORDS.nullable(),
    /** null when it is not connected, and for this node itself */
    reached: z
      .strictObject({
        how: z.enum(['direct', 'relay', 'proxy']),
        /** the relaying hospital, or host and port of the proxy; null when direct */
        through: z.string().nullable(),
        /** in words: "through Hospital C, which sees ciphertext only" */
        text: WORDS,
      })
      .nullable(),
    /** the last dial that failed since the last one that succeeded */
    failedDial: z.strictObject({ text: WORDS, since: INSTANT }).nullable(),
    contact: z.boolean(),
    /** one for each study of this node that it is a member of */
    strips: z.array(STRIP_SCHEMA),
  })
  .openapi('Peer')

export const PEERS_SCHEMA = z.strictObject({ peers: z.array(PEER_ROW_SCHEMA) }).openapi('Peers')

export type ContactsAnswer = z.infer<typeof CONTACTS_SCHEMA>
export type NewInvitation = z.infer<typeof NEW_INVITATION_REQUEST>
export type InvitationAnswer = z.infer<typeof INVITATION_SCHEMA>
export type PeersAnswer = z.infer<typeof PEERS_SCHEMA>
