/**
 * Rows of float32 on disk, which take long to compute and are read often: each is written once, and has its own CRC-32.
 * A file that a crash cut off keeps its whole rows. Everything here is synchronous, for it lives in a worker.
 *
 * File: 32 bytes of key, then for each row its values (float32, little-endian) and their CRC-32 (uint32, little-endian).
 *
 * @module
 */

import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { EXIT, OperatorError } from '../errors.ts'

export const ROW_KEY_BYTES = 32
const FLOAT_BYTES = 4
const CRC_BYTES = 4
/** Rows hold what is as private as the records. */
const MODE = 0o600
const FOLDER_MODE = 0o700

/** The bytes of a file of rows. */
export function rowFileBytes({ count, length }: { count: number; length: number }): number {
  return ROW_KEY_BYTES + count * (length * FLOAT_BYTES + CRC_BYTES)
}

const UNUSABLE: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EISDIR', 'ELOOP', 'EMLINK', 'ENXIO']

/** Opens a file for reading and writing, not through a link that somebody has put there. */
function openRegular(file: string): number {
  mkdirSync(dirname(file), { recursive: true, mode: FOLDER_MODE })
  // a pipe without a reader must not make us wait
  const flags = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  let handle: number | undefined
  try {
    handle = openSync(file, flags, MODE)
    if (!fstatSync(handle).isFile()) throw Object.assign(new Error('it is no regular file'), { code: 'ENXIO' })
    return handle
  } catch (cause) {
    if (handle !== undefined) closeSync(handle)
    const { code, message } = cause as NodeJS.ErrnoException
    if (!UNUSABLE.includes(code)) throw cause
    throw new OperatorError('features-unusable', `${file} cannot hold the features of the records: ${message}`, {
      hint: 'Move away what is in its place, or give it to the user that runs the node; features are computed anew.',
      exitCode: EXIT.dataUnreadable,
      cause,
    })
  }
}

export class RowFile {
  readonly #file: string
  readonly #handle: number
  readonly #length: number
  readonly #row: Buffer
  #held = 0

  /**
   * Opens a file, or makes it. Rows of the same key stay, up to the first that is damaged; of another key none does.
   *
   * @param key     ROW_KEY_BYTES that say what the rows are
   * @param length  values of a row
   * @throws OperatorError `features-unusable`, exit code 12; other errors of the file system
   */
  constructor(file: string, { key, length }: { key: Uint8Array; length: number }) {
    assert(key.length === ROW_KEY_BYTES && length > 0, 'a key, and rows that are not empty')
    this.#file = file
    this.#length = length
    this.#row = Buffer.alloc(length * FLOAT_BYTES + CRC_BYTES)
    this.#handle = openRegular(file)
    try {
      if (this.#hasKey(key)) while (this.#isWhole(this.#held)) this.#held += 1
      else this.#begin(key)
      ftruncateSync(this.#handle, this.#start(this.#held))
    } catch (error) {
      closeSync(this.#handle)
      throw error
    }
  }

  /** rows that are there */
  get held(): number {
    return this.#held
  }

  /** Writes the next row. */
  append(values: Float32Array): void {
    assert.equal(values.length, this.#length, 'a whole row')
    values.forEach((value, at) => void this.#row.writeFloatLE(value, at * FLOAT_BYTES))
    this.#row.writeUInt32LE(crc32(this.#values()), this.#length * FLOAT_BYTES)
    this.#write(this.#row, this.#start(this.#held))
    this.#held += 1
  }

  /** Takes away all rows from a number on. */
  cut(rows: number): void {
    assert(rows >= 0 && rows <= this.#held, 'rows that are there')
    ftruncateSync(this.#handle, this.#start(rows))
    this.#held = rows
  }

  /** Waits for the disk. */
  sync(): void {
    fsyncSync(this.#handle)
  }

  /** Reads a row. @throws OperatorError `features-damaged`, exit code 12 */
  read(row: number, into: Float32Array): void {
    assert(row >= 0 && row < this.#held, 'a row that is there')
    if (!this.#isWhole(row)) throw this.#damaged(row)
    for (let at = 0; at < this.#length; at++) into[at] = this.#row.readFloatLE(at * FLOAT_BYTES)
  }

  close(): void {
    closeSync(this.#handle)
  }

  #hasKey(key: Uint8Array): boolean {
    if (fstatSync(this.#handle).size < ROW_KEY_BYTES) return false
    const found = Buffer.alloc(ROW_KEY_BYTES)
    return readSync(this.#handle, found, 0, ROW_KEY_BYTES, 0) === ROW_KEY_BYTES && found.equals(key)
  }

  #begin(key: Uint8Array): void {
    ftruncateSync(this.#handle, 0)
    this.#write(key, 0)
  }

  /** Whether the row's bytes are there and their sum is right; leaves them in `#row`. */
  #isWhole(row: number): boolean {
    let done = 0
    while (done < this.#row.length) {
      const read = readSync(this.#handle, this.#row, done, this.#row.length - done, this.#start(row) + done)
      if (read === 0) return false
      done += read
    }
    return crc32(this.#values()) === this.#row.readUInt32LE(this.#length * FLOAT_BYTES)
  }

  #values(): Buffer {
    return this.#row.subarray(0, this.#length * FLOAT_BYTES)
  }

  #start(row: number): number {
    return rowFileBytes({ count: row, length: this.#length })
  }

  #write(bytes: Uint8Array, position: number): void {
    let done = 0
    while (done < bytes.length) done += writeSync(this.#handle, bytes, done, bytes.length - done, position + done)
  }

  #damaged(row: number): OperatorError {
    return new OperatorError('features-damaged', `Row ${row} of ${this.#file} is not what was written there`, {
      hint: 'Check the disk, then start the node again: it computes the damaged rows anew.',
      exitCode: EXIT.dataUnreadable,
    })
  }
}
