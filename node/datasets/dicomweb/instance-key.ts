/** What a hospital remembers of an instance that it has pulled: a keyed hash, from which nobody without the key knows the UID. @module */

import { createHmac } from 'node:crypto'

/** Of HMAC-SHA256: two instances of a billion meet with a probability of 1e-21. */
const INSTANCE_KEY_BYTES = 16
const TAG = 'confrere/instance/1\0'

/**
 * The keyed hash of a SOPInstanceUID, in hex.
 *
 * @param key the hospital's own, the one of its patients: the tag keeps the two kinds of hashes apart
 */
export function instanceKey(key: Uint8Array, uid: string): string {
  const digest = createHmac('sha256', key).update(TAG).update(uid).digest()
  return digest.subarray(0, INSTANCE_KEY_BYTES).toString('hex')
}
