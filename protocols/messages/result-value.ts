/** The value that peers agree on at a round's end: its sum and next checkpoint, or VOID. @module */

import { z } from 'zod'
import { TAG_VALUE } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import { decode, encode } from '../encoding/codec.ts'
import { bytesUpTo, hash32 } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'
import { CHANGE_BYTES_MAX } from '../roster/limits.ts'
import { ROUND_KINDS } from '../study/round-kind.ts'
import { ranks, view } from './fields.ts'
import { VALUE_BYTES_MAX } from './limits.ts'

const RESULT_VALUE = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('result'),
    /** what the round was for, by the study's schedule */
    kind: z.enum(ROUND_KINDS),
    sid: hash32,
    sum: hash32,
    checkpoint: hash32,
    members: ranks,
    view,
    /** a change of the roster that a quorum has approved, for the next round on */
    change: bytesUpTo(CHANGE_BYTES_MAX).nullable(),
  }),
  z.strictObject({
    outcome: z.literal('void'),
    sid: hash32,
    members: ranks,
  }),
])

/**
 * The value that the second agreement of a round decides; `members` are its contributors, or of a VOID round those that
 * prevented its result. A round that was never opened is VOID with a sid of zeros.
 */
export type ResultValue = z.infer<typeof RESULT_VALUE>

export function encodeResultValue(value: ResultValue): Uint8Array {
  return encode(value)
}

/** @throws ProtocolError `bad-result` */
export function decodeResultValue(bytes: Uint8Array): ResultValue {
  const parsed = RESULT_VALUE.safeParse(decode(bytes, VALUE_BYTES_MAX))
  if (!parsed.success) throw new ProtocolError('bad-result', 'not a RESULT or VOID value')
  return parsed.data
}

/** Domain-separated identity of an agreement's value. */
export function valueId(value: Uint8Array): Uint8Array {
  return sha256(TAG_VALUE, value)
}
