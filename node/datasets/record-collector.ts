/** Records of readers as a data set. @module */

import type { Dataset, ReadValues } from './dataset.ts'
import type { FactsLine } from './facts-file.ts'
import { PatientNumbers } from './patients.ts'

/** Indices of the records of a split, and of those that belong to none. */
export function linesOfSplit(lines: readonly FactsLine[], split: string): Uint32Array {
  return Uint32Array.from([...lines.keys()].filter(record => [split, null].includes(lines[record]!.split)))
}

/** The records of the given indices. Values stay where they are until they are read. */
export function datasetOf(
  lines: readonly FactsLine[],
  {
    shape,
    indices,
    values,
    valueBytes,
  }: {
    readonly shape: readonly number[]
    readonly indices: Uint32Array
    readonly values: ReadValues
    /** of memory that each takes */
    readonly valueBytes: number
  },
): Dataset {
  const numbers = new PatientNumbers()
  const numberOf = ({ patient }: FactsLine): number =>
    numbers.numberOf(new Uint8Array(Buffer.from(patient as string, 'hex')))
  const chosen = Array.from(indices, record => lines[record]!)
  const hasPatients = chosen.length > 0 && chosen.every(({ patient }) => patient !== null)
  const patients = hasPatients ? Int32Array.from(chosen, numberOf) : undefined
  return {
    ...{ count: indices.length, shape: [...shape] },
    inputs: (record, into) => values(indices[record]!, into),
    valueBytes,
    labels: Int32Array.from(chosen, ({ label }) => label),
    ...(patients && { patients, patientHashes: numbers.hashes }),
  }
}
