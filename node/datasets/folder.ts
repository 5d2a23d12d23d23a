/**
 * The files of a folder, one after the other in the order of their names, each opened without following a link and without
 * waiting: whatever is no regular file inside the folder is a reason, not an error.
 *
 * @module
 */
import { constants, type Dirent, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, opendir, readlink, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { FileRefused, type OpenedFile } from './reader.ts'

/** Folders within folders. */
export const FOLDER_DEPTH_MAX = 16
/** Entries of all folders together. */
export const FOLDER_ENTRIES_MAX = 2 ** 20
const PIECE_BYTES = 2 ** 18

/** A file, open until the next one is asked for; or why an entry is not read. */
export type FoundFile = {
  /** relative to what was named, with `/`; '' for the file that was named itself */
  readonly name: string
} & ({ readonly file: OpenedFile } | { readonly reason: string })

export interface FolderLimits {
  readonly depthMax?: number
  readonly entriesMax?: number
}

/**
 * Walks a folder and the folders in it, sorted by name in the order of code points; or opens one file. Hidden entries and
 * files that systems and archives leave beside the data are passed over.
 *
 * @param path what the operator named: a link here is followed, as it is the operator's own choice
 * @throws OperatorError `data-unreadable`, exit code 12, when the path itself cannot be read
 */
export async function* openFiles(path: string, limits: FolderLimits = {}): AsyncGenerator<FoundFile> {
  const { depthMax = FOLDER_DEPTH_MAX, entriesMax = FOLDER_ENTRIES_MAX } = limits
  const { root, stat } = await rootOf(path)
  if (stat.isDirectory()) yield* walk({ root, depthMax, entriesMax, entries: 0 }, [])
  else yield* opened(root, '', basename(root), stat.isFile() || 'it is not a file')
}

/** Opens one file, until it is asked for another. @throws OperatorError `data-unreadable`, exit code 12 */
export async function* openNamed(path: string): AsyncGenerator<OpenedFile> {
  const { root, stat } = await rootOf(path)
  for await (const found of opened(root, '', basename(root), stat.isFile() || 'it is not a file')) {
    if ('reason' in found) throw unreadable(found.reason)
    yield found.file
  }
}

async function rootOf(path: string): Promise<{ root: string; stat: Stats }> {
  try {
    const root = await realpath(path)
    return { root, stat: await lstat(root) }
  } catch (cause) {
    throw unreadable(wordsOf(cause), cause)
  }
}

interface Walk {
  readonly root: string
  readonly depthMax: number
  readonly entriesMax: number
  entries: number
}

async function* walk(state: Walk, folders: readonly string[]): AsyncGenerator<FoundFile> {
  const name = folders.join('/')
  if (folders.length > state.depthMax) {
    yield { name, reason: `it lies more than ${state.depthMax} folders deep: move its files up` }
    return
  }
  const listed = await entriesOf(state, folders)
  if (typeof listed === 'string') yield { name, reason: listed }
  else for (const entry of listed) yield* enter(state, [...folders, entry.name], entry)
}

async function* enter(state: Walk, parts: readonly string[], entry: Dirent): AsyncGenerator<FoundFile> {
  const name = parts.join('/')
  if (entry.isDirectory()) yield* walk(state, parts)
  else yield* opened(join(state.root, ...parts), name, name, entry.isFile() || kindOf(entry))
}

/** The entries of a folder in order; or why there are none. */
async function entriesOf(state: Walk, folders: readonly string[]): Promise<Dirent[] | string> {
  const path = join(state.root, ...folders)
  const entries: Dirent[] = []
  try {
    // a folder that a link replaced meanwhile
    if ((await realpath(path)) !== path) return CHANGED
    for await (const entry of await opendir(path)) {
      if (passedOver(entry.name)) continue
      state.entries += 1
      if (state.entries > state.entriesMax) {
        return `there are more than ${state.entriesMax} files: this folder and those after it are not read; name a smaller folder`
      }
      entries.push(entry)
    }
  } catch (error) {
    return `this folder cannot be read: ${wordsOf(error)}`
  }
  // UTF-8 keeps the order of code points, UTF-16 does not
  return entries
    .map(entry => ({ entry, key: Buffer.from(entry.name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ entry }) => entry)
}

const COMPANIONS = new Set(['thumbs.db', 'ehthumbs.db', 'desktop.ini', 'dicomdir', '__macosx', '@eadir'])

function passedOver(name: string): boolean {
  return name.startsWith('.') || COMPANIONS.has(name.toLowerCase())
}

const LINK = 'it is a link, and links are not followed: put the file itself there'
const CHANGED = 'it was changed while the folder was read: read it again'

function kindOf(entry: Dirent | Stats): string {
  if (entry.isSymbolicLink()) return LINK
  if (entry.isFIFO()) return 'it is a named pipe, not a file: remove it'
  if (entry.isSocket()) return 'it is a socket, not a file: remove it'
  return 'it is a device, not a file: remove it'
}

/** @param kind true: a regular file by its folder; else why it is not opened at all, as opening a device may act on it */
async function* opened(path: string, name: string, ownName: string, kind: true | string): AsyncGenerator<FoundFile> {
  if (kind !== true) {
    yield { name, reason: kind }
    return
  }
  let handle: FileHandle
  try {
    // Windows has neither flag. Without O_NONBLOCK, a pipe that took the file's place would wait for its other end.
    handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    yield { name, reason: unopenedReason(name, error) }
    return
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) yield { name, reason: kindOf(stat) }
    else if (!(await inPlace(handle, path, stat))) yield { name, reason: CHANGED }
    else yield { name, file: new HandleFile(handle, ownName, stat) }
  } finally {
    await handle.close()
  }
}

/**
 * Whether an open file is the one at its path with no link on the way: O_NOFOLLOW looks at the last part of a path only.
 * Linux says what path a handle has; elsewhere the path is resolved once more and compared by inode.
 */
async function inPlace(handle: FileHandle, path: string, stat: Stats): Promise<boolean> {
  const own = process.platform === 'linux' ? await readlink(`/proc/self/fd/${handle.fd}`).catch(() => null) : null
  if (own !== null) return own === path
  const real = await realpath(path).catch(() => null)
  const there = real === path ? await lstat(path).catch(() => null) : null
  return there !== null && there.dev === stat.dev && there.ino === stat.ino
}

class HandleFile implements OpenedFile {
  readonly name: string
  readonly bytes: number
  readonly changedMs: number
  readonly #handle: FileHandle
  readonly #stat: Stats

  constructor(handle: FileHandle, name: string, stat: Stats) {
    this.name = name
    this.bytes = stat.size
    this.changedMs = stat.mtimeMs
    this.#handle = handle
    this.#stat = stat
  }

  whole = async (max: number): Promise<Uint8Array> => {
    if (this.bytes > max) throw new FileRefused(`it has ${this.bytes} bytes, more than ${max}: leave it out`)
    const bytes = await this.part(0, this.bytes)
    await this.#requireUnchanged(bytes.length)
    return bytes
  }

  stream = async function* (this: HandleFile): AsyncGenerator<Uint8Array> {
    let start = 0
    while (start < this.bytes) {
      const piece = await this.part(start, Math.min(PIECE_BYTES, this.bytes - start))
      if (piece.length === 0) break
      yield piece
      start += piece.length
    }
    await this.#requireUnchanged(start)
  }

  part = async (start: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.bytes - start)))
    let filled = 0
    while (filled < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, bytes.length - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }

  async #requireUnchanged(read: number): Promise<void> {
    const { size, mtimeMs } = await this.#handle.stat()
    if (read !== this.bytes || size !== this.bytes || mtimeMs !== this.#stat.mtimeMs) throw new FileRefused(CHANGED)
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of its path is not a folder',
  EACCES: 'permission is denied: let the user that runs this read it',
  EPERM: 'permission is denied: let the user that runs this read it',
  ENAMETOOLONG: 'its path is too long: move it up',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
}

/** What a system's error says, without the path that its message holds. */
function wordsOf(error: unknown): string {
  const code = String((error as NodeJS.ErrnoException).code)
  return WORDS[code] ?? code
}

function unopenedReason(name: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ELOOP') return LINK
  if (code === 'ENXIO') return 'it is not a file: remove it'
  if (code === 'ENOENT' && name.includes('\ufffd')) return 'its name is not UTF-8: rename it'
  return code === 'ENOENT' ? CHANGED : `it cannot be opened: ${wordsOf(error)}`
}

function unreadable(what: string, cause?: unknown): OperatorError {
  return new OperatorError('data-unreadable', `The records cannot be read: ${what}`, {
    hint: 'Correct the path ("confrere data list" shows those of a node), and let the user that runs this read it.',
    exitCode: EXIT.dataUnreadable,
    cause,
  })
}
