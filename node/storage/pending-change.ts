/**
 * The change of the roster that this hospital's operator has approved, as a file in the data folder: `confrere roster
 * approve` writes it, the running node looks for it, and it goes once the change holds.
 *
 * @module
 */

import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ProtocolError } from '../../protocols/errors.ts'
import { same } from '../../protocols/immutable.ts'
import { decodeChange, encodeChange, type RosterChange } from '../../protocols/roster/change.ts'
import { CHANGE_BYTES_MAX } from '../../protocols/roster/limits.ts'
import type { Logger } from '../log.ts'
import { writeFileAtomic } from './atomic-file.ts'

const ROSTER_FOLDER = 'roster'
const LOOK_MS = 1000

const fileOf = (folder: string, study: string): string => join(folder, ROSTER_FOLDER, `${study}.change`)

/** Approves one change for one study (hex id); the one before is no longer approved. Returns the file. */
export async function storeApproval(folder: string, study: string, change: RosterChange): Promise<string> {
  await mkdir(join(folder, ROSTER_FOLDER), { recursive: true, mode: 0o700 })
  await writeFileAtomic(fileOf(folder, study), encodeChange(change))
  return fileOf(folder, study)
}

/** The change that is approved for a study, encoded; null: none, or its file is damaged. */
export async function readApproval(folder: string, study: string): Promise<Uint8Array | null> {
  return await readChange(fileOf(folder, study)).then(encodeChange, () => null)
}

/** Approves nothing any more. */
export async function withdrawApproval(folder: string, study: string): Promise<void> {
  await rm(fileOf(folder, study), { force: true })
}

/**
 * A change from a file, at most as long as a change can be.
 *
 * @throws ProtocolError `bad-change`; or an error of the file system
 */
export async function readChange(file: string): Promise<RosterChange> {
  const handle = await open(file, 'r')
  try {
    const bytes = new Uint8Array(CHANGE_BYTES_MAX + 1)
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
    return decodeChange(bytes.subarray(0, bytesRead))
  } finally {
    await handle.close()
  }
}

export class PendingChange {
  readonly #file: string
  readonly #log: Pick<Logger, 'warn'>
  #last: Uint8Array | null = null
  #timer: NodeJS.Timeout | undefined

  /** @param study hex id */
  constructor(folder: string, study: string, log: Pick<Logger, 'warn'>) {
    this.#file = fileOf(folder, study)
    this.#log = log
  }

  /** Tells of what is approved, whenever that changes. */
  watch(tell: (change: Uint8Array | null) => void): void {
    const look = async (): Promise<void> => {
      const change = await this.#read()
      if (change === null ? this.#last !== null : this.#last === null || !same(change, this.#last)) {
        this.#last = change
        tell(change)
      }
      this.#timer = setTimeout(() => void look(), LOOK_MS)
    }
    void look()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** The change holds, or can never hold any more. */
  async settle(): Promise<void> {
    await rm(this.#file, { force: true }).catch(error => {
      this.#log.warn({ err: error, file: this.#file }, 'a settled change of the roster could not be removed')
    })
  }

  async #read(): Promise<Uint8Array | null> {
    try {
      return encodeChange(await readChange(this.#file))
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      if (!missing && this.#last === null) {
        const reason = error instanceof ProtocolError ? error.message : String(error)
        this.#log.warn({ file: this.#file, reason }, 'the approved change of the roster cannot be read')
      }
      return null
    }
  }
}
