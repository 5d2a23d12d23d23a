/**
 * A log file of limited size: when it is full it becomes `NAME.1`, that one `NAME.2`, and the oldest goes. Lines are
 * written at once, so that the last ones before a crash are there.
 *
 * @module
 */

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** A longer line is left out, and its length said. */
const LINE_BYTES_MAX = 64 * 1024

export interface LogFileOptions {
  readonly file: string
  /** of each file; a line is never divided, so that one begins anew before it would be exceeded */
  readonly bytesMax: number
  /** the current one included */
  readonly filesMax: number
  /** told once when lines begin to be lost, and again when they are written again, with how many were lost */
  readonly trouble: (text: string) => void
}

/** A destination for `createLogger` that never throws: a full disk must not end a node, which has votes to keep. */
export class LogFile {
  readonly #options: LogFileOptions
  #fd: number | null = null
  #bytes = 0
  #lost = 0

  constructor(options: LogFileOptions) {
    this.#options = options
  }

  /** @param line with its newline */
  write(line: string): void {
    const length = Buffer.byteLength(line)
    const text =
      length > LINE_BYTES_MAX ? `${JSON.stringify({ msg: `a line of ${length} bytes is left out` })}\n` : line
    try {
      this.#append(Buffer.from(text))
      const lost = this.#lost
      this.#lost = 0
      if (lost > 0) this.#options.trouble(`the log file is written again; ${lost} lines are missing in it`)
    } catch (error) {
      this.close()
      this.#lost += 1
      if (this.#lost === 1) this.#options.trouble(`the log file cannot be written: ${reasonOf(error)}`)
    }
  }

  /** Closes the file; the next line opens it again. */
  close(): void {
    const fd = this.#fd
    this.#fd = null
    try {
      if (fd !== null) closeSync(fd)
    } catch {
      // nothing more can be done about a file that cannot even be closed
    }
  }

  #append(bytes: Uint8Array): void {
    let fd = this.#fd ?? this.#open()
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#options.bytesMax) {
      this.close()
      this.#rotate()
      fd = this.#open()
    }
    for (let at = 0; at < bytes.length; ) {
      const written = writeSync(fd, bytes, at)
      at += written
      this.#bytes += written
    }
  }

  #open(): number {
    const { file } = this.#options
    mkdirSync(dirname(file), { recursive: true, mode: FOLDER_MODE })
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants
    const fd = openSync(file, O_RDWR | O_APPEND | O_CREAT | (O_NOFOLLOW ?? 0), FILE_MODE)
    this.#fd = fd
    fchmodSync(fd, FILE_MODE)
    this.#bytes = fstatSync(fd).size
    const last = Buffer.alloc(1)
    // a crash may have cut off the last line: the next one must not continue it
    if (this.#bytes > 0 && readSync(fd, last, 0, 1, this.#bytes - 1) === 1 && last.toString() !== '\n') {
      this.#bytes += writeSync(fd, '\n')
    }
    return fd
  }

  #rotate(): void {
    const { file, filesMax } = this.#options
    const older = (age: number): string => (age === 0 ? file : `${file}.${age}`)
    rmSync(older(filesMax - 1), { force: true })
    for (let age = filesMax - 2; age >= 0; age--) {
      try {
        renameSync(older(age), older(age + 1))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message
}
