/** The identity of an image: that of its decoded values, whatever file they came in. @module */

import { createHash } from 'node:crypto'

/** Hex of the SHA-256 of stored values of 8 or 16 bits, little-endian. */
export function storedHash(values: Uint8Array | Int8Array | Uint16Array | Int16Array): string {
  return createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex')
}
