/**
 * What is kept of cached records beside their values: a line of JSON for each, written after its row, between a first line
 * that says what they are of and a last one that says that all of them are there. A line that a crash cut off does not
 * count, nor does its row.
 *
 * @module
 */

import { appendFile, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { writeFileAtomic } from '../storage/atomic-file.ts'
import { PATIENT_BYTES } from './patients.ts'
import type { FoundRecord } from './reader.ts'

const MODE = 0o600

const HEAD_SCHEMA = z.strictObject({
  /** names the source, see source.ts */
  source: z.string(),
  /** values of a record */
  length: z.number().int().positive(),
})
export type FactsHead = z.output<typeof HEAD_SCHEMA>

const LINE_SCHEMA = z.strictObject({
  label: z.number().int().nonnegative(),
  split: z.string().nullable(),
  /** hex of the keyed hash; null: nothing says whose it is */
  patient: z
    .string()
    .length(2 * PATIENT_BYTES)
    .nullable(),
  /** names the record at its source without saying what it is, so that a reading can go on; null: not needed */
  key: z.string().nullable(),
})
export type FactsLine = z.output<typeof LINE_SCHEMA>

const END = '{"end":true}'

export interface KeptFacts extends FactsHead {
  readonly lines: readonly FactsLine[]
  /** whether all records of the source are there */
  readonly whole: boolean
}

/** The line of a record. */
export function factsLine({ label, split, patient }: FoundRecord, key: string | null): FactsLine {
  return { label, split, patient: patient && Buffer.from(patient).toString('hex'), key }
}

/** Reads what is kept; undefined: there is none, or it is not to be used. */
export async function readFacts(file: string): Promise<KeptFacts | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  const [first, ...rest] = (text ?? '').split('\n').slice(0, -1)
  const head = first === undefined ? undefined : HEAD_SCHEMA.safeParse(parsed(first)).data
  if (head === undefined) return undefined
  const whole = rest.at(-1) === END
  const lines = (whole ? rest.slice(0, -1) : rest).map(line => LINE_SCHEMA.safeParse(parsed(line)).data)
  if (lines.includes(undefined)) return undefined
  return { ...head, lines: lines as FactsLine[], whole }
}

/** Writes all of it in one go. */
export async function writeFacts(file: string, { source, length, lines, whole }: KeptFacts): Promise<void> {
  const texts = [{ source, length }, ...lines].map(line => `${JSON.stringify(line)}\n`)
  await writeFileAtomic(file, `${texts.join('')}${whole ? `${END}\n` : ''}`, MODE)
}

/** Adds a record's line, or the last one. */
export async function appendFacts(file: string, line: FactsLine | 'end'): Promise<void> {
  await appendFile(file, `${line === 'end' ? END : JSON.stringify(line)}\n`, { mode: MODE, flush: line === 'end' })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
