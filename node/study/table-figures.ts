/**
 * What a study's table says: counts, means and quartiles with intervals, from sums that have noise in them.
 *
 * An interval holds, in 95 % of tables, the exact value of all units that took part, their values clipped to the bounds:
 * it counts the noise and nothing else. It says nothing of other people than these.
 *
 * @module
 */

import type { Checkpoint } from '../../protocols/model/checkpoint.ts'
import { type CountedColumn, type TableLayout, tableEdge, tableLayout } from '../../protocols/study/table.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { noiseOfTable } from './table-plan.ts'

/** Half the width of an interval of 95 %, in deviations. */
const WIDTH = 1.96
/** The parts of the units whose quantiles are shown. */
export const QUARTILES = [0.25, 0.5, 0.75] as const

/** A figure, and where the exact one lies with 95 % certainty. */
export interface TableFigure {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** What a table says of one column, in all units or in those of one class. Null where the noise hides it. */
export interface TableGroup {
  /** null: all */
  readonly class: string | null
  /** units without a value; null where the study does not count them */
  readonly missing: TableFigure | null
  readonly mean: TableFigure | null
  /** the smallest value that at least this part of the units does not exceed */
  readonly quartiles: readonly { readonly part: number; readonly figure: TableFigure | null }[]
  /** units with a value in each bin, with noise, so some may be below 0 */
  readonly bins: readonly number[]
}

export interface TableColumnFigures {
  readonly name: string
  readonly low: number
  readonly high: number
  readonly groups: readonly TableGroup[]
}

export interface TableFigures {
  /** rounds with a result */
  readonly rounds: number
  /** deviation of the noise in one count */
  readonly noise: number
  readonly units: TableFigure
  readonly classes: readonly { readonly name: string; readonly count: TableFigure }[]
  readonly columns: readonly TableColumnFigures[]
}

/** An estimate and its variance. */
interface Estimate {
  readonly value: number
  readonly variance: number
}

/** The figures of a checkpoint; null before the first round with a result, and in studies without a table. */
export function tableFigures(document: StudyDocument, { round, table }: Checkpoint): TableFigures | null {
  const layout = tableLayout(document)
  if (layout === null || round === 0) return null
  const { contract } = document
  const noise = noiseOfTable(document, round)
  const counts = Float64Array.from(table, value => value / round)
  const all = { counts, layout, noise }
  const groups = Array.from({ length: layout.groups }, (_, group) => unitsIn(all, group))
  const labels = contract.classes.map((name, label) => {
    const own = layout.groups === 1 ? { value: counts[label]!, variance: noise * noise } : groups[label]!
    return { name, count: atLeast0(around(own)) }
  })
  return {
    ...{ rounds: round, noise, units: atLeast0(around(totalOf(groups))), classes: labels },
    columns: layout.columns.map((column, at) => ({
      ...{ name: column.name, low: column.low, high: column.high },
      groups: groups.map((_, group) => ({
        class: layout.groups === 1 ? null : contract.classes[group]!,
        ...columnFigures(all, at, group),
      })),
    })),
  }
}

/** The counts of a table, and the deviation of the noise in each. */
interface NoisyCounts {
  readonly counts: Float64Array
  readonly layout: TableLayout
  readonly noise: number
}

/** The units of a group: its label counts and the bins of every column say it, each with noise of its own. */
function unitsIn({ counts, layout, noise }: NoisyCounts, group: number, except?: number): Estimate {
  const { bins, classes, columns, groups, binAt } = layout
  const labels = groups === 1 ? counts.subarray(0, classes) : counts.subarray(group, group + 1)
  const said = columns.flatMap(({ missing }, at) => {
    const end = missing === null ? bins : bins + 1
    return at === except ? [] : [counts.subarray(binAt(at, group, 0), binAt(at, group, end))]
  })
  return together([labels, ...said].map(words => ({ value: sumOf(words), variance: words.length * noise * noise })))
}

function columnFigures(all: NoisyCounts, at: number, group: number): Omit<TableGroup, 'class'> {
  const { counts, layout, noise } = all
  const column = layout.columns[at]!
  const bins = counts.subarray(layout.binAt(at, group, 0), layout.binAt(at, group, layout.bins))
  const word = (place: number): Estimate => ({ value: counts[place]!, variance: noise * noise })
  const missing = column.missing === null ? null : word(layout.binAt(at, group, layout.bins))
  const others = unitsIn(all, group, at)
  const held = missing === null ? others : less(others, missing)
  const units = together([held, { value: sumOf(bins), variance: bins.length * noise * noise }])
  const scaled = ratio(word(layout.sumAt(at, group)), units)
  const valueAt = (one: number): number => column.low + ((column.high - column.low) * (clamped(one) + 1)) / 2
  return {
    missing: missing && atLeast0(around(missing)),
    mean: scaled && { value: valueAt(scaled.value), low: valueAt(scaled.low), high: valueAt(scaled.high) },
    quartiles: QUARTILES.map(part => ({
      part,
      figure: scaled === null ? null : quantileOf(bins, { part, column, noise }),
    })),
    bins: [...bins],
  }
}

/** Several estimates of the same, each with noise of its own, as one. */
function together(estimates: readonly Estimate[]): Estimate {
  const weight = sumOf(estimates.map(({ variance }) => 1 / variance))
  if (!Number.isFinite(weight)) return estimates[0]!
  return { value: sumOf(estimates.map(({ value, variance }) => value / variance)) / weight, variance: 1 / weight }
}

function less(a: Estimate, b: Estimate): Estimate {
  return { value: a.value - b.value, variance: a.variance + b.variance }
}

/** A sum over a count, both with noise, by Fieller's interval; null where the count is not told from 0. */
function ratio(sum: Estimate, count: Estimate): TableFigure | null {
  const square = WIDTH * WIDTH
  const leading = count.value * count.value - square * count.variance
  if (count.value <= 0 || leading <= 0) return null
  const middle = (sum.value * count.value) / leading
  const rest = (sum.value * sum.value - square * sum.variance) / leading
  const half = Math.sqrt(Math.max(0, middle * middle - rest))
  return { value: sum.value / count.value, low: middle - half, high: middle + half }
}

/**
 * A quantile of values in bins. The units below an edge, less their part of all, tell on which side of the edge the
 * quantile is; the interval ends at the nearest edges where the noise does not explain that. Within a bin the value is
 * interpolated.
 */
function quantileOf(
  bins: Float64Array,
  { part, column, noise }: { part: number; column: CountedColumn; noise: number },
): TableFigure {
  const last = bins.length
  const total = sumOf(bins)
  const below = [0]
  for (const count of bins) below.push(below.at(-1)! + count)
  const excess = below.map(count => count - part * total)
  const place = crossing(excess)
  const deviation = (edge: number): number =>
    noise * Math.sqrt(edge * (1 - part) * (1 - part) + (last - edge) * part * part)
  let [low, high] = [Math.floor(place), Math.ceil(place)]
  while (low > 0 && excess[low]! >= -WIDTH * deviation(low)) low--
  while (high < last && excess[high]! <= WIDTH * deviation(high)) high++
  const edge = (bin: number): number => tableEdge(column, bin, last)
  const value = column.low + ((column.high - column.low) * place) / last
  return { value, low: edge(low), high: edge(high) }
}

/** Where values from below 0 to above 0 cross it, in bins: midway between the first and the last place, if there are more. */
function crossing(excess: readonly number[]): number {
  const last = excess.length - 1
  const places: number[] = []
  for (let bin = 0; bin < last; bin++) {
    const [from, to] = [excess[bin]!, excess[bin + 1]!]
    if (from < 0 && to >= 0) places.push(bin + from / (from - to))
  }
  return places.length === 0 ? last / 2 : (places[0]! + places.at(-1)!) / 2
}

function totalOf(parts: readonly Estimate[]): Estimate {
  return { value: sumOf(parts.map(part => part.value)), variance: sumOf(parts.map(part => part.variance)) }
}

function around({ value, variance }: Estimate): TableFigure {
  const half = WIDTH * Math.sqrt(variance)
  return { value, low: value - half, high: value + half }
}

function atLeast0({ value, low, high }: TableFigure): TableFigure {
  return { value: Math.max(0, value), low: Math.max(0, low), high: Math.max(0, high) }
}

function clamped(value: number): number {
  return Math.max(-1, Math.min(1, value))
}

function sumOf(values: Iterable<number>): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
