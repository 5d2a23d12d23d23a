/** The passes that a hospital has given, and those that it honours no more: one file, read anew by the running node. @module */

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { PEER_SCHEMA } from '../../config/config.ts'
import { EXIT, OperatorError } from '../../errors.ts'
import { writeFileAtomic } from '../../storage/atomic-file.ts'
import { locked } from '../../storage/folder-lock.ts'

const PASSES_FOLDER = 'passes'
const BOOK_FILE = 'book.json'
const GIVEN_MAX = 1000
export const PASS_NAME_MAX = 80

const time = z.number().int().nonnegative()
const BOOK = z.object({
  version: z.literal(1),
  given: z
    .array(
      z.object({
        /** PeerId of the client's key: the id of the pass */
        client: PEER_SCHEMA,
        name: z.string().min(1).max(PASS_NAME_MAX),
        study: z.string().regex(/^[0-9a-f]{64}$/),
        round: time,
        created: time,
        expires: time,
      }),
    )
    .max(2 * GIVEN_MAX),
  /** PeerIds of clients, of this hospital's passes and of others' */
  revoked: z.array(PEER_SCHEMA).max(10 * GIVEN_MAX),
})
export type PassBook = z.output<typeof BOOK>
export type GivenPass = PassBook['given'][number]

const EMPTY: PassBook = { version: 1, given: [], revoked: [] }

/** @throws OperatorError `passes-damaged`, exit code 3 */
export async function readPassBook(folder: string): Promise<PassBook> {
  const file = join(folder, PASSES_FOLDER, BOOK_FILE)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return EMPTY
  try {
    return BOOK.parse(JSON.parse(text))
  } catch (cause) {
    throw new OperatorError('passes-damaged', `${file} is not what this program wrote there`, {
      hint: 'Restore it from a backup. Without it passes that were taken back would be honoured again.',
      exitCode: EXIT.config,
      cause,
    })
  }
}

/** Notes a pass; those that expired are forgotten. @throws OperatorError `too-many-passes`, exit code 2 */
export async function notePass(folder: string, pass: GivenPass): Promise<void> {
  await changePassBook(folder, book => {
    const given = book.given.filter(({ expires }) => pass.created < expires)
    if (given.length < GIVEN_MAX) return { ...book, given: [...given, pass] }
    throw new OperatorError('too-many-passes', `${GIVEN_MAX} passes are good already`, {
      hint: 'Wait until some have expired: "confrere pass list" says when.',
      exitCode: EXIT.usage,
    })
  })
}

/** Honours a client's passes no more, whichever hospital gave them. */
export async function revokePass(folder: string, client: string): Promise<void> {
  await changePassBook(folder, book =>
    book.revoked.includes(client) ? book : { ...book, revoked: [...book.revoked, client] },
  )
}

async function changePassBook(folder: string, change: (book: PassBook) => PassBook): Promise<void> {
  const own = join(folder, PASSES_FOLDER)
  await mkdir(own, { recursive: true, mode: 0o700 })
  await locked(own, async () => {
    const book = change(await readPassBook(folder))
    await writeFileAtomic(join(own, BOOK_FILE), `${JSON.stringify(book, null, 1)}\n`, 0o600)
  })
}
