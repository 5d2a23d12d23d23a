/** The node's own records, read against a study before the hospital agrees to it. @module */

import type { DataContract } from '../../protocols/study/contracts/list.ts'
import type { NodeConfig } from '../config/config.ts'
import { distinctRecords } from '../datasets/distinct.ts'
import type { RecordsFound } from '../datasets/format.ts'
import { readStudyRecords } from '../datasets/study-records.ts'

/** What the operator is shown of the node's own records; it stays on this machine. */
export interface OwnRecords extends RecordsFound {
  /** of `count`, those that training counts: see distinct.ts */
  readonly distinct: number
}

/**
 * Reads all records that the config names, as the start of the node does.
 *
 * @returns null when the config names none
 * @throws OperatorError `data-unreadable`, exit code 12; `dataset-mismatch`, exit code 11
 */
export async function readOwnRecords(
  data: DataContract,
  { data: { file, split } }: Pick<NodeConfig, 'data'>,
): Promise<OwnRecords | null> {
  if (file === null) return null
  const dataset = await readStudyRecords(data, { file, split })
  const { count, shape } = dataset
  return { count, shape, distinct: distinctRecords(dataset).count }
}

/** The same in words. @param configFile where the records are to be named if there are none */
export function ownRecordsLine(records: OwnRecords | null, configFile: string): string {
  if (records === null) {
    return `Own data  none, so nothing was checked: set data.file in ${configFile} before "confrere start", which checks it`
  }
  const { count, shape, distinct } = records
  const repeated = distinct === count ? '' : `, of which ${distinct} count (repeats count once, or not with two labels)`
  return `Own data  ${count} records, ${shape.join('x')}, read and fitting the study${repeated}`
}
