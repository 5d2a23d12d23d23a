/**
 * The record of who did what at this node: each command on its data folder and each click on its page that does something,
 * one line each. It names studies, peers and data sets, and never a patient, a file or a value of a record.
 *
 * @module
 */

import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from './atomic-file.ts'

export const ACTION_FILE = 'actions.jsonl'
/** From this size on lines go that are older than `KEPT_MS`. */
const BYTES_KEPT = 8 << 20
/** The law of some countries asks for six months. */
const KEPT_MS = 400 * 24 * 3600_000
const WORDS_MAX = 200

const ACTION = z.strictObject({
  /** ISO 8601, UTC */
  at: z.iso.datetime(),
  /** the operating system's name of who ran the command; of a click, that it was one */
  actor: z.string().max(WORDS_MAX),
  way: z.enum(['command', 'page', 'http']),
  /** such as `study approve` */
  did: z.string().max(WORDS_MAX),
  /** the id of a study, a peer, the name of a data set; empty where the deed says it all */
  what: z.string().max(WORDS_MAX),
})
export type Action = z.infer<typeof ACTION>

/** Appends one action. @throws errors of the file system */
export async function recordAction(folder: string, action: Action): Promise<void> {
  const file = join(folder, ACTION_FILE)
  const short = { ...action, actor: action.actor.slice(0, WORDS_MAX), what: action.what.slice(0, WORDS_MAX) }
  // one write: two programs that append at once do not tear each other's lines
  const handle = await open(file, 'a', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(ACTION.parse(short))}\n`)
    await handle.sync()
    if ((await handle.stat()).size <= BYTES_KEPT) return
  } finally {
    await handle.close()
  }
  const since = Date.parse(action.at) - KEPT_MS
  const lines = (await readFile(file, 'utf8')).split('\n').filter(line => line !== '')
  const kept = lines.filter(line => Date.parse(parseAction(line)?.at ?? action.at) >= since)
  if (kept.length < lines.length) await writeFileAtomic(file, `${kept.join('\n')}\n`, 0o600)
}

/** The text of the record; '' where nothing was done yet. */
export async function readActionText(folder: string): Promise<string> {
  return await readFile(join(folder, ACTION_FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}

/** One line of the record; undefined: it is none. */
export function parseAction(line: string): Action | undefined {
  try {
    return ACTION.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
