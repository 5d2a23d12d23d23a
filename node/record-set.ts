/**
 * Which records a privacy account answers for: keyed hashes of the records' contents, kept on this machine alone. A data
 * set that shares any record with an earlier one goes on with its account, so adding an image resets nothing.
 *
 * @module
 */

import { createHash, createHmac, randomBytes } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../crypto/errors.ts'
import { writeFileAtomic, writeFileNew } from './atomic-file.ts'
import { type Dataset, selectRecords } from './datasets/dataset.ts'
import { onDisk } from './disk-error.ts'
import { PRIVACY_FOLDER } from './ledger.ts'

const KEY_FILE = 'key'
const KEY_BYTES = 32
/** Of HMAC-SHA256: two records of a billion meet with a probability of 1e-21. */
export const RECORD_HASH_BYTES = 16
const TAG = 'confrere/record/1'
const SET_BYTES_MAX = 1 << 30
const FLOAT_BYTES = 4

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

/**
 * Each image once. The promise is about one record, and an image that stands in the data twice would be protected half as
 * well. One that stands there with two labels is left out: to take either would make the other's presence decide which.
 * Either way one record more or less changes what one image adds, and nothing else.
 *
 * Rows of a table are left as they are: two that are the same are two people.
 *
 * @returns the data set itself when nothing is left out
 */
export function distinctRecords(dataset: Dataset): Dataset {
  const { shape, inputs, labels, count } = dataset
  if (shape.length === 1) return dataset
  const size = shape.reduce((product, length) => product * length, 1)
  const first = new Map<string, number>()
  const ambiguous = new Set<string>()
  for (let record = 0; record < count; record++) {
    const bytes = new Uint8Array(inputs.buffer, inputs.byteOffset + record * size * FLOAT_BYTES, size * FLOAT_BYTES)
    const digest = createHash('sha256').update(bytes).digest('base64')
    const before = first.get(digest)
    if (before === undefined) first.set(digest, record)
    else if (labels[before] !== labels[record]) ambiguous.add(digest)
  }
  const kept = [...first].flatMap(([digest, record]) => (ambiguous.has(digest) ? [] : [record]))
  if (kept.length === count) return dataset
  return { count: kept.length, shape, ...selectRecords(dataset, Uint32Array.from(kept)) }
}

/** Each hash once, as text that a Set can hold. */
export function hashSet(hashes: Uint8Array): Set<string> {
  const bytes = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength)
  const set = new Set<string>()
  for (let at = 0; at < bytes.length; at += RECORD_HASH_BYTES) {
    set.add(bytes.toString('latin1', at, at + RECORD_HASH_BYTES))
  }
  return set
}

/** The record sets of a data folder. */
export class RecordSets {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = join(folder, PRIVACY_FOLDER)
  }

  /**
   * The key that this node's records are hashed under; made at first use.
   *
   * @param used whether a ledger was written under one already
   * @throws OperatorError `record-key-missing`, exit code 8: without it no record of before would be recognised
   */
  async key(used: boolean): Promise<Uint8Array> {
    const file = join(this.#folder, KEY_FILE)
    const text = await this.#read(file, 2 * KEY_BYTES + 1)
    if (text !== undefined) {
      if (text.length === KEY_BYTES) return text
      throw lost(
        'record-key-broken',
        `The key of the record hashes, ${file}, has ${text.length} bytes, not ${KEY_BYTES}`,
      )
    }
    if (used) throw lost('record-key-missing', `The key of the record hashes, ${file}, is missing`)
    const key = new Uint8Array(randomBytes(KEY_BYTES))
    await onDisk(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      await writeFileNew(file, key, 0o600)
    })
    return key
  }

  /** @throws OperatorError `record-set-missing` or `record-set-broken`, exit code 8 */
  async read(account: number): Promise<Set<string>> {
    const file = this.#file(account)
    const bytes = await this.#read(file, SET_BYTES_MAX)
    if (bytes === undefined) throw lost('record-set-missing', `The records of account ${account}, ${file}, are missing`)
    if (bytes.length % RECORD_HASH_BYTES === 0) return hashSet(bytes)
    throw lost('record-set-broken', `The records of account ${account}, ${file}, are not whole`)
  }

  /** Durable before it returns: an account is only opened after its records are known. */
  async write(account: number, hashes: ReadonlySet<string>): Promise<void> {
    const bytes = Buffer.concat([...hashes].sort().map(hash => Buffer.from(hash, 'latin1')))
    await onDisk(() => writeFileAtomic(this.#file(account), bytes, 0o600))
  }

  #file(account: number): string {
    return join(this.#folder, `records-${account}`)
  }

  async #read(file: string, bytesMax: number): Promise<Uint8Array | undefined> {
    try {
      const handle = await open(file, 'r')
      try {
        const { size } = await handle.stat()
        if (size > bytesMax) throw new Error(`it has ${size} bytes, at most ${bytesMax}`)
        return new Uint8Array(await readFile(handle))
      } finally {
        await handle.close()
      }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new OperatorError('record-set-unreadable', `${file} cannot be read: ${(cause as Error).message}`, {
        hint: 'Give the file back to the user that runs the node, or check the disk.',
        exitCode: EXIT.dataUnreadable,
        cause,
      })
    }
  }
}

function lost(code: string, message: string): OperatorError {
  return new OperatorError(code, message, {
    hint: 'Restore the privacy folder from its newest copy: without it nobody can tell what was spent for which record.',
    exitCode: EXIT.verificationFailed,
  })
}
