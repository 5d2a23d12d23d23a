/** Schemas of the fields that several kinds of messages, votes, values and evidence share. @module */

import { z } from 'zod'
import { bytesUpTo, placeIn } from '../encoding/fields.ts'
import { MEMBERS_MAX, SMALL_MESSAGE_BYTES_MAX, VALUE_BYTES_MAX, VIEWS_MAX } from './limits.ts'

/** Number of a view, or of an attempt of the sender. */
export const view = placeIn(VIEWS_MAX)

/** A hospital's rank in the roster. */
export const rank = placeIn(MEMBERS_MAX)

/** Ranks, in the order that the message defines. */
export const ranks = z.array(rank).max(MEMBERS_MAX)

/** A value proposed to an agreement. */
export const valueBytes = bytesUpTo(VALUE_BYTES_MAX)

/** An envelope of a kind of message that occurs once for each hospital in a set. */
export const smallEnvelope = bytesUpTo(SMALL_MESSAGE_BYTES_MAX)

/** Envelopes of other hospitals inside a message: READYs or votes. */
export const smallEnvelopes = z.array(smallEnvelope).max(MEMBERS_MAX)
