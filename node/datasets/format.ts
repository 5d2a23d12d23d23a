import type { Dataset } from './dataset.ts'
import type { PatientDoor } from './patients.ts'

/** Which records of a file are wanted, and what the study says of them. */
export interface RecordsWanted {
  /** such as `train` or `test` */
  readonly split: string
  /** of one record */
  readonly shape: readonly number[]
  /** names of the classes; labels are their indices */
  readonly classes: readonly string[]
  /** where the study wants to know whose each record is */
  readonly door?: PatientDoor
}

/** What a file has of a split. */
export interface RecordsFound {
  readonly count: number
  /** of one record */
  readonly shape: readonly number[]
}

/** A file type that records come in: one type, one entry in `list.ts`. */
export interface RecordFormat {
  /** as help texts name it */
  readonly name: string
  /** ends of file names, in lower case, with the dot */
  readonly extensions: readonly string[]
  /** @throws OperatorError `data-unreadable`, exit code 12, that says which file, why, and what to do */
  read(file: string, wanted: RecordsWanted): Promise<Dataset>
  /**
   * Reads a split before there is a study: the file is whole and has records with labels. What only a study can tell,
   * which shape, classes and values are right, is left to `read`.
   *
   * @throws OperatorError as `read`
   */
  inspect(file: string, split: string): Promise<RecordsFound>
}
