/**
 * How near a study's table by one noised sum comes to the exact figures: the four hospitals of the heart disease data, one of
 * which may collude, counted again and again by the production code, each time with noise of its own. Exact are the figures
 * of all rows in one place, without bins and without noise.
 *
 * @module
 */

import { join } from 'node:path'
import { quantise } from '../../crypto/fixed-point.ts'
import type { Rng } from '../../crypto/rng.ts'
import { fileSource } from '../../node/config/data-source.ts'
import { type Dataset, eachRecord } from '../../node/datasets/dataset.ts'
import { readStudyRecords } from '../../node/datasets/study-records.ts'
import { unitsOf } from '../../node/datasets/units.ts'
import { passingDoor } from '../../node/privacy/patient-door.ts'
import { documentOfSpec, readStudySpec, type StudySpec } from '../../node/study/study-spec.ts'
import { QUARTILES, type TableFigure, tableFigures } from '../../node/study/table-figures.ts'
import { expectedTable } from '../../node/study/table-plan.ts'
import { countedRecords } from '../../node/training/counted.ts'
import { tableSum } from '../../node/training/table-sum.ts'
import { packageFile } from '../../node/version.ts'
import { initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { nextCheckpoint } from '../../protocols/model/next-checkpoint.ts'
import { noisedUpdate } from '../../protocols/secure-sum/masking.ts'
import type { TableColumn } from '../../protocols/study/contracts/table.ts'
import { noiseOfSum } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { type CountedColumn, tableLayout } from '../../protocols/study/table.ts'

const SPEC = 'node/examples/heart-disease-table.toml'
/** Outside the bounds of every column. */
const MISSING = -9
const CENTRES = ['cleveland', 'hungarian', 'switzerland', 'va']

/** One figure over all repeats. */
export interface TableRow {
  /** such as "age, mean" */
  readonly figure: string
  readonly kind: 'count' | 'mean' | 'quartile'
  readonly exact: number
  /** of the column; of a count the units */
  readonly range: number
  readonly shown: readonly (TableFigure | null)[]
  /** repeats whose interval holds the exact figure */
  readonly covered: number
}

export interface BenchedTable {
  readonly epsilon: number
  readonly units: number
  readonly bins: number
  readonly noiseMultiplier: number
  /** half the widths of intervals that the plan says to expect, means and medians as parts of the range */
  readonly expected: { readonly count: number; readonly mean: number; readonly median: number }
  readonly rows: readonly TableRow[]
}

export interface TableInit {
  /** the folder of all sample data */
  readonly data: string
  readonly repeats: number
  /** of the noise */
  readonly rng: Rng
  readonly byClass?: boolean
  /** whether rows without a value count, and missing values are counted apart */
  readonly missing?: boolean
}

/** Counts the example's table so many times. */
export async function benchTable({
  data,
  repeats,
  rng,
  byClass = false,
  missing = false,
}: TableInit): Promise<BenchedTable> {
  const file = packageFile(SPEC)
  const read = await readStudySpec(file)
  const spec = missing ? countingMissing(read) : read
  const found = await Promise.all(
    CENTRES.map(centre =>
      readStudyRecords(spec.contract, fileSource(join(data, 'heart-disease', `processed.${centre}.data`), 'train'), {
        door: passingDoor(),
        cache: null,
      }),
    ),
  )
  const parts = found.map(part =>
    countedRecords({ unit: 'record', model: { preset: 'none' }, contract: spec.contract }, part),
  )
  const units = parts.reduce((sum, part) => sum + part.count, 0)
  const wanted: StudySpec = { ...spec, units, table: { ...spec.table, byClass } }
  const { document } = documentOfSpec(wanted, { created: '2026-01-01T00:00:00Z', file })
  const plan = planStudy(document)
  const layout = tableLayout(document)!
  const words = parts.map(part =>
    quantise(tableSum({ dataset: part, units: unitsOf('record', part) }, layout), plan.fixedPoint.scale),
  )
  const noising = noiseOfSum(document.privacy, plan, parts.length)
  const tables = Array.from({ length: repeats }, () => {
    const opened = new Int32Array(layout.dimension)
    for (const own of words) for (const [at, word] of noisedUpdate(own, noising, rng).entries()) opened[at]! += word
    return tableFigures(document, nextCheckpoint(initialCheckpoint(document), opened, { document, plan, round: 1 }))!
  })
  const row = (at: Omit<TableRow, 'shown' | 'covered'>, shown: (TableFigure | null)[]): TableRow => ({
    ...at,
    shown,
    covered: shown.filter(one => one === null || (one.low <= at.exact && at.exact <= one.high)).length,
  })
  const rows: TableRow[] = document.contract.classes.map((name, label) => {
    const exact = parts.reduce((sum, { labels }) => sum + labels.filter(one => one === label).length, 0)
    return row(
      { figure: `${name}, count`, kind: 'count', exact, range: units },
      tables.map(one => one.classes[label]!.count),
    )
  })
  for (const [at, column] of layout.columns.entries()) {
    const { name, low, high } = column
    for (let group = 0; group < layout.groups; group++) {
      const { values, without } = valuesIn(parts, column, byClass ? group : null)
      const ofGroup = tables.map(one => one.columns[at]!.groups[group]!)
      const whose = byClass ? `${name} of ${document.contract.classes[group]}` : name
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const range = high - low
      rows.push(
        row(
          { figure: `${whose}, mean`, kind: 'mean', exact: mean, range },
          ofGroup.map(one => one.mean),
        ),
      )
      const lacking = ofGroup.map(one => one.missing)
      if (lacking[0] !== null)
        rows.push(row({ figure: `${whose}, missing`, kind: 'count', exact: without, range: units }, lacking))
      for (const [index, part] of QUARTILES.entries()) {
        const exact = values[Math.ceil(part * values.length) - 1]!
        const shown = ofGroup.map(one => one.quartiles[index]!.figure)
        rows.push(row({ figure: `${whose}, quantile ${part}`, kind: 'quartile', exact, range }, shown))
      }
    }
  }
  const { epsilon, noiseMultiplier } = document.privacy
  return { epsilon, units, bins: layout.bins, noiseMultiplier, expected: expectedTable(document)!, rows }
}

/** The spec with rows that lack a value among the records. */
function countingMissing(spec: StudySpec): StudySpec {
  const { contract } = spec
  if (contract.kind !== 'table') return spec
  const columns = contract.columns.map((column): TableColumn => {
    return column.type === 'number' ? { ...column, missing: MISSING } : { ...column, missing: 'zeros' }
  })
  return { ...spec, contract: { ...contract, columns } }
}

/** A column's values of all hospitals in one place, clipped, from low to high, and the number of rows without one. */
function valuesIn(
  parts: readonly Dataset[],
  { entry, low, high, missing }: CountedColumn,
  label: number | null,
): { values: number[]; without: number } {
  const values: number[] = []
  let without = 0
  for (const part of parts) {
    eachRecord(part, (of, record) => {
      if (label !== null && part.labels[record] !== label) return
      if (of[entry] === missing) without += 1
      else values.push(Math.max(low, Math.min(high, of[entry]!)))
    })
  }
  return { values: values.sort((a, b) => a - b), without }
}

/** How far off a figure was, and how wide its intervals were, over the repeats that showed it; NaN where none did. */
export function offOf({ shown, exact }: TableRow): { readonly rms: number; readonly half: number } {
  const some = shown.filter(one => one !== null)
  const mean = (of: (figure: TableFigure) => number) => some.reduce((sum, one) => sum + of(one), 0) / some.length
  return { rms: Math.sqrt(mean(({ value }) => (value - exact) ** 2)), half: mean(({ low, high }) => (high - low) / 2) }
}

/** What was found, for people: each figure's error as part of its range, and how often its interval held the exact one. */
export function tableBenchLines({ epsilon, units, bins, noiseMultiplier, expected, rows }: BenchedTable): string[] {
  const percent = (part: number) => `${(100 * part).toFixed(2)} %`
  return [
    `epsilon ${epsilon}, z ${noiseMultiplier}, ${units} rows, ${bins} bins; intervals expected: counts ±${expected.count.toFixed(0)}, means ±${percent(expected.mean)} of the bounds' distance, medians ±${percent(expected.median)}`,
    ...rows.map(row => {
      const { rms, half } = offOf(row)
      return `  ${row.figure}: exact ${Number(row.exact.toFixed(3))}, off by ${percent(rms / row.range)}, interval ±${percent(half / row.range)}, held in ${row.covered} of ${row.shown.length}`
    }),
  ]
}
