/** What a node keeps, for how long, and how much of it there is. @module */

import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
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

/** A file of this name, in a study's folder, holds what was made of records. */
const FEATURES = 'features'

interface Place extends Pick<Kept, 'folder' | 'what' | 'until'> {
  /** of the data folder */
  readonly path: string
  /** whether a file in it belongs there, by its name; all of them where absent */
  readonly holds?: (name: string) => boolean
}

/** As docs/operating.md says. */
const PLACES: readonly Place[] = [
  {
    ...{ path: 'records', folder: 'records/' },
    what: 'Values, label, split and keyed hash of the patient of each record that was read: as private as the records.',
    until: 'Until "confrere data remove"; a withdrawal takes the patient\'s out at once.',
  },
  {
    ...{ path: 'studies', folder: 'studies/ID/features', holds: name => name === FEATURES },
    what: 'Features of the records, where a model has some: as private as the records.',
    until: 'Until a patient of the study withdraws, or the file is deleted; they are made anew where they are needed.',
  },
  {
    ...{ path: 'patients', folder: 'patients/' },
    what: 'The key under which patients are told apart, and who has withdrawn, as keyed hashes.',
    until: 'For good: without it a withdrawn patient would come back.',
  },
  {
    ...{ path: 'privacy', folder: 'privacy/' },
    what: 'The ledger: rounds and what they cost, nothing of a record.',
    until: 'For good: what was spent stays spent.',
  },
  {
    ...{ path: 'studies', folder: 'studies/', holds: name => name !== FEATURES },
    what: "Study documents, certified models, and this node's secrets of the round under way.",
    until: 'Documents for good, the newest models of each study, secrets until their round ends.',
  },
  {
    ...{ path: 'store', folder: 'store/' },
    what: 'The certified rounds, and what this node has said in the round under way.',
    until: 'The certified rounds for good, the rest until its round ends.',
  },
  {
    ...{ path: 'actions.jsonl', folder: 'actions.jsonl' },
    what: 'Who did what on this node: no patient, no file.',
    until: 'For at least 400 days.',
  },
  {
    ...{ path: 'contacts', folder: 'contacts/' },
    what: 'Other hospitals and invitations: names, peer ids, addresses.',
    until: 'For good, also who was refused or removed.',
  },
  {
    ...{ path: 'logs', folder: 'logs/' },
    what: 'The log of the node: no patient, no file, no value of a record.',
    until: 'The oldest goes when its size is reached.',
  },
  {
    ...{ path: 'evidence', folder: 'evidence/' },
    what: 'Proofs against hospitals that broke the protocol.',
    until: 'For good, at most 1 GiB a study.',
  },
]

/** What a data folder keeps now. @throws errors of the file system */
export async function keptIn(data: string): Promise<Kept[]> {
  const found: Kept[] = []
  for (const { path, holds = () => true, ...place } of PLACES) {
    const { bytes, oldest } = await sizeOf(join(data, path), holds)
    found.push({ ...place, bytes, since: oldest === null ? '' : new Date(oldest).toISOString().slice(0, 10) })
  }
  return found
}

export function encodeKept(kept: readonly Kept[]): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ kept }, null, 1)}\n`)
}

/** Undefined: these are not the bytes of such a list. */
export function decodeKept(bytes: Uint8Array): Kept[] | undefined {
  const FILE = z.strictObject({ kept: z.array(KEPT).max(PLACES.length) })
  try {
    return FILE.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data?.kept
  } catch {
    return undefined
  }
}

async function sizeOf(
  path: string,
  holds: (name: string) => boolean,
): Promise<{ bytes: number; oldest: number | null }> {
  let [bytes, oldest] = [0, null as number | null]
  for (const file of await filesIn(path)) {
    // a file may go meanwhile
    const found = holds(basename(file)) ? await stat(file).catch(() => null) : null
    if (found === null) continue
    bytes += found.size
    oldest = Math.min(oldest ?? Infinity, found.mtimeMs)
  }
  return { bytes, oldest }
}

/** The files below a folder; a file itself; none where nothing is there. */
async function filesIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') return [path]
    if (code === 'ENOENT') return []
    throw error
  }
}
