/**
 * The value that the first agreement of a round decides: one session, named by the hashes of its messages.
 *
 * @module
 */

import { z } from 'zod'
import { decode, encode } from '../encoding/codec.ts'
import { hash32 } from '../encoding/fields.ts'
import { ProtocolError } from '../errors.ts'
import type { Immutable } from '../immutable.ts'
import { view } from './fields.ts'
import { MEMBERS_MAX, VALUE_BYTES_MAX } from './limits.ts'

const COMMIT_VALUE = z.strictObject({
  /** the view that the session was opened in; it may be decided in a later view */
  view,
  open: hash32,
  manifests: z.array(hash32).max(MEMBERS_MAX),
  loaded: z.array(hash32).max(MEMBERS_MAX),
})
export type CommitValue = z.infer<typeof COMMIT_VALUE>

/** @throws ProtocolError `bad-commit` */
export function decodeCommitValue(bytes: Uint8Array): CommitValue {
  const parsed = COMMIT_VALUE.safeParse(decode(bytes, VALUE_BYTES_MAX))
  if (!parsed.success) throw new ProtocolError('bad-commit', 'not a COMMIT value')
  return parsed.data
}

export function encodeCommitValue(value: Immutable<CommitValue>): Uint8Array {
  return encode(value)
}
