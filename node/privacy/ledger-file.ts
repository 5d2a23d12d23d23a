/**
 * The privacy ledger on disk: one append-only text file in the data folder, readable while the node runs. An entry
 * counts after fsync; a partial line after a crash is removed at the next start.
 *
 * @module
 */

import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CodedError } from '../../crypto/errors.ts'
import { LEDGER_FORMAT, LEDGER_START, type LedgerEntry, ledgerLine, readLedger } from '../../protocols/ledger/entry.ts'
import { LedgerState } from '../../protocols/ledger/ledger.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { syncFolder, writeFileAtomic } from '../storage/atomic-file.ts'
import { onDisk } from '../storage/disk-error.ts'

/** In a data folder. */
export const LEDGER_PATH = join('privacy', 'ledger')

/** Two entries a round, below 600 bytes each: studies of 400,000 rounds in all. */
const LEDGER_BYTES_MAX = 512 << 20

/** Path of a data folder's ledger. */
export function ledgerPath(folder: string): string {
  return join(folder, LEDGER_PATH)
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
 * Makes the ledger of a new data folder: from then on a ledger that is missing was lost.
 *
 * @param text of a former ledger, verified, or nothing
 */
export async function createLedger(folder: string, text: string): Promise<void> {
  const file = ledgerPath(folder)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFileAtomic(file, text, 0o600)
}

/**
 * Reads and verifies a ledger; a file that is not there is an empty one. Accounts of format 1 are shown as the one
 * account that the next start makes of them in the file.
 *
 * @param everyEpsilon as in `LedgerState.of`
 * @throws OperatorError `ledger-broken` (exit code 8), `ledger-unreadable` (exit code 12)
 */
export async function readLedgerFile(file: string, options: { everyEpsilon?: boolean } = {}): Promise<VerifiedLedger> {
  const verified = await verifiedLedger(file, options)
  verified.ledger.carryOver()
  return verified
}

async function verifiedLedger(
  file: string,
  { everyEpsilon = true }: { everyEpsilon?: boolean } = {},
): Promise<VerifiedLedger> {
  const text = await textOf(file)
  try {
    return ledgerOfText(text, { everyEpsilon })
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    if (formatsIn(text).some(format => format > LEDGER_FORMAT)) throw ledgerNewer(file, cause)
    throw new OperatorError('ledger-broken', `The privacy ledger ${file} is broken: ${cause.message}`, {
      hint: 'The node spends nothing without it. Restore the newest copy of the file, and find out what changed it.',
      exitCode: EXIT.verificationFailed,
      cause,
    })
  }
}

/** A ledger from its text, verified. @throws CodedError with the line that is wrong */
export function ledgerOfText(text: string, { everyEpsilon = true }: { everyEpsilon?: boolean } = {}): VerifiedLedger {
  const { entries, head, bytes } = readLedger(text)
  return { entries, head, bytes, ledger: LedgerState.of(entries, { everyEpsilon }) }
}

/** The formats that the entries of a ledger name; a quote inside of a text has a backslash before it. */
function formatsIn(text: string): number[] {
  return [...text.matchAll(/"format":(\d+)/g)].map(([, format]) => Number(format))
}

function ledgerNewer(file: string, cause: unknown): OperatorError {
  return new OperatorError('ledger-newer', `The privacy ledger ${file} is of a newer version of confrere`, {
    hint: 'Install that version again: this one cannot read what it has written, and nothing was changed.',
    exitCode: EXIT.config,
    cause,
  })
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
  readonly file: string
  readonly #handle: FileHandle
  readonly #books: LedgerState
  #head: string
  #bytes: number
  /** each write waits for the one before it */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(file: string, handle: FileHandle, { ledger, head, bytes }: VerifiedLedger) {
    this.file = file
    this.#handle = handle
    this.#books = ledger
    this.#head = head
    this.#bytes = bytes
  }

  /** Opens and verifies a data folder's ledger; removes a partial line. @throws OperatorError as `readLedgerFile` */
  static async open(folder: string): Promise<Ledger> {
    const file = ledgerPath(folder)
    const verified = await verifiedLedger(file, { everyEpsilon: false })
    return await onDisk(async () => {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      const handle = await open(file, 'a', 0o600)
      try {
        if ((await handle.stat()).size > verified.bytes) await handle.truncate(verified.bytes)
        await handle.sync()
        await syncFolder(dirname(file))
        return new Ledger(file, handle, verified)
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

  /** Whether there is no entry yet. */
  get isEmpty(): boolean {
    return this.#head === LEDGER_START
  }

  /** Hash of the last entry. */
  get head(): string {
    return this.#head
  }

  /**
   * Makes entries from the current books, appends them one after the other, and resolves when they are durable. The disk comes
   * before the books: an entry that is not on disk was not spent, and nothing may be released on it.
   *
   * @param makes  each makes one entry from the books after those before it, or undefined when there is nothing to enter
   * @throws OperatorError when the disk refuses; CodedError `bad-ledger` when an entry does not follow
   */
  enter(...makes: ((ledger: LedgerState) => LedgerEntry | undefined)[]): Promise<void> {
    const write = this.#last.then(async () => {
      for (const make of makes) {
        const entry = make(this.#books)
        if (entry === undefined) continue
        this.#books.check(entry)
        const { line, hash } = ledgerLine(this.#head, entry)
        await onDisk(() => this.#append(line))
        this.#books.add(entry)
        this.#head = hash
        this.#bytes += Buffer.byteLength(line)
      }
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
