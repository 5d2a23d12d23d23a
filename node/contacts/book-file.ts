/**
 * The book on the disk: one file, written by the commands and by the running node alike. Each change reads it anew under
 * a lock, so that neither loses what the other wrote.
 *
 * @module
 */

import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileAtomic } from '../storage/atomic-file.ts'
import { BOOK_SCHEMA, type Book, EMPTY_BOOK } from './book.ts'

export const CONTACTS_FOLDER = 'contacts'
const BOOK_FILE = 'book.json'
const LOCK_FILE = 'lock'
const LOCK_RETRY_MS = 20
const LOCK_TRIES_MAX = 500
/** A change takes milliseconds: an older lock was left behind by a process that died. */
const LOCK_MS_MAX = 5000

const bookFile = (folder: string): string => join(folder, CONTACTS_FOLDER, BOOK_FILE)

/** The book; an empty one where there is none. @throws OperatorError `contacts-damaged`, exit code 3 */
export async function readBook(folder: string): Promise<Book> {
  const file = bookFile(folder)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? EMPTY_BOOK : parseBook(text, file)
}

/** @param file only names it */
export function parseBook(text: string, file: string): Book {
  try {
    return BOOK_SCHEMA.parse(JSON.parse(text))
  } catch (cause) {
    throw new OperatorError('contacts-damaged', `${file} is not what this program wrote there`, {
      hint: 'Restore it from a backup, or move it away: the node then has no contacts, and studies go on without them.',
      exitCode: EXIT.config,
      cause,
    })
  }
}

/** When the book was last written, to see whether it has changed; 0 where there is none. */
export async function bookWritten(folder: string): Promise<number> {
  return await stat(bookFile(folder)).then(
    found => found.mtimeMs + found.ino,
    () => 0,
  )
}

/**
 * Changes the book. What the change throws leaves it as it was.
 *
 * @returns the book as it is now
 * @throws OperatorError `contacts-busy` (exit code 10), or as `readBook`
 */
export async function changeBook(folder: string, change: (book: Book) => Book): Promise<Book> {
  await mkdir(join(folder, CONTACTS_FOLDER), { recursive: true, mode: 0o700 })
  return await locked(join(folder, CONTACTS_FOLDER, LOCK_FILE), async () => {
    const before = await readBook(folder)
    const after = change(before)
    if (after !== before) await writeFileAtomic(bookFile(folder), `${JSON.stringify(after, null, 1)}\n`, 0o600)
    return after
  })
}

async function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      await (await open(file, 'wx', 0o600)).close()
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (tries === LOCK_TRIES_MAX) throw busy(file, error)
      if (await isLeft(file)) await rm(file, { force: true })
      else await sleep(LOCK_RETRY_MS)
    }
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

/** Whether the lock is older than any change takes. */
async function isLeft(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > LOCK_MS_MAX
}

function busy(file: string, cause: unknown): OperatorError {
  return new OperatorError('contacts-busy', `Another process keeps ${file}`, {
    hint: 'Try again; if no other confrere runs on this folder, delete that file.',
    exitCode: EXIT.timedOut,
    cause,
  })
}
