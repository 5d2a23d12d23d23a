/** What a node keeps, for how long, and how much of it there is. @module */

import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const KEPT = z.strictObject({
  /** of the data folder */
  folder: z.string().max(50),
  what: z.string().max(300),
  until: z.string().max(300),
  bytes: z.int().min(0),
  /** day of the oldest file in it; '' where there is none */
  since: z.string().max(10),
})
export type Kept = z.infer<typeof KEPT>

const FOLDERS: readonly Pick<Kept, 'folder' | 'what' | 'until'>[] = [
  {
    folder: 'records',
    what: 'Records of patients as they were read for a data set, and features made of them: as private as the originals.',
    until: 'Until "confrere data remove"; a withdrawn patient\'s records until the next start of a round.',
  },
  {
    folder: 'patients',
    what: 'The key under which patients are told apart, and the list of who has withdrawn, as keyed hashes.',
    until: 'For good: without it a withdrawn patient would come back.',
  },
  {
    folder: 'privacy',
    what: 'The ledger of what was spent in privacy.',
    until: 'For good: what was spent stays spent.',
  },
  {
    folder: 'studies',
    what: "The studies' documents, and certified models, which the epsilons of this dossier are about.",
    until: 'The newest models of a study; older ones are deleted as newer ones come.',
  },
  {
    folder: 'store',
    what: 'The certified rounds, and what this node has said in the round that is under way.',
    until: 'The certified rounds for good, the rest until its round ends.',
  },
  {
    folder: 'contacts',
    what: 'Other hospitals: names, peer ids, addresses.',
    until: 'Until they are removed.',
  },
  {
    folder: 'logs',
    what: 'The log of the node: no patient, no file, no value of a record.',
    until: 'Until it reaches its size.',
  },
  {
    folder: 'evidence',
    what: 'Proofs against hospitals that broke the protocol.',
    until: 'For good, at most 1 GiB a study.',
  },
]

/** The record of actions is a file. */
const ACTIONS_KEPT = 'The record of actions is kept for at least 400 days.'

/** What a data folder keeps now. @throws errors of the file system */
export async function keptIn(data: string): Promise<Kept[]> {
  const found: Kept[] = []
  for (const { folder, what, until } of FOLDERS) {
    const { bytes, oldest } = await sizeOf(join(data, folder))
    const since = oldest === null ? '' : new Date(oldest).toISOString().slice(0, 10)
    found.push({ folder, what, until, bytes, since })
  }
  return found
}

export function encodeKept(kept: readonly Kept[]): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ note: ACTIONS_KEPT, kept }, null, 1)}\n`)
}

/** Undefined: these are not the bytes of such a list. */
export function decodeKept(bytes: Uint8Array): Kept[] | undefined {
  const FILE = z.strictObject({ note: z.string(), kept: z.array(KEPT).max(FOLDERS.length) })
  try {
    return FILE.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data?.kept
  } catch {
    return undefined
  }
}

async function sizeOf(folder: string): Promise<{ bytes: number; oldest: number | null }> {
  const entries: Dirent[] = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    },
  )
  let [bytes, oldest] = [0, null as number | null]
  for (const entry of entries.filter(one => one.isFile())) {
    // a file may go meanwhile
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => null)
    if (found === null) continue
    bytes += found.size
    oldest = Math.min(oldest ?? Infinity, found.mtimeMs)
  }
  return { bytes, oldest }
}
