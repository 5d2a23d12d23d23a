/** Keyed hashes of records: the ledger recognises them and nobody without the key does. @module */

import { createHmac } from 'node:crypto'
import type { Dataset } from './dataset.ts'

/** Of HMAC-SHA256: two records of a billion meet with a probability of 1e-21. */
export const RECORD_HASH_BYTES = 16
const TAG = 'confrere/record/1'

/**
 * A hash of each record: HMAC-SHA256 under the node's own key, of its shape and its values as the study sees them, without
 * the label. Sorted, so that the order of the file says nothing.
 *
 * @returns `count` × RECORD_HASH_BYTES, one after the other
 */
export function recordHashes(dataset: Dataset, key: Uint8Array): Uint8Array {
  const size = dataset.shape.reduce((product, length) => product * length, 1)
  const head = `${TAG}\0${dataset.shape.join('x')}\0`
  const hashes = Array.from({ length: dataset.count }, (_, record) => {
    const values = dataset.inputs.subarray(record * size, (record + 1) * size)
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    return createHmac('sha256', key).update(head).update(bytes).digest().subarray(0, RECORD_HASH_BYTES)
  })
  return new Uint8Array(Buffer.concat(hashes.sort(Buffer.compare)))
}
