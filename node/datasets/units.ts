/** Units of privacy: each record by itself, or the records of each patient together. @module */

import type { UnitName } from '../../protocols/study/unit.ts'
import type { Dataset } from './dataset.ts'

/** Which records belong to which unit. Indices are those of the data set; every record belongs to one unit. */
export interface Units {
  readonly count: number
  /** indices of a unit's records, ascending; at least one */
  readonly recordsOf: (unit: number) => Uint32Array
}

/**
 * The units of a data set.
 *
 * @throws Error when the unit is the patient and nothing says whose the records are: `requireContract` comes first
 */
export function unitsOf(unit: UnitName, dataset: Pick<Dataset, 'count' | 'patients'>): Units {
  const { count, patients } = dataset
  if (unit === 'record') return { count, recordsOf: record => Uint32Array.of(record) }
  if (patients === undefined) throw new Error('the records say whose they are')
  const indices = new Map<number, number[]>()
  for (let record = 0; record < count; record++) {
    const known = indices.get(patients[record]!)
    if (known === undefined) indices.set(patients[record]!, [record])
    else known.push(record)
  }
  const units = [...indices.values()].map(records => Uint32Array.from(records))
  return { count: units.length, recordsOf: at => units[at]! }
}
