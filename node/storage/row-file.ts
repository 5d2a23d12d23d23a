/**
 * Rows of float32 on disk, which take long to compute and are read often: each is written once, and has its own CRC-32.
 * A file that a crash cut off keeps its whole rows. Everything here is synchronous, for it lives in a worker.
 *
 * File: 32 bytes of key, then each row, packed (see packed-row.ts), and the CRC-32 of that (uint32, little-endian).
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
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
import { KIND_BYTES, packedBytes, packedBytesMax, packRow, unpackRow } from './packed-row.ts'

export const ROW_KEY_BYTES = 32
/** Raised when the format changes: it is part of a file's key, so that files of before are written anew. */
const FORMAT_TAG = 'confrere/rows/2'
const CRC_BYTES = 4
/** Rows hold what is as private as the records. */
const MODE = 0o600
const FOLDER_MODE = 0o700

/** The bytes of a file of rows, at most. */
export function rowFileBytesMax({ count, length }: { count: number; length: number }): number {
  return ROW_KEY_BYTES + count * (packedBytesMax(length) + CRC_BYTES)
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
  /** room for the longest row */
  readonly #row: Buffer
  /** where each row starts, and where the next one will */
  readonly #starts: number[] = [ROW_KEY_BYTES]

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
    this.#row = Buffer.alloc(packedBytesMax(length) + CRC_BYTES)
    this.#handle = openRegular(file)
    const tagged = createHash('sha256').update(FORMAT_TAG).update(key).digest()
    try {
      if (this.#hasKey(tagged)) this.#findRows()
      else this.#begin(tagged)
      ftruncateSync(this.#handle, this.#end)
    } catch (error) {
      closeSync(this.#handle)
      throw error
    }
  }

  /** rows that are there */
  get held(): number {
    return this.#starts.length - 1
  }

  /** Writes the next row. */
  append(values: Float32Array): void {
    assert.equal(values.length, this.#length, 'a whole row')
    const row = packRow(values)
    const sum = Buffer.alloc(CRC_BYTES)
    sum.writeUInt32LE(crc32(row))
    this.#write(Buffer.concat([row, sum]), this.#end)
    this.#starts.push(this.#end + row.length + CRC_BYTES)
  }

  /** Takes away all rows from a number on. */
  cut(rows: number): void {
    assert(rows >= 0 && rows <= this.held, 'rows that are there')
    this.#starts.length = rows + 1
    ftruncateSync(this.#handle, this.#end)
  }

  /** Waits for the disk. */
  sync(): void {
    fsyncSync(this.#handle)
  }

  /** Reads a row. @throws OperatorError `features-damaged`, exit code 12 */
  read(row: number, into: Float32Array): void {
    assert(row >= 0 && row < this.held, 'a row that is there')
    assert.equal(into.length, this.#length, 'room for a whole row')
    const [start, end] = [this.#starts[row]!, this.#starts[row + 1]!]
    const packed = this.#wholeRow({ start, bytes: end - start })
    if (packed === null) throw this.#damaged(row)
    unpackRow(packed, into)
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

  get #end(): number {
    return this.#starts.at(-1)!
  }

  /** Finds where the rows are, up to the first that is not whole. */
  #findRows(): void {
    for (;;) {
      const start = this.#end
      const bytes = this.#readInto(start, KIND_BYTES) ? packedBytes(this.#row[0], this.#length) : null
      if (bytes === null || this.#wholeRow({ start, bytes: bytes + CRC_BYTES }) === null) return
      this.#starts.push(start + bytes + CRC_BYTES)
    }
  }

  /** A packed row, valid until the next is read; null: its bytes are not there, or their sum is wrong. */
  #wholeRow({ start, bytes }: { start: number; bytes: number }): Buffer | null {
    if (!this.#readInto(start, bytes)) return null
    const packed = this.#row.subarray(0, bytes - CRC_BYTES)
    if (packedBytes(packed[0], this.#length) !== packed.length) return null
    return crc32(packed) === this.#row.readUInt32LE(packed.length) ? packed : null
  }

  /** Whether so many bytes are there; leaves them in `#row`. */
  #readInto(start: number, bytes: number): boolean {
    let done = 0
    while (done < bytes) {
      const read = readSync(this.#handle, this.#row, done, bytes - done, start + done)
      if (read === 0) return false
      done += read
    }
    return true
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
