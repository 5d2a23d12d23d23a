/** The figures of parts of the records: by sex, by age band, by device. @module */

import { type Analysis, analyse, type Resampling } from './analysis.ts'
import { decisionsAt } from './decisions.ts'
import { type Sample, samplePart } from './sample.ts'

/** Fewer records than this, or fewer of one class, and a group's figures say little. */
export const RECORDS_FEW = 30
export const CLASS_RECORDS_FEW = 10

export interface Grouping {
  /** such as `sex` */
  readonly column: string
  /** of each record of the sample; null: nothing is said of it */
  readonly groups: readonly (string | null)[]
}

export interface Subgroup {
  /** null: the records of which nothing is said */
  readonly group: string | null
  readonly analysis: Analysis
  /** why its figures say little; null: they are enough */
  readonly few: string | null
}

/** Groups in the order of their names, and last the records of which nothing is said. Thresholds are those of all records. */
export function subgroupsOf(
  sample: Sample,
  { groups }: Grouping,
  { thresholds, ...resampling }: Resampling & { readonly thresholds: readonly (number | null)[] },
): Subgroup[] {
  const names = [...new Set(groups)].sort((a, b) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1))
  return names.map(group => {
    const records = Uint32Array.from(groups.flatMap((own, record) => (own === group ? [record] : [])))
    const part = samplePart(sample, records)
    const analysis = analyse(part, decisionsAt(part, thresholds), resampling)
    return { group, analysis, few: fewOf(analysis, sample.classes) }
  })
}

function fewOf({ count, support }: Analysis, classes: readonly string[]): string | null {
  const rare = classes.flatMap((name, index) =>
    support[index]! < CLASS_RECORDS_FEW ? [`${support[index]} of "${name}"`] : [],
  )
  if (count >= RECORDS_FEW && rare.length === 0) return null
  return count < RECORDS_FEW ? `only ${count} records` : `only ${rare.join(', ')}`
}
