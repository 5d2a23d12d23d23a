/**
 * What to expect of a study's table before anything is spent, and how many bins are best. Nobody knows the values
 * beforehand: classes are taken to be of one size, and values to be spread evenly between their bounds, which is the
 * worst for a quantile.
 *
 * @module
 */

import { TABLE_BINS_MAX, TABLE_BINS_MIN } from '../../protocols/study/limits.ts'
import { noiseInSum } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { mainRounds } from '../../protocols/study/rounds.ts'
import type { StudyDocument, StudyTable } from '../../protocols/study/types.ts'

/** Half the width of an interval of 95 %, in deviations. */
const WIDTH = 1.96

/** Half the width of the intervals of 95 % that are expected. */
export interface ExpectedTable {
  readonly bins: number
  /** of the units of a class */
  readonly count: number
  /** of a mean, as part of the distance between a column's bounds; at most */
  readonly mean: number
  /** of a median, likewise; the bins are in it */
  readonly median: number
}

interface TableTerms {
  readonly units: number
  readonly classes: number
  readonly byClass: boolean
  readonly columns: number
  /** deviation of the noise in one count, of all rounds together */
  readonly noise: number
}

function expectedOf({ units, classes, byClass, columns, noise }: TableTerms, bins: number): ExpectedTable {
  const ofGroup = byClass ? units / classes : units
  // the label counts say how many units there are, and the bins of every column say it too
  const ofUnits = 1 / ((byClass ? 1 : 1 / classes) + columns / bins)
  return {
    bins,
    count: WIDTH * noise * (byClass ? Math.sqrt(ofUnits) : 1),
    // of a mean at a bound: there the noise in the number of units counts most
    mean: (WIDTH * noise * Math.sqrt(1 + ofUnits)) / ofGroup / 2,
    // an interval ends at an edge, on each side half a bin further out in the mean
    median: (WIDTH * noise * Math.sqrt(bins)) / 2 / ofGroup + 1 / (2 * bins),
  }
}

/** What to expect of a study's table; null in studies without. */
export function expectedTable(document: StudyDocument): ExpectedTable | null {
  const { table } = document
  return table === undefined ? null : expectedOf(termsOf(document, table), table.bins)
}

/** A study whose table has as many bins as make the median's interval shortest. */
export function withBestTable(document: StudyDocument): StudyDocument {
  const { table } = document
  if (table === undefined) return document
  const terms = termsOf(document, table)
  let best = TABLE_BINS_MIN
  for (let bins = TABLE_BINS_MIN; bins <= TABLE_BINS_MAX; bins++) {
    if (expectedOf(terms, bins).median < expectedOf(terms, best).median) best = bins
  }
  return { ...document, table: { ...table, bins: best } }
}

/**
 * Deviation of the noise in one count of a table, the mean of so many rounds. A checkpoint does not say how many
 * contributed, and the fewer they are, the more noise is in the sum: it is that of the fewest.
 */
export function noiseOfTable(document: StudyDocument, rounds: number): number {
  const plan = planStudy(document)
  const counts = [plan.contributorsMin, plan.hospitals]
  const inSum = Math.max(...counts.map(count => noiseInSum(document.privacy, plan, count)))
  return inSum / plan.fixedPoint.scale / Math.sqrt(rounds)
}

function termsOf(document: StudyDocument, { byClass, columns }: StudyTable) {
  const { contract, units } = document
  const noise = noiseOfTable(document, mainRounds(document))
  return { units, classes: contract.classes.length, byClass, columns: columns.length, noise }
}
