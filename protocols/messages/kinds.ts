/**
 * Every kind of message that a hospital may sign in a round, one row each: its fields, what distinguishes several
 * messages of one sender, and its bit in anti-entropy. A kind without a row here cannot be sent.
 *
 * @module
 */

import { z } from 'zod'
import { bytesOf, bytesUpTo, hash32, uint32, whole } from '../encoding/fields.ts'
import { CHANGE_BYTES_MAX } from '../roster/limits.ts'
import { rank, ranks, smallEnvelopes, valueBytes, view } from './fields.ts'
import { FINGERPRINT_BYTES, INSTANCES, type Instance, VIEWS_MAX } from './limits.ts'

/** Fields that every message of a round has. */
export const HEADER = { study: hash32, roster: uint32, round: uint32 }

const instance = z.enum(INSTANCES)

/** The signed body of a kind. */
const body = <T extends string, F extends z.ZodRawShape>(type: T, fields: F) =>
  z.strictObject({ type: z.literal(type), ...HEADER, ...fields })

type Numbering =
  /** one a round */
  | { readonly numberedBy: 'none' }
  /** one a view */
  | { readonly numberedBy: 'view'; readonly schema: { readonly shape: { readonly view: typeof view } } }
  /** one an attempt of its sender */
  | { readonly numberedBy: 'attempt'; readonly schema: { readonly shape: { readonly attempt: typeof view } } }

type Placing =
  /**
   * position among the kinds in the bitmap of anti-entropy. Peers compare bitmaps: a position is never changed, and a
   * new kind takes the next free one
   */
  | { readonly place: number }
  /** the same, for a kind that exists once in each of the two agreements */
  | {
      readonly place: Readonly<Record<Instance, number>>
      readonly schema: { readonly shape: { readonly instance: typeof instance } }
    }

type Kind<T> = Numbering &
  Placing & { readonly schema: { readonly shape: { readonly type: z.ZodLiteral<T & string> } } }

/** Checks at compile time that every row has its own kind, and the field that numbers its messages. */
function table<T extends { readonly [K in keyof T]: Kind<K> }>(rows: T): T {
  return rows
}

export const KINDS = table({
  ready: {
    numberedBy: 'none',
    place: 0,
    schema: body('ready', { previous: hash32, key: hash32, owner: z.boolean() }),
  },
  open: {
    numberedBy: 'view',
    place: 1,
    schema: body('open', { view, readys: smallEnvelopes, owners: ranks }),
  },
  manifest: {
    numberedBy: 'view',
    place: 2,
    schema: body('manifest', { view, sid: hash32, root: hash32, commitment: hash32 }),
  },
  loaded: {
    numberedBy: 'view',
    place: 3,
    schema: body('loaded', { view, sid: hash32, chunk: rank, digest: hash32 }),
  },
  missing: {
    numberedBy: 'view',
    place: 4,
    schema: body('missing', { view, sid: hash32, chunk: rank, members: ranks }),
  },
  propose: {
    numberedBy: 'view',
    place: { commit: 5, result: 14 },
    schema: body('propose', {
      instance,
      view,
      value: valueBytes,
      validView: whole(-1, VIEWS_MAX - 1),
      /** proof of lock: a quorum's prevotes of `validView`; empty when that is -1 */
      proof: smallEnvelopes,
    }),
  },
  prevote: {
    numberedBy: 'view',
    place: { commit: 6, result: 15 },
    schema: body('prevote', { instance, view, value: hash32.nullable() }),
  },
  precommit: {
    numberedBy: 'view',
    place: { commit: 7, result: 16 },
    schema: body('precommit', { instance, view, value: hash32.nullable() }),
  },
  /** a quorum's precommits of the first agreement, for peers that did not receive enough of them to count */
  certificate: {
    numberedBy: 'none',
    place: 8,
    schema: body('certificate', { view, value: valueBytes, precommits: smallEnvelopes }),
  },
  release: {
    numberedBy: 'none',
    place: 9,
    schema: body('release', { sid: hash32, key: hash32 }),
  },
  /**
   * attempt a of chunk c belongs to the a-th successor of its owner: the sender's place among the owners determines the
   * chunk
   */
  'chunk-sum': {
    numberedBy: 'attempt',
    place: 10,
    schema: body('chunk-sum', { sid: hash32, attempt: view, hash: hash32 }),
  },
  /**
   * 64 subset sums of the sender's opened vector under a challenge; attempts are numbered, because sums may be replaced
   */
  fingerprint: {
    numberedBy: 'attempt',
    place: 11,
    schema: body('fingerprint', {
      sid: hash32,
      attempt: view,
      challenge: hash32,
      sums: bytesOf(FINGERPRINT_BYTES),
    }),
  },
  /** an operator's consent to one change of the roster, sent again in every round until the change is certified */
  approve: {
    numberedBy: 'none',
    place: 12,
    schema: body('approve', { change: bytesUpTo(CHANGE_BYTES_MAX) }),
  },
  /**
   * the sender takes no part in this round: after its disk was set back, or lost the round's secrets, it might
   * contradict an earlier message of its own
   */
  'sit-out': {
    numberedBy: 'none',
    place: 13,
    schema: body('sit-out', {}),
  },
})

export type MessageType = keyof typeof KINDS

/** All positions of the bitmap, in the order of the rows. */
export const PLACES: readonly number[] = Object.values(KINDS).flatMap(({ place }) =>
  typeof place === 'number' ? [place] : INSTANCES.map(name => place[name]),
)
