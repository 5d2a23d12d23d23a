/** Reads a folder that is to be verified: all its files, within limits. @module */

import type { Dirent } from 'node:fs'
import { opendir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'

/** Files and folders; an export or a dossier has a dozen. */
const ENTRIES_MAX = 64

/** What is wrong with a file. */
export interface FileFault {
  /** name inside the folder */
  readonly file: string
  readonly problem: string
}

/**
 * All files below a folder, by name; those that are too long, or no files, as faults.
 *
 * @param bytesMax of a file, by its name
 * @throws OperatorError `export-unreadable`, exit code 2
 */
export async function readSealedFolder(
  folder: string,
  bytesMax: (file: string) => number,
): Promise<{ files: Map<string, Uint8Array>; faults: FileFault[] }> {
  const entries = await entriesOf(folder)
  const files = new Map<string, Uint8Array>()
  const faults: FileFault[] = []
  for (const entry of entries.filter(found => !found.isDirectory())) {
    const path = join(entry.parentPath, entry.name)
    const file = relative(folder, path).split(sep).join('/')
    if (!entry.isFile()) faults.push({ file, problem: 'it is no file' })
    else {
      const { size } = await stat(path)
      const most = bytesMax(file)
      if (size > most) faults.push({ file, problem: `it has ${size} bytes, more than ${most}` })
      else files.set(file, new Uint8Array(await readFile(path)))
    }
  }
  return { files, faults }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries: Dirent[] = []
  try {
    for await (const entry of await opendir(folder, { recursive: true })) {
      entries.push(entry)
      if (entries.length > ENTRIES_MAX) break
    }
  } catch (cause) {
    throw unreadable(folder, (cause as Error).message, cause)
  }
  if (entries.length <= ENTRIES_MAX) return entries
  throw unreadable(folder, `it has more than ${ENTRIES_MAX} files, and what is to be verified fewer`)
}

function unreadable(folder: string, reason: string, cause?: unknown): OperatorError {
  return new OperatorError('export-unreadable', `${folder} cannot be read as an export or a dossier: ${reason}`, {
    hint: 'Name the folder that "confrere export" or "confrere dossier" has written.',
    exitCode: EXIT.usage,
    cause,
  })
}
