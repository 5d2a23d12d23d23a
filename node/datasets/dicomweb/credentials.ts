/** A name and password, or a token, for a PACS. @module */

import { open } from 'node:fs/promises'
import { inspect } from 'node:util'
import { CREDENTIALS_BYTES_MAX } from './limits.ts'
import { badSettings } from './pacs-error.ts'

const HIDDEN = '[credentials]'
const FORMS = 'Write one line: "basic NAME:PASSWORD" or "bearer TOKEN".'

/** Prints, serialises and converts as a constant, so that no log, message or error holds it by mistake. */
export class PacsCredentials {
  readonly #header: string

  /** @param line `basic NAME:PASSWORD` or `bearer TOKEN`. @throws PacsError `pacs-settings` */
  constructor(line: string) {
    const [, scheme, rest = ''] = /^(basic|bearer)[ \t]+([^\r\n]+)$/i.exec(line.trim()) ?? []
    if (scheme === undefined) throw badSettings('The credentials for the PACS have another form', FORMS)
    if (scheme.toLowerCase() === 'basic') {
      if (!rest.includes(':')) throw badSettings('The credentials for the PACS have no ":" after the name', FORMS)
      this.#header = `Basic ${Buffer.from(rest).toString('base64')}`
    } else {
      // RFC 6750, section 2.1
      if (!/^[\w.~+/-]+=*$/.test(rest)) throw badSettings('The token for the PACS has characters that none has', FORMS)
      this.#header = `Bearer ${rest}`
    }
  }

  /** Value of the header `Authorization`, for a request alone. */
  authorization(): string {
    return this.#header
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}

/**
 * Reads the credentials from a file that its owner alone can read: a command line would show them to everyone on the machine.
 *
 * @throws PacsError `pacs-settings`
 */
export async function readCredentials(path: string): Promise<PacsCredentials> {
  const handle = await open(path).catch(() => {
    throw badSettings(
      'The file with the credentials for the PACS cannot be read',
      'Correct its path or its permissions.',
    )
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile() || stat.size > CREDENTIALS_BYTES_MAX) {
      throw badSettings('What should hold the credentials for the PACS is no short file', FORMS)
    }
    // Windows has no such bits
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      throw badSettings(
        'Others can read the file with the credentials for the PACS',
        'Allow it to its owner alone: chmod 600.',
      )
    }
    return new PacsCredentials(await handle.readFile('utf8'))
  } finally {
    await handle.close()
  }
}
