/**
 * Patients who have withdrawn: a tombstone for each, by its keyed hash, which keeps its records out of every later round,
 * study and import. A tombstone is never taken back here: to come back, a patient's consent is recorded anew by hand.
 *
 * @module
 */

import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { PATIENT_BYTES } from '../datasets/patients.ts'
import { EXIT, OperatorError } from '../errors.ts'

const FILE = join('patients', 'withdrawn.jsonl')

const TOMBSTONE = z.strictObject({
  /** hex of the keyed hash */
  patient: z.string().regex(new RegExp(`^[0-9a-f]{${2 * PATIENT_BYTES}}$`)),
  /** ISO 8601, UTC */
  since: z.iso.datetime(),
})
export type Tombstone = z.output<typeof TOMBSTONE>

/** @throws OperatorError `withdrawals-damaged`, exit code 8: a node that cannot tell who is out does not train */
export async function withdrawnPatients(folder: string): Promise<Tombstone[]> {
  const file = join(folder, FILE)
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const lines = text.split('\n')
  // a line that a crash cut off was never confirmed to anybody
  lines.pop()
  return lines.map((line, at) => {
    try {
      return TOMBSTONE.parse(JSON.parse(line))
    } catch (cause) {
      throw new OperatorError('withdrawals-damaged', `Line ${at + 1} of ${file} is not a withdrawal`, {
        hint: 'Restore the file from a backup: it says which patients are out.',
        exitCode: EXIT.verificationFailed,
        cause,
      })
    }
  })
}

/**
 * Adds tombstones and waits for the disk.
 *
 * @returns those that are new
 */
export async function addTombstones(folder: string, patients: readonly string[], since: string): Promise<Tombstone[]> {
  const known = new Set((await withdrawnPatients(folder)).map(({ patient }) => patient))
  const added = [...new Set(patients)].filter(patient => !known.has(patient)).map(patient => ({ patient, since }))
  if (added.length === 0) return []
  const file = join(folder, FILE)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const handle = await open(file, 'a+', 0o600)
  try {
    await endWhole(handle)
    await handle.appendFile(added.map(tombstone => `${JSON.stringify(tombstone)}\n`).join(''))
    await handle.sync()
  } finally {
    await handle.close()
  }
  return added
}

/** Takes away a line that a crash cut off. */
async function endWhole(handle: Awaited<ReturnType<typeof open>>): Promise<void> {
  const text = await handle.readFile('utf8')
  const end = text.lastIndexOf('\n') + 1
  if (end < text.length) await handle.truncate(Buffer.byteLength(text.slice(0, end)))
}
