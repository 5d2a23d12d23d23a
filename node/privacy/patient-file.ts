/** The file that says which patients withdraw: an id a line, so that no id stands on a command line. @module */

import { open } from 'node:fs/promises'
import { EXIT, OperatorError } from '../errors.ts'

const BYTES_MAX = 1 << 20
const ID_CHARACTERS_MAX = 256

/**
 * Reads patients' ids.
 *
 * @throws OperatorError `bad-patient-file`, exit code 2; it names lines and no ids
 */
export async function readPatientFile(file: string): Promise<string[]> {
  const handle = await open(file).catch((cause: Error) => {
    throw bad(`${file} cannot be read: ${cause.message}`, 'Name a file with one patient id a line.', cause)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile() || stat.size > BYTES_MAX) {
      throw bad(
        `${file} is no list of patients of at most ${BYTES_MAX} bytes`,
        'Name a file with one patient id a line.',
      )
    }
    return idsOf(await handle.readFile(), file)
  } finally {
    await handle.close()
  }
}

function idsOf(bytes: Uint8Array, file: string): string[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw bad(`${file} is not UTF-8`, 'Save it as plain text in UTF-8.', cause)
  }
  const lines = text.split(/\r?\n/).map(line => line.trim())
  const long = lines.findIndex(line => line.length > ID_CHARACTERS_MAX)
  if (long >= 0) throw bad(`Line ${long + 1} of ${file} is too long for a patient id`, 'Write one id a line.')
  const ids = lines.filter(line => line !== '')
  if (ids.length === 0) throw bad(`${file} names no patient`, 'Write one id a line.')
  return ids
}

function bad(message: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError('bad-patient-file', message, { hint, exitCode: EXIT.usage, cause })
}
