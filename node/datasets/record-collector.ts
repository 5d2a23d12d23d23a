/** Records as they come from a reader, gathered into a data set. @module */

import type { Dataset } from './dataset.ts'
import { PatientNumbers } from './patients.ts'
import type { FoundRecord } from './reader.ts'

/** What is kept of records beside their values. */
export interface KeptFacts {
  readonly labels: Int32Array
  /** of each record, the place of its split in `splits`; −1: none */
  readonly splitOf: Int32Array
  readonly splits: readonly string[]
  /** null where records do not say whose they are */
  readonly patients: Int32Array | null
  readonly patientHashes: Uint8Array | null
}

/** Gathers all but the values, which the caller keeps. */
export class FactsCollector {
  readonly #labels: number[] = []
  readonly #splitOf: number[] = []
  readonly #splits: string[] = []
  readonly #patients: number[] = []
  readonly #numbers = new PatientNumbers()

  add({ label, split, patient }: FoundRecord): void {
    this.#labels.push(label)
    this.#splitOf.push(split === null ? -1 : this.#placeOf(split))
    if (patient !== null) this.#patients.push(this.#numbers.numberOf(patient))
  }

  get count(): number {
    return this.#labels.length
  }

  facts(): KeptFacts {
    const hasPatients = this.#patients.length === this.count && this.count > 0
    return {
      labels: Int32Array.from(this.#labels),
      splitOf: Int32Array.from(this.#splitOf),
      splits: this.#splits,
      patients: hasPatients ? Int32Array.from(this.#patients) : null,
      patientHashes: hasPatients ? this.#numbers.hashes : null,
    }
  }

  #placeOf(split: string): number {
    const known = this.#splits.indexOf(split)
    return known >= 0 ? known : this.#splits.push(split) - 1
  }
}

/** Indices of the records of a split, and of those that belong to none. */
export function recordsOfSplit({ splitOf, splits }: KeptFacts, split: string): Uint32Array {
  const wanted = splits.indexOf(split)
  const isIn = (place: number): boolean => place === -1 || place === wanted
  return Uint32Array.from(splitOf.keys()).filter(record => isIn(splitOf[record]!))
}

/** The records of the given indices. @param values copies the values of a record */
export function datasetOf(
  facts: KeptFacts,
  {
    shape,
    indices,
    values,
  }: { shape: readonly number[]; indices: Uint32Array; values: (record: number, into: Float32Array) => void },
): Dataset {
  const size = shape.reduce((product, length) => product * length, 1)
  const inputs = new Float32Array(indices.length * size)
  indices.forEach((record, at) => void values(record, inputs.subarray(at * size, (at + 1) * size)))
  const { labels, patients, patientHashes } = facts
  return {
    count: indices.length,
    shape: [...shape],
    inputs,
    labels: Int32Array.from(indices, record => labels[record]!),
    ...(patients &&
      patientHashes && { patients: Int32Array.from(indices, record => patients[record]!), patientHashes }),
  }
}
