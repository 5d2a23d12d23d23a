/** Writes a backup of a data folder, also while its node runs. @module */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Zippable, zipSync } from 'fflate'
import { sha256 } from '../../crypto/hash.ts'
import { hex } from '../../protocols/immutable.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { ledgerPath, readLedgerFile } from '../privacy/ledger-file.ts'
import { writeFileNew } from '../storage/atomic-file.ts'
import { loadIdentity } from '../storage/identity.ts'
import { readVersion } from '../version.ts'
import {
  BACKUP_BYTES_MAX,
  BACKUP_FORMAT,
  BACKUP_MANIFEST,
  type BackupManifest,
  HELD_FOLDERS,
  isHeld,
  isLined,
  NEEDED_FILES,
} from './contents.ts'

const NEWLINE = 10

/**
 * Writes what a hospital must not lose into one file that its owner alone can read.
 *
 * @param at ISO 8601, UTC
 * @throws OperatorError `backup-exists` (exit code 2), `nothing-to-back-up` (exit code 3), `backup-too-large`; as
 *   `loadIdentity` and `readLedgerFile`: what is broken already is no backup
 */
export async function writeBackup(folder: string, file: string, { at }: { at: string }): Promise<BackupManifest> {
  const { peer } = await loadIdentity(folder)
  const paths = await heldPaths(folder)
  const missing = NEEDED_FILES.find(path => !paths.includes(path))
  if (missing !== undefined) {
    throw new OperatorError('nothing-to-back-up', `${join(folder, missing)} is missing: this is no whole data folder`, {
      hint: 'Name the data folder of a node with --data; "confrere doctor" says what is wrong with it.',
      exitCode: EXIT.config,
    })
  }
  const files: Record<string, Uint8Array> = {}
  // the ledger last: it may be newer than the rest, and never older
  const ordered = [...paths.filter(path => path !== 'privacy/ledger'), 'privacy/ledger']
  let bytes = 0
  for (const path of ordered) {
    files[path] = wholeLines(path, await readFile(join(folder, ...path.split('/'))))
    bytes += files[path].length
    if (bytes > BACKUP_BYTES_MAX) throw tooLarge()
  }
  // verified: a broken ledger must be found now, not when it is needed
  const { head } = await readLedgerFile(ledgerPath(folder), { everyEpsilon: false })
  const hashes = Object.fromEntries(Object.entries(files).map(([path, content]) => [path, hex(sha256(content))]))
  const manifest = { format: BACKUP_FORMAT, version: readVersion(), at, peer, ledgerHead: head, files: hashes }
  const zipped: Zippable = { [BACKUP_MANIFEST]: Buffer.from(JSON.stringify(manifest)), ...files }
  await writeFileNew(file, zipSync(zipped), 0o600).catch(error => {
    throw error.code === 'EEXIST' ? exists(file, error) : unwritable(file, error)
  })
  return manifest
}

async function heldPaths(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const inside of HELD_FOLDERS) {
    const entries = await readdir(join(folder, inside), { withFileTypes: true }).catch(error => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    for (const entry of entries) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`
      if (entry.isFile() && isHeld(path)) found.push(path)
    }
  }
  return found.sort()
}

function wholeLines(path: string, bytes: Uint8Array): Uint8Array {
  return isLined(path) ? bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1) : bytes
}

function tooLarge(): OperatorError {
  return new OperatorError('backup-too-large', `The data folder has more than ${BACKUP_BYTES_MAX} bytes to back up`, {
    hint: 'Back it up by copying identity.key, config.toml, privacy/, patients/ and studies/*.study.',
    exitCode: EXIT.config,
  })
}

function exists(file: string, cause: unknown): OperatorError {
  return new OperatorError('backup-exists', `${file} exists already: nothing was written`, {
    hint: 'Name another file, such as one with the date; an older backup is worth less than a newer one, not nothing.',
    exitCode: EXIT.usage,
    cause,
  })
}

function unwritable(file: string, cause: Error): OperatorError {
  return new OperatorError('backup-unwritable', `${file} cannot be written: ${cause.message}`, {
    hint: 'Name a file in a folder that is there, that you may write to, and that has room.',
    exitCode: EXIT.usage,
    cause,
  })
}
