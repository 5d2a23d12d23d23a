/** The token that allows to act: a file that only the node's own user can read, new with every start. @module */

import { randomBytes } from 'node:crypto'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileAtomic } from '../storage/atomic-file.ts'

const TOKEN_FILE = 'http-token'
/** 256 bits: nobody guesses it, so that guesses need no limit. */
const TOKEN_BYTES = 32
const OWNER_ONLY = 0o600

/**
 * Makes the token of a start and writes it into the data folder.
 *
 * @throws errors of the file system
 */
export async function createToken(folder: string): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const file = join(folder, TOKEN_FILE)
  await writeFileAtomic(file, `${token}\n`, OWNER_ONLY)
  // a file system may add permissions by its defaults
  await chmod(file, OWNER_ONLY)
  return token
}

/** The token of the node that runs on a data folder. @throws OperatorError `no-token`, exit code 9 */
export async function readToken(folder: string): Promise<string> {
  try {
    return (await readFile(join(folder, TOKEN_FILE), 'utf8')).trim()
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new OperatorError(
      'no-token',
      missing ? `No node has run on ${folder}: it has no ${TOKEN_FILE}` : `${join(folder, TOKEN_FILE)} cannot be read`,
      {
        hint: missing ? 'Start the node with "confrere start".' : "Call this as the node's own user.",
        exitCode: EXIT.nodeUnreachable,
        cause,
      },
    )
  }
}
