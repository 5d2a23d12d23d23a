/** Opened files in memory, readings and contracts for tests of rows. @module */

import type { Finding, OpenedFile, Reading, RecordReader } from '../../../../node/datasets/reader.ts'
import type { ContractOf, DataContract } from '../../../../protocols/study/contracts/list.ts'

const PIECE_BYTES = 1 << 16

/** @param pieceBytes length of the pieces that the stream gives */
export function openedFile(name: string, content: string | Uint8Array, pieceBytes = PIECE_BYTES): OpenedFile {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return {
    name,
    bytes: bytes.length,
    whole: async () => bytes,
    stream: async function* () {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
    },
    part: async (start, length) => Uint8Array.from(bytes.subarray(start, start + length)),
  }
}

/** A file of `length` bytes that are made while they are read. */
export function endlessFile(name: string, head: string, filler: string, length: number): OpenedFile {
  const piece = Buffer.from(filler.repeat(Math.ceil(PIECE_BYTES / filler.length)))
  return {
    ...openedFile(name, head),
    bytes: length,
    stream: async function* () {
      yield Buffer.from(head)
      for (let left = length - head.length; left > 0; left -= piece.length)
        yield piece.subarray(0, Math.min(left, piece.length))
    },
    part: async (start, count) =>
      Uint8Array.from(Buffer.concat([Buffer.from(head), piece]).subarray(start, start + Math.min(count, length))),
  }
}

export function readingOf(contract: DataContract | null, facts: Partial<ReturnType<Reading['facts']>> = {}): Reading {
  return {
    contract,
    keyed: patient => Uint8Array.from(Buffer.from(patient.padEnd(16, '.').slice(0, 16))),
    facts: () => ({ label: null, patient: null, split: null, ...facts }),
  }
}

export async function findings(reader: RecordReader, file: OpenedFile, reading: Reading): Promise<Finding[]> {
  const found: Finding[] = []
  for await (const finding of reader.read(file, reading)) found.push(finding)
  return found
}

/** `ok` and the values and label, or the reason, of each finding. */
export function brief(found: readonly Finding[]): unknown[] {
  return found.map(finding =>
    finding.ok ? finding.record && [...finding.record.values, `class ${finding.record.label}`] : finding.reason,
  )
}

export function tableOf(fields: Partial<ContractOf<'table'>> = {}): ContractOf<'table'> {
  return {
    kind: 'table',
    shape: [4],
    classes: ['healthy', 'diseased'],
    labels: [
      ['0', 'healthy'],
      ['1', 'diseased'],
    ],
    columns: [
      { name: 'age', type: 'number', low: 0, high: 120, missing: 50 },
      { name: 'pressure', type: 'number', low: 50, high: 250, missing: 'leave out' },
      { name: 'pain', type: 'category', values: ['1', 'typical'], missing: 'zeros' },
    ],
    label: 'outcome',
    absent: ['?', '-9'],
    ...fields,
  }
}

export function textContract(fields: Partial<ContractOf<'text'>> = {}): ContractOf<'text'> {
  return {
    kind: 'text',
    shape: [64],
    classes: ['healthy', 'diseased'],
    words: 2,
    text: 'report',
    label: 'outcome',
    ...fields,
  }
}
