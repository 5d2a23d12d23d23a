/**
 * The mark of a folder that was restored from a backup, or whose database was mended: in every study, rounds between the
 * ledger's end and the transcript's count as charged, until the node has reserved a round of its own there. Without it
 * a ledger and a store that are both empty of a study would look like those of a hospital that has not begun.
 *
 * @module
 */

import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../storage/atomic-file.ts'

const MARK_PATH = join('privacy', 'restored.json')

const MARK_SCHEMA = z.object({
  /** of the state that was restored, ISO 8601 */
  at: z.string(),
  /** hex ids of studies in which the node has gone on since */
  settled: z.array(z.string()),
})

type Mark = z.output<typeof MARK_SCHEMA>

/** Marks a folder, in all its studies. */
export async function markRestored(folder: string, at: string): Promise<void> {
  await write(folder, { at, settled: [] })
}

/** Whether a study of a folder is under the mark. A mark that cannot be read is one of all studies. */
export async function isMarkedRestored(folder: string, study: string): Promise<boolean> {
  const mark = await read(folder)
  return mark !== null && !mark.settled.includes(study)
}

/** Takes a study from under the mark: its ledger and its store are of one time again. */
export async function settleRestored(folder: string, study: string): Promise<void> {
  const mark = await read(folder)
  if (mark === null || mark.settled.includes(study)) return
  await write(folder, { ...mark, settled: [...mark.settled, study] })
}

async function read(folder: string): Promise<Mark | null> {
  const text = await readFile(join(folder, MARK_PATH), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  try {
    return MARK_SCHEMA.parse(JSON.parse(text))
  } catch {
    return { at: '', settled: [] }
  }
}

async function write(folder: string, mark: Mark): Promise<void> {
  const file = join(folder, MARK_PATH)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFileAtomic(file, `${JSON.stringify(mark)}\n`, 0o600)
}
