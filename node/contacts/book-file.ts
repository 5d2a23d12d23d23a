/**
 * The book on the disk: one file, written by the commands and by the running node alike. Each change reads it anew under
 * a lock, so that neither loses what the other wrote.
 *
 * @module
 */

import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileAtomic } from '../storage/atomic-file.ts'
import { locked } from '../storage/folder-lock.ts'
import { BOOK_SCHEMA, type Book, EMPTY_BOOK } from './book.ts'

export const CONTACTS_FOLDER = 'contacts'
const BOOK_FILE = 'book.json'

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
 * @returns the book as it is now, and when it was written, see `bookWritten`
 * @throws OperatorError `folder-busy` (exit code 10), or as `readBook`
 */
export async function changeBook(
  folder: string,
  change: (book: Book) => Book,
): Promise<{ book: Book; written: number }> {
  await mkdir(join(folder, CONTACTS_FOLDER), { recursive: true, mode: 0o700 })
  return await locked(join(folder, CONTACTS_FOLDER), async () => {
    const before = await readBook(folder)
    const after = change(before)
    if (after !== before) await writeFileAtomic(bookFile(folder), `${JSON.stringify(after, null, 1)}\n`, 0o600)
    // still under the lock: a write of another process is seen later
    return { book: after, written: await bookWritten(folder) }
  })
}
