/** Makes a data folder from a backup. Its node cannot vote or mask twice, nor does it get budget back. @module */

import { open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { z } from 'zod'
import { sha256 } from '../../crypto/hash.ts'
import { hex } from '../../protocols/immutable.ts'
import { EXIT, type ExitCode, OperatorError } from '../errors.ts'
import { ledgerPath, readLedgerFile } from '../privacy/ledger-file.ts'
import { markRestored } from '../privacy/restored-mark.ts'
import { STUDIES_FOLDER } from '../storage/approved-studies.ts'
import { writeFileNew } from '../storage/atomic-file.ts'
import { createDataFolder, folderUnusable, makeFolders } from '../storage/data-folder.ts'
import { IDENTITY_FILE } from '../storage/identity.ts'
import {
  BACKUP_BYTES_MAX,
  BACKUP_FORMAT,
  BACKUP_MANIFEST,
  type BackupManifest,
  isHeld,
  NEEDED_FILES,
} from './contents.ts'

const ENTRIES_MAX = 10_000

const MANIFEST_SCHEMA = z.object({
  format: z.number(),
  version: z.string(),
  at: z.iso.datetime(),
  peer: z.string(),
  ledgerHead: z.string(),
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
})

/**
 * Restores a backup into a new folder.
 *
 * The votes and releases since the backup are not in it: the node asks the others for them before it says a word, and
 * is silent in the rounds that they know of. The mark says that rounds between the ledger's end and the transcript's
 * count as charged.
 *
 * @throws OperatorError `folder-not-empty` (exit code 3), `backup-unreadable` (exit code 2), `backup-newer` (exit code
 *   3), `backup-damaged` (exit code 8); as `readLedgerFile`
 */
export async function restoreBackup(file: string, folder: string): Promise<BackupManifest> {
  const { manifest, files } = await openBackup(file)
  await requireEmpty(folder)
  try {
    await createDataFolder(folder, STUDIES_FOLDER)
    // before the key: a folder without a mark must not be able to run
    await markRestored(folder, manifest.at)
    const paths = Object.keys(files).sort((a, b) => Number(a === IDENTITY_FILE) - Number(b === IDENTITY_FILE))
    for (const path of paths) {
      const target = join(folder, ...path.split('/'))
      await makeFolders(dirname(target))
      await writeFileNew(target, files[path]!, 0o600)
    }
  } catch (error) {
    throw folderUnusable(folder, error)
  }
  await readLedgerFile(ledgerPath(folder), { everyEpsilon: false })
  return manifest
}

interface OpenedBackup {
  readonly manifest: BackupManifest
  readonly files: Readonly<Record<string, Uint8Array>>
}

async function openBackup(file: string): Promise<OpenedBackup> {
  const bytes = await readLimited(file)
  let entries: Record<string, Uint8Array>
  try {
    entries = unzipSync(bytes, { filter: limited() })
  } catch (cause) {
    throw damaged(file, (cause as Error).message, cause)
  }
  const { [BACKUP_MANIFEST]: head, ...files } = entries
  const parsed = MANIFEST_SCHEMA.safeParse(jsonOf(head))
  if (!parsed.success) throw damaged(file, `it has no right ${BACKUP_MANIFEST}`, parsed.error)
  const manifest = parsed.data
  if (manifest.format > BACKUP_FORMAT) {
    throw failure('backup-newer', `${file} was written by confrere ${manifest.version}, which is newer than this one`, {
      hint: `Install confrere ${manifest.version} or newer, and restore with that.`,
      exitCode: EXIT.config,
    })
  }
  const [named, there] = [Object.keys(manifest.files).sort(), Object.keys(files).sort()]
  if (named.join() !== there.join()) throw damaged(file, 'it does not hold the files that it says it holds')
  for (const path of named) {
    if (!isHeld(path)) throw damaged(file, `${JSON.stringify(path)} does not belong into a backup`)
    if (hex(sha256(files[path]!)) !== manifest.files[path]) throw damaged(file, `${path} is not what was written`)
  }
  const missing = NEEDED_FILES.find(path => !Object.hasOwn(files, path))
  if (missing !== undefined) throw damaged(file, `${missing} is missing`)
  return { manifest, files }
}

/** Lets no archive unpack to more than the limits, whatever its heads say. */
function limited(): (entry: { name: string; originalSize: number }) => boolean {
  let [count, bytes] = [0, 0]
  return ({ originalSize }) => {
    count += 1
    bytes += originalSize
    if (count > ENTRIES_MAX || bytes > BACKUP_BYTES_MAX) throw new Error('it holds more than a backup may')
    return true
  }
}

function jsonOf(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(bytes ?? []).toString())
  } catch {
    return null
  }
}

async function readLimited(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'r')
    try {
      const { size } = await handle.stat()
      if (size > BACKUP_BYTES_MAX) throw new Error(`it has ${size} bytes, and a backup at most ${BACKUP_BYTES_MAX}`)
      return new Uint8Array(await handle.readFile())
    } finally {
      await handle.close()
    }
  } catch (cause) {
    throw failure('backup-unreadable', `The backup ${file} cannot be read: ${(cause as Error).message}`, {
      hint: 'Check the path and its permissions; "confrere backup" writes backups.',
      exitCode: EXIT.usage,
      cause,
    })
  }
}

async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(error => {
    if (error.code === 'ENOENT') return []
    throw folderUnusable(folder, error)
  })
  if (names.length === 0) return
  throw failure('folder-not-empty', `${folder} holds something already: nothing was changed`, {
    hint: 'Name a new folder with --data. To mend a node whose database is damaged, see "confrere repair".',
    exitCode: EXIT.config,
  })
}

function damaged(file: string, why: string, cause?: unknown): OperatorError {
  return failure('backup-damaged', `The backup ${file} is damaged: ${why}`, {
    hint: 'Take another copy of it, or the backup before it: nothing was restored.',
    exitCode: EXIT.verificationFailed,
    cause,
  })
}

function failure(
  code: string,
  message: string,
  rest: { hint: string; exitCode: ExitCode; cause?: unknown },
): OperatorError {
  return new OperatorError(code, message, rest)
}
