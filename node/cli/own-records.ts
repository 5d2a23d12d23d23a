/** The node's own records, read against a study before the hospital agrees to it. @module */

import type { StudyDocument } from '../../protocols/study/types.ts'
import { valueBytesOf } from '../datasets/dataset.ts'
import type { RecordsFound } from '../datasets/format.ts'
import type { SourceReading } from '../datasets/read-source.ts'
import type { DataSource } from '../datasets/source.ts'
import { readStudyRecords } from '../datasets/study-records.ts'
import { unitsOf } from '../datasets/units.ts'
import { countedRecords } from '../training/counted.ts'

/** What the operator is shown of the node's own records; it stays on this machine. */
export interface OwnRecords extends RecordsFound {
  /** of `count`, those that training counts: see distinct.ts */
  readonly distinct: number
  /** units of privacy that they belong to */
  readonly units: number
  /** bytes of memory that each of their values takes */
  readonly valueBytes: number
}

/**
 * Reads all records that the config names, as the start of the node does.
 *
 * @returns null when the config names none
 * @throws OperatorError `data-unreadable`, exit code 12; `dataset-mismatch`, exit code 11
 */
export async function readOwnRecords(
  document: Pick<StudyDocument, 'unit' | 'model' | 'contract' | 'augmentation'>,
  source: DataSource | null,
  reading: SourceReading,
): Promise<OwnRecords | null> {
  if (source === null) return null
  const dataset = await readStudyRecords(document.contract, source, reading)
  const { count, shape } = dataset
  const counted = countedRecords(document, dataset)
  const units = unitsOf(document.unit, counted).count
  return { count, shape, distinct: counted.count, units, valueBytes: valueBytesOf(dataset) }
}

/** What is shown of them as JSON. */
export function ownRecordsJson(records: OwnRecords | null): Omit<OwnRecords, 'valueBytes'> | null {
  if (records === null) return null
  const { valueBytes: _, ...shown } = records
  return shown
}

/** The same in words. @param configFile where the records are to be named if there are none */
export function ownRecordsLine(records: OwnRecords | null, configFile: string): string {
  if (records === null) {
    return `Own data  none, so nothing was checked: set data.file in ${configFile}, or add a data set with "confrere data add", before "confrere start", which checks it`
  }
  const { count, shape, distinct, units } = records
  const repeated = distinct === count ? '' : `, of which ${distinct} count (repeats count once, or not with two labels)`
  const whose = units === distinct ? '' : `; they are of ${units} patients`
  return `Own data  ${count} records, ${shape.join('x')}, read and fitting the study${repeated}${whose}`
}
