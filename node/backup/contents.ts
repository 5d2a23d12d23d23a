/** What a backup of a data folder holds, and what it must not. @module */

/** Of the form of the file itself. A newer one is refused. */
export const BACKUP_FORMAT = 1
export const BACKUP_MANIFEST = 'backup.json'

/** Most bytes of a backup, packed, and of what it holds. */
export const BACKUP_BYTES_MAX = 1 << 30

/** Without these a folder is not this hospital's. */
export const NEEDED_FILES: readonly string[] = ['config.toml', 'identity.key', 'privacy/ledger']

/**
 * What a hospital must not lose. Not the database with votes and releases: an old copy of it could make the node vote
 * twice; without one it asks the others first. Not the records and what was made of them: an old copy would bring back
 * patients who have withdrawn. Not the models: every hospital has them.
 */
const HELD: readonly RegExp[] = [
  /^config\.toml$/,
  /^identity\.key$/,
  /^privacy\/ledger$/,
  /^actions\.jsonl$/,
  /^studies\/([0-9a-f]{64}\.(study|dataset)|current)$/,
  /^patients\/[A-Za-z0-9._-]+$/,
  /^contacts\/[A-Za-z0-9._-]+$/,
  /^proposals\/[A-Za-z0-9._-]+$/,
]
/** Folders that hold any of them. */
export const HELD_FOLDERS: readonly string[] = ['', 'privacy', 'studies', 'patients', 'contacts', 'proposals']

/** Whether a path, relative and with slashes, belongs into a backup. */
export function isHeld(path: string): boolean {
  return HELD.some(pattern => pattern.test(path)) && !/(^|\/)\.\.?($|\/)|\.tmp$/.test(path)
}

/** Files that grow line by line: while the node runs the last line may be half written. */
export function isLined(path: string): boolean {
  return path === 'privacy/ledger' || path.endsWith('.jsonl')
}

export interface BackupManifest {
  readonly format: number
  /** of the program that wrote it */
  readonly version: string
  /** ISO 8601, UTC */
  readonly at: string
  /** base58btc PeerId */
  readonly peer: string
  /** hash of the ledger's last entry */
  readonly ledgerHead: string
  /** hex SHA-256 by path */
  readonly files: Readonly<Record<string, string>>
}
