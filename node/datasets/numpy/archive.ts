/**
 * Members of a zip archive, inflated one piece at a time: memory does not grow with the archive. What comes out is
 * checked against the size and the CRC-32 that the archive states for it.
 *
 * The directory is read by yauzl; the pieces come from Node's own streams.
 *
 * @module APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl'
import { CodedError } from '../../../crypto/errors.ts'
import { isArray, SINGLE_ARRAY_HINT } from './npy.ts'

export const FILE_BYTES_MAX = 2 ** 34
const MEMBERS_MAX = 4096
const PIECE_BYTES = 1 << 18

const STORED = 0
const DEFLATED = 8
const METHODS: Readonly<Record<number, string>> = { 9: 'Deflate64', 12: 'bzip2', 14: 'LZMA', 93: 'Zstandard', 95: 'xz' }

const COPY_AGAIN = 'Copy the file again, and compare its checksum with the original.'
const SAVE_AGAIN = 'Save the arrays again with numpy.savez_compressed.'

/** Why an archive cannot be read: a sentence that follows the file's or the member's name, and what to do about it. */
export class ArchiveError extends CodedError {
  readonly hint: string

  constructor(reason: string, hint: string, cause?: unknown) {
    super('bad-archive', reason, cause)
    this.hint = hint
  }
}

export interface ArchiveMember {
  /** as the archive has it, with / between folders */
  readonly path: string
  /** what the archive says that it inflates to */
  readonly size: number
  readonly entry: Entry
}

export interface Archive {
  readonly members: readonly ArchiveMember[]
  /**
   * Hands on what a member holds, in pieces of any length, never more than its stated size.
   *
   * @throws ArchiveError when it cannot be inflated, or is not what the archive states; the pieces were damaged then
   */
  readonly inflate: (member: ArchiveMember, take: (piece: Uint8Array) => void) => Promise<void>
}

/**
 * Opens an archive for as long as the action takes.
 *
 * @throws ArchiveError when the file cannot be read or is no whole zip archive
 */
export async function withArchive<T>(file: string, action: (archive: Archive) => Promise<T>): Promise<T> {
  const handle = await openFile(file)
  try {
    const size = await sizeOf(handle)
    const reader = new BoundedReader(handle, size)
    const zip = await reader.guard(fromRandomAccessReaderPromise(reader, size, { ...YAUZL })).catch(notWhole(handle))
    const members = await reader.guard(listMembers(zip)).catch(notWhole(handle))
    const inflate = (member: ArchiveMember, take: (piece: Uint8Array) => void): Promise<void> =>
      inflateMember({ handle, reader, zip }, member, take)
    return await action({ members, inflate })
  } finally {
    await handle.close()
  }
}

/** Names stay bytes: they are looked up and never become paths. Sizes are checked here, of what is read alone. */
const YAUZL = { autoClose: false, lazyEntries: true, decodeStrings: false, validateEntrySizes: false } as const

/** What a file system says when a file cannot be opened. */
const UNOPENED: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of its path is not a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    // without O_NONBLOCK, which Windows lacks, opening a named pipe would wait for its other end
    return await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    const { code = 'an unknown error' } = cause as NodeJS.ErrnoException
    const hint =
      'Correct the path (--npz, or in config.toml: "confrere data list" shows it), and let the user that runs the node read the file.'
    throw new ArchiveError(UNOPENED[code] ?? code, hint, cause)
  }
}

async function sizeOf(handle: FileHandle): Promise<number> {
  const stat = await handle.stat()
  if (!stat.isFile()) throw new ArchiveError('it is not a file', 'Name the .npz file itself.')
  if (stat.size > FILE_BYTES_MAX) {
    throw new ArchiveError(`it has ${stat.size} bytes, more than ${FILE_BYTES_MAX}`, 'Split it into smaller files.')
  }
  return stat.size
}

/** Reads inside the file only, and turns whatever the parser throws from a callback into a rejection. */
class BoundedReader extends RandomAccessReader {
  readonly #handle: FileHandle
  readonly #size: number
  readonly #broken = Promise.withResolvers<never>()

  constructor(handle: FileHandle, size: number) {
    super()
    this.#handle = handle
    this.#size = size
    this.#broken.promise.catch(() => {})
  }

  /** The result of the parser's work, unless the parser broke down on the way. */
  guard<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#broken.promise])
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    const inside = position >= 0 && position + length <= this.#size
    const reading = inside
      ? this.#handle.read(buffer, offset, length, position)
      : Promise.reject(new Error(`it refers to byte ${position + length} of a file of ${this.#size}`))
    reading
      .then(
        ({ bytesRead }) => callback(null, bytesRead),
        (error: Error) => callback(error),
      )
      .catch(error => this.#broken.reject(error))
  }
}

async function listMembers(zip: ZipFile): Promise<ArchiveMember[]> {
  if (zip.entryCount > MEMBERS_MAX) throw new Error(`it has ${zip.entryCount} members, more than ${MEMBERS_MAX}`)
  const members: ArchiveMember[] = []
  for await (const entry of zip.eachEntry()) {
    const path = new TextDecoder().decode(entry.fileNameRaw).replaceAll('\\', '/')
    members.push({ path, size: entry.uncompressedSize, entry })
  }
  return members
}

/** Says what a file is that is no archive, by its first bytes. */
function notWhole(handle: FileHandle): (cause: unknown) => Promise<never> {
  return async cause => {
    const start = Buffer.alloc(6)
    await handle.read(start, 0, start.length, 0)
    const what = 'it is not a whole .npz archive'
    if (isArray(start)) throw new ArchiveError(`${what} but a single array (.npy)`, SINGLE_ARRAY_HINT, cause)
    if (start.toString('latin1', 0, 2) !== 'PK') {
      throw new ArchiveError(`${what}: it does not begin as a zip archive does`, SAVE_AGAIN, cause)
    }
    throw new ArchiveError(`${what}: ${(cause as Error).message}`, COPY_AGAIN, cause)
  }
}

interface Source {
  readonly handle: FileHandle
  readonly reader: BoundedReader
  readonly zip: ZipFile
}

async function inflateMember(source: Source, member: ArchiveMember, take: (piece: Uint8Array) => void): Promise<void> {
  const { entry, size } = member
  const { compressionMethod: method, compressedSize } = entry
  if (entry.isEncrypted()) throw new ArchiveError('is encrypted', 'Save it without a password.')
  if (method !== STORED && method !== DEFLATED) {
    const name = METHODS[method] ?? 'an unknown method'
    throw new ArchiveError(`is compressed with ${name} (zip method ${method}), not deflated or stored`, SAVE_AGAIN)
  }
  if (method === STORED && compressedSize !== size)
    throw damaged(`its two sizes, ${compressedSize} and ${size}, differ`)
  const start = await startOf(source, entry)
  let [total, sum] = [0, 0]
  const check = (piece: Uint8Array): void => {
    total += piece.length
    if (total > size) throw damaged(`it inflates to more than the ${size} bytes that the archive states`)
    sum = crc32(piece, sum)
    take(piece)
  }
  if (compressedSize > 0) await stream(source.handle, { start, compressedSize, method }, check)
  if (total < size) throw damaged(`it ends after ${total} of the ${size} bytes that the archive states`)
  if (sum !== entry.crc32) throw damaged('its CRC-32 is not the one that the archive states')
}

async function startOf({ reader, zip }: Source, entry: Entry): Promise<number> {
  try {
    return (await reader.guard(zip.readLocalFileHeaderPromise(entry, { minimal: true }))).fileDataStart
  } catch (cause) {
    throw damaged((cause as Error).message, cause)
  }
}

async function stream(
  handle: FileHandle,
  { start, compressedSize, method }: { start: number; compressedSize: number; method: number },
  check: (piece: Uint8Array) => void,
): Promise<void> {
  const end = start + compressedSize - 1
  const stored = handle.createReadStream({ start, end, autoClose: false, highWaterMark: PIECE_BYTES })
  let fault: unknown
  const consume = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const piece of pieces) {
      try {
        check(piece)
      } catch (error) {
        fault = error
        throw error
      }
    }
  }
  try {
    if (method === STORED) await pipeline(stored, consume)
    else await pipeline(stored, createInflateRaw({ chunkSize: PIECE_BYTES }), consume)
  } catch (cause) {
    // a pipeline that its end stops may reject with an abort instead of the reason
    if (fault !== undefined) throw fault
    const { code = 'an unknown error', message } = cause as NodeJS.ErrnoException
    if (code.startsWith('Z_')) throw damaged(`it does not inflate (${message})`, cause)
    throw new ArchiveError(`cannot be read from the disk: ${code}`, COPY_AGAIN, cause)
  }
}

function damaged(what: string, cause?: unknown): ArchiveError {
  return new ArchiveError(`is damaged: ${what}`, COPY_AGAIN, cause)
}
