/**
 * The privacy ledger on disk: one text file in the data folder that only ever grows, readable while the node runs. An
 * entry counts once it is synced; what a crash cut off behind the last whole line is removed at the next start.
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
export const LEDGER_FILE = 'ledger'

/** Two entries a round, below 600 bytes each: studies of 400,000 rounds in all. */
const LEDGER_BYTES_MAX = 512 << 20

/** Where a data folder's ledger is. */
export function ledgerPath(folder: string): string {
  return join(folder, PRIVACY_FOLDER, LEDGER_FILE)
}

/** A ledger as it is read: its chain was followed and its epsilons derived again. */
export interface VerifiedLedger {
  readonly entries: readonly LedgerEntry[]
  readonly ledger: LedgerState
  /** hash of the last entry: whoever keeps it elsewhere sees a ledger that was set back */
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

/** The ledger of a node that runs: nobody else writes to it, for the data folder's database is locked. */
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

  /** Opens a data folder's ledger, verified, without what a crash cut off. @throws OperatorError as `readLedgerFile` */
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

  /** Everything that was entered so far. */
  get books(): LedgerState {
    return this.#books
  }

  /** Hash of the last entry. */
  get head(): string {
    return this.#head
  }

  /**
   * Enters what the books of this moment give, and resolves when it is durable. The write comes before the books: what
   * is not on disk was not spent, and nothing may be released on it.
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
    // a refused write is its caller's to tell; the next one finds the file as it was
    this.#last = write.catch(() => {})
    return write
  }

  async #append(line: string): Promise<void> {
    try {
      await this.#handle.appendFile(line)
      await this.#handle.sync()
    } catch (error) {
      // half a line before the next one would break the chain for good
      await this.#handle.truncate(this.#bytes).catch(() => {})
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#last
    await this.#handle.close()
  }
}
