/** What fits of a hospital's files and what does not, file by file. It is shown on this machine and nowhere else. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import type { Finding } from './reader.ts'

/** Rows of a file whose faults are shown one by one. */
const ROWS_SHOWN = 20

export interface CheckedFile {
  readonly file: string
  /** whether anything of it fits */
  ok: boolean
  /** the first fault; null: none */
  reason: string | null
  /** of the decoded content; null where nothing was decoded */
  sha256: string | null
  /** what was assumed where the file does not say it; null: nothing */
  note: string | null
  records: number
  /** rows with faults: their number, and the first of them */
  faults: number
  readonly rows: { readonly row: number; readonly reason: string }[]
}

export interface DataCheck {
  readonly files: readonly CheckedFile[]
  readonly records: number
  /** records of each class; empty without a contract */
  readonly labels: readonly { readonly name: string; readonly records: number }[]
  readonly splits: readonly { readonly name: string | null; readonly records: number }[]
  /** null where records do not say whose they are */
  readonly patients: number | null
  /** files with the same content as an earlier one */
  readonly duplicates: number
  /** patients with records in more than one split */
  readonly patientsInTwoSplits: number
  /** contents that more than one patient has */
  readonly sharedByPatients: number
}

/** Gathers findings, one at a time. */
export class DataChecker {
  readonly #contract: DataContract | null
  readonly #files = new Map<string, CheckedFile>()
  readonly #labels: number[]
  readonly #splits = new Map<string | null, number>()
  readonly #splitsOf = new Map<string, Set<string | null>>()
  readonly #patientsOf = new Map<string, Set<string | null>>()
  #records = 0

  constructor(contract: DataContract | null) {
    this.#contract = contract
    this.#labels = (contract?.classes ?? []).map(() => 0)
  }

  add(finding: Finding): void {
    const file = this.#fileOf(finding.file)
    if (finding.sha256 !== undefined && file.sha256 === null) file.sha256 = finding.sha256
    if (!finding.ok) {
      file.faults += 1
      file.reason ??= finding.reason
      if (finding.row !== undefined && file.rows.length < ROWS_SHOWN) {
        file.rows.push({ row: finding.row, reason: finding.reason })
      }
      return
    }
    file.ok = true
    file.note ??= finding.note ?? null
    if (finding.record === null) return
    file.records += 1
    this.#records += 1
    const { label, split, patient } = finding.record
    this.#labels[label]! += 1
    this.#splits.set(split, (this.#splits.get(split) ?? 0) + 1)
    const whose = patient && Buffer.from(patient).toString('hex')
    if (whose !== null) add(this.#splitsOf, whose, split)
    if (finding.sha256 !== undefined && finding.row === undefined) add(this.#patientsOf, finding.sha256, whose)
  }

  result(): DataCheck {
    const files = [...this.#files.values()]
    const decoded = files.flatMap(({ sha256, rows }) => (sha256 === null || rows.length > 0 ? [] : [sha256]))
    const several = (sets: Map<string, Set<unknown>>): number =>
      [...sets.values()].filter(({ size }) => size > 1).length
    return {
      files,
      records: this.#records,
      labels: (this.#contract?.classes ?? []).map((name, label) => ({ name, records: this.#labels[label]! })),
      splits: [...this.#splits].map(([name, records]) => ({ name, records })),
      patients: this.#splitsOf.size === 0 ? null : this.#splitsOf.size,
      duplicates: decoded.length - new Set(decoded).size,
      patientsInTwoSplits: several(this.#splitsOf),
      sharedByPatients: several(this.#patientsOf),
    }
  }

  #fileOf(name: string): CheckedFile {
    const known = this.#files.get(name)
    if (known !== undefined) return known
    const file = {
      ...{ file: name, ok: false, reason: null, sha256: null, note: null, records: 0, faults: 0 },
      rows: [],
    }
    this.#files.set(name, file)
    return file
  }
}

function add<Value>(sets: Map<string, Set<Value>>, key: string, value: Value): void {
  const known = sets.get(key)
  if (known === undefined) sets.set(key, new Set([value]))
  else known.add(value)
}
