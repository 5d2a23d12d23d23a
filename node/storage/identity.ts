/**
 * A hospital's identity: 32 random bytes in one file, readable by its owner alone. Whoever holds them is that hospital.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { fromString } from 'uint8arrays/from-string'
import { createSigner, publicKeyOfPeer, SEED_BYTES, type Signer } from '../../crypto/signature.ts'
import { peerString } from '../../protocols/roster/roster.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileNew } from './atomic-file.ts'

export const IDENTITY_FILE = 'identity.key'

const OTHERS_MAY = 0o077

export interface Identity {
  /** 32 bytes, the Ed25519 private key of RFC 8032 */
  readonly seed: Uint8Array
  readonly signer: Signer
  /** base58btc PeerId */
  readonly peer: string
}

/** The PeerId as people write it: base58btc of the raw bytes. */
export function peerIdString(id: Uint8Array): string {
  return peerString(id)
}

/** The raw bytes of a PeerId as people write it. @throws OperatorError `bad-peer-id`, exit code 3 */
export function parsePeerId(text: string): Uint8Array {
  try {
    const id = new Uint8Array(fromString(text, 'base58btc'))
    publicKeyOfPeer(id)
    if (peerString(id) === text) return id
  } catch {
    // falls through to the one sentence that helps
  }
  throw new OperatorError('bad-peer-id', `${JSON.stringify(text.slice(0, 80))} is not the peer id of a hospital`, {
    hint: 'A peer id begins with 12D3KooW; "confrere id" prints a node\'s own.',
    exitCode: EXIT.config,
  })
}

/** Makes a new identity. @throws OperatorError `identity-exists`, exit code 4; an old one is never overwritten */
export async function createIdentity(folder: string): Promise<Identity> {
  const seed = new Uint8Array(randomBytes(SEED_BYTES))
  const file = join(folder, IDENTITY_FILE)
  try {
    await writeFileNew(file, seed, 0o600)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw identityError('identity-exists', `${file} exists already`, 'Choose another data folder.', cause)
  }
  return identityOf(seed)
}

/**
 * Loads the identity of a data folder.
 *
 * @throws OperatorError `identity-missing`, `identity-exposed` (group or others may read or write it),
 *   `identity-damaged`; exit code 4
 */
export async function loadIdentity(folder: string): Promise<Identity> {
  const file = join(folder, IDENTITY_FILE)
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR'
    throw identityError(
      missing ? 'identity-missing' : 'identity-unreadable',
      missing ? `There is no identity in ${folder}` : `${file} cannot be read: ${cause.message}`,
      missing ? 'Create the data folder with "confrere init".' : 'Run as the user that created the data folder.',
      cause,
    )
  })
  try {
    // of the opened file, not of the path: nobody can exchange it in between
    const stat = await handle.stat()
    if (process.platform !== 'win32' && (stat.mode & OTHERS_MAY) !== 0) {
      throw identityError('identity-exposed', `${file} may be used by others than its owner`, `Run: chmod 600 ${file}`)
    }
    if (!stat.isFile() || stat.size !== SEED_BYTES) {
      throw identityError('identity-damaged', `${file} is not an identity of ${SEED_BYTES} bytes`, 'Restore a backup.')
    }
    return identityOf(new Uint8Array(await handle.readFile()))
  } finally {
    await handle.close()
  }
}

function identityOf(seed: Uint8Array): Identity {
  const signer = createSigner(seed)
  return { seed, signer, peer: peerString(signer.id) }
}

function identityError(code: string, message: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError(code, message, { hint, exitCode: EXIT.identity, cause })
}
