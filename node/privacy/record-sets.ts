/**
 * The records of each privacy account: keyed hashes of the records' contents, kept on this machine alone. A data set
 * that shares any record with an earlier one continues its account, so adding an image resets nothing.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RECORD_HASH_BYTES } from '../datasets/record-hash.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileAtomic, writeFileNew } from '../storage/atomic-file.ts'
import { onDisk } from '../storage/disk-error.ts'
import { PRIVACY_FOLDER } from './ledger-file.ts'

const KEY_FILE = 'key'
const KEY_BYTES = 32
const SET_BYTES_MAX = 1 << 30

/** The distinct hashes, as strings. */
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
   * The key for hashing this node's records; created at first use.
   *
   * @param used whether a ledger already depends on a key
   * @throws OperatorError `record-key-missing`, exit code 8: without the key no earlier record would be recognised
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

  /** Writes a set durably, because an account may open only after its records are stored. */
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
