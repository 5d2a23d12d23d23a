/**
 * What a hospital has becomes records: one reader for each kind of file, and one entry in `readers.ts`. A reader takes one
 * file after the other and holds one of them, so memory does not grow with their number; a file that does not fit is named
 * with the reason, and the rest is read.
 *
 * The values of a record follow from the file and the study's contract alone, bit for bit, at every hospital.
 *
 * @module
 */

import type { DataContract } from '../../protocols/study/contracts/list.ts'

/** One record that fits the contract. */
export interface FoundRecord {
  /** product(contract.shape) inputs, row-major, as `Dataset.inputs` takes them */
  readonly values: Float32Array
  /** index of the class; NO_LABEL in an unlabelled reading */
  readonly label: number
  /** PATIENT_BYTES; null where the contract has no patients */
  readonly patient: Uint8Array | null
  /** such as train or test; null where nothing says so */
  readonly split: string | null
}

/** The label of a record that nobody has labelled. */
export const NO_LABEL = -1

/** What came of a file, or of a row of it. */
export type Finding = {
  /** relative to what was named; '' for the file itself; shown to the operator here and nowhere else */
  readonly file: string
  /** of a row in the file, from 1; absent for a file that is one record */
  readonly row?: number
  /**
   * hex of the SHA-256 of the decoded content: stored values of a DICOM file's first frame or of an image (little-endian),
   * samples of a sound; for a file of rows of the file itself, in its first finding; absent where nothing was decoded
   */
  readonly sha256?: string
} /** `note`: what was assumed where the file does not say it, in one line without the file's name */ & (
  | { readonly ok: true; readonly record: FoundRecord | null; readonly note?: string }
  /** `reason`: what is wrong, and what to do, in one line without the file's name */
  | { readonly ok: false; readonly reason: string }
)

export interface Reading {
  /** null: only check that files can be decoded; then records are null */
  readonly contract: DataContract | null
  /** HMAC of a patient's id under the hospital's own key, PATIENT_BYTES; called with the trimmed id, which is not empty */
  readonly keyed: (patient: string) => Uint8Array
  /** what is known of a file from elsewhere: its folder, its name or a list */
  readonly facts: (file: string) => FileFacts
  /**
   * Records of a prediction: labels are not asked for, and records are nobody's (`patient` is null, `label` NO_LABEL).
   * Values are those of any other reading.
   */
  readonly unlabelled?: true
  /** what is known of a patient, by the keyed hash; asked for what `facts` does not say */
  readonly factsOfPatient?: (patient: Uint8Array) => Omit<FileFacts, 'patient'>
}

/** What a file itself may not say. */
export interface FileFacts {
  /** text of the label, still to be found among the contract's classes and labels; null: unknown */
  readonly label: string | null
  /** id of the patient; null: unknown */
  readonly patient: string | null
  readonly split: string | null
}

export interface RecordReader {
  /** as help texts name it, such as `DICOM files` */
  readonly name: string
  /** kinds of contracts whose records it makes */
  readonly contracts: readonly DataContract['kind'][]
  /**
   * Whether a file is of this kind, by its first bytes or, where those cannot say, by its name. @param head at most HEAD_BYTES
   */
  readonly takes: (name: string, head: Uint8Array) => boolean
  /**
   * Reads one file. @throws errors of the disk itself alone: whatever is wrong with the file is a finding
   *
   * @param open  the file and what names it, see `folder.ts`
   */
  readonly read: (file: OpenedFile, reading: Reading) => AsyncGenerator<Finding>
}

/** First bytes of a file that tell its kind. */
export const HEAD_BYTES = 1024

/** A regular file of a folder, opened without following links. */
export interface OpenedFile {
  /** relative to the folder that was named, with `/`; the name alone if a file was named */
  readonly name: string
  readonly bytes: number
  /** time of change, ms; absent for what is no file on disk */
  readonly changedMs?: number
  /** the whole file. @param max refuses longer files. @throws FileRefused */
  readonly whole: (max: number) => Promise<Uint8Array>
  /** the file piece by piece */
  readonly stream: () => AsyncIterable<Uint8Array>
  /** a copy of part of it; shorter at its end */
  readonly part: (start: number, length: number) => Promise<Uint8Array>
}

/** Why a file is not read, and what to do. */
export class FileRefused extends Error {}
