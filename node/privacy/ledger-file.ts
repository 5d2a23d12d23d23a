/**
 * The privacy ledger on disk: one append-only text file in the data folder, readable while the node runs. An entry
 * counts after fsync; a partial line after a crash is removed at the next start.
 *
 * @module
 */

import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CodedError } from '../../crypto/errors.ts'
import { type LedgerEntry, ledgerLine, readLedger } from '../../protocols/ledger/entry.ts'
import { LedgerState } from '../../protocols/ledger/ledger.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { syncFolder } from '../storage/atomic-file.ts'
import { onDisk } from '../storage/disk-error.ts'

export const PRIVACY_FOLDER = 'privacy'
const LEDGER_FILE = 'ledger'

/** Two entries a round, below 600 bytes each: studies of 400,000 rounds in all. */
const LEDGER_BYTES_MAX = 512 << 20

/** Path of a data folder's ledger. */
export function ledgerPath(folder: string): string {
  return join(folder, PRIVACY_FOLDER, LEDGER_FILE)
}

/** A ledger that was read and verified: its hash chain, and its epsilons by deriving them again. */
export interface VerifiedLedger {
  readonly entries: readonly LedgerEntry[]
  readonly ledger: LedgerState
  /** hash of the last entry; a copy kept elsewhere reveals a ledger that was rolled back */
  readonly head: string
  readonly bytes: number
}

/**
 * Reads and verifies a ledger; a file that is not there is an empty one.
 *
 * @param everyEpsilon as in `Books.of`
 * @throws OperatorError `ledger-broken` (exit code 8), `ledger-unreadable` (exit code 12)
 */
export async function readLedgerFile(
  file: string,
  { everyEpsilon = true }: { everyEpsilon?: boolean } = {},
): Promise<VerifiedLedger> {
  const text = await textOf(file)
  try {
    const { entries, head, bytes } = readLedger(text)
    return { entries, head, bytes, ledger: LedgerState.of(entries, { everyEpsilon }) }
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    throw new OperatorError('ledger-broken', `The privacy ledger ${file} is broken: ${cause.message}`, {
      hint: 'The node spends nothing without it. Restore the newest copy of the file, and find out what changed it.',
      exitCode: EXIT.verificationFailed,
      cause,
    })
  }
}

async function textOf(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r')
    try {
      const { size } = await handle.stat()
      if (size > LEDGER_BYTES_MAX) throw new Error(`it has ${size} bytes, and a ledger at most ${LEDGER_BYTES_MAX}`)
      return await readFile(handle, 'utf8')
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new OperatorError(
      'ledger-unreadable',
      `The privacy ledger ${file} cannot be read: ${(cause as Error).message}`,
      {
        hint: 'Give the file back to the user that runs the node, or check the disk.',
        exitCode: EXIT.dataUnreadable,
        cause,
      },
    )
  }
}

/** The ledger of a running node, its only writer, because the data folder's database is locked. */
export class Ledger {
  readonly #handle: FileHandle
  readonly #books: LedgerState
  #head: string
  #bytes: number
  /** each write waits for the one before it */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(handle: FileHandle, { ledger, head, bytes }: VerifiedLedger) {
    this.#handle = handle
    this.#books = ledger
    this.#head = head
    this.#bytes = bytes
  }

  /** Opens and verifies a data folder's ledger; removes a partial line. @throws OperatorError as `readLedgerFile` */
  static async open(folder: string): Promise<Ledger> {
    const file = ledgerPath(folder)
    const verified = await readLedgerFile(file, { everyEpsilon: false })
    return await onDisk(async () => {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      const handle = await open(file, 'a', 0o600)
      try {
        if ((await handle.stat()).size > verified.bytes) await handle.truncate(verified.bytes)
        await handle.sync()
        await syncFolder(dirname(file))
        return new Ledger(handle, verified)
      } catch (error) {
        await handle.close()
        throw error
      }
    })
  }

  /** All entries so far. */
  get books(): LedgerState {
    return this.#books
  }

  /** Hash of the last entry. */
  get head(): string {
    return this.#head
  }

  /**
   * Makes an entry from the current books, appends it, and resolves when it is durable. The disk comes before the
   * books: an entry that is not on disk was not spent, and nothing may be released on it.
   *
   * @param make   undefined when there is nothing to enter after all
   * @throws OperatorError when the disk refuses; CodedError `bad-ledger` when the entry does not follow
   */
  enter(make: (ledger: LedgerState) => LedgerEntry | undefined): Promise<void> {
    const write = this.#last.then(async () => {
      const entry = make(this.#books)
      if (entry === undefined) return
      this.#books.check(entry)
      const { line, hash } = ledgerLine(this.#head, entry)
      await onDisk(() => this.#append(line))
      this.#books.add(entry)
      this.#head = hash
      this.#bytes += Buffer.byteLength(line)
    })
    // the caller of a failed write reports it; the next write finds the file unchanged
    this.#last = write.catch(() => {})
    return write
  }

  async #append(line: string): Promise<void> {
    try {
      await this.#handle.appendFile(line)
      await this.#handle.sync()
    } catch (error) {
      // half a line before the next entry would break the chain permanently
      await this.#handle.truncate(this.#bytes).catch(() => {})
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#last
    await this.#handle.close()
  }
}
