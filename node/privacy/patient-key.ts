/**
 * The key under which a hospital's patients are hashed. It is made once and never leaves the data folder: without it the
 * hashes say nothing, and with another one no patient would be recognised.
 *
 * @module
 */

import { createHmac, randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PATIENT_BYTES } from '../datasets/patients.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { writeFileNew } from '../storage/atomic-file.ts'

const KEY_FILE = join('patients', 'key')
const KEY_BYTES = 32
const TAG = 'confrere/patient/1\0'

/** The keyed hash of a patient's id. Unicode has several writings of one text: they are the same patient. */
export function patientHash(key: Uint8Array, id: string): Uint8Array {
  const digest = createHmac('sha256', key).update(TAG).update(id.trim().normalize('NFC')).digest()
  return new Uint8Array(digest.subarray(0, PATIENT_BYTES))
}

/**
 * The hospital's key for patients' ids; made at first use.
 *
 * @throws OperatorError `patient-key-broken`, exit code 8; errors of the file system
 */
export async function patientKey(folder: string): Promise<Uint8Array> {
  return (await readKey(folder)) ?? (await createKey(join(folder, KEY_FILE)))
}

/** The same for commands that only read: a key of their own, for as long as they run, where none is there. */
export async function patientKeyForReading(folder: string): Promise<Uint8Array> {
  return (await readKey(folder)) ?? passingKey()
}

/** A key that nobody keeps. */
export function passingKey(): Uint8Array {
  return new Uint8Array(randomBytes(KEY_BYTES))
}

async function readKey(folder: string): Promise<Uint8Array | undefined> {
  const file = join(folder, KEY_FILE)
  const found = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
  })
  if (found === undefined) return undefined
  if (found.length === KEY_BYTES) return new Uint8Array(found)
  throw new OperatorError('patient-key-broken', `${file} has ${found.length} bytes, not the ${KEY_BYTES} of a key`, {
    hint: 'Restore it from a backup: with another key the node would not know its patients again.',
    exitCode: EXIT.verificationFailed,
  })
}

async function createKey(file: string): Promise<Uint8Array> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const key = passingKey()
  try {
    await writeFileNew(file, key, 0o600)
    return key
  } catch (error) {
    // another command has made it in the meantime
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return new Uint8Array(await readFile(file))
  }
}
