/** A study's table in words, beforehand and afterwards. @module */

import { mainRounds } from '../../protocols/study/rounds.ts'
import { type CountedColumn, tableLayout } from '../../protocols/study/table.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { TableFigure, TableFigures } from './table-figures.ts'
import { expectedTable } from './table-plan.ts'

/** What a study's table counts, and what to expect of it; none in studies without. */
export function tableSentences(document: StudyDocument): string[] {
  const { table, unit, contract, units, privacy } = document
  const [layout, expected] = [tableLayout(document), expectedTable(document)]
  if (table === undefined || layout === null || expected === null) return []
  const each = unit === 'patient' ? 'patient' : 'record'
  const rounds = mainRounds(document)
  const often = rounds === 1 ? 'once' : `${rounds} times, of which the mean is taken`
  const whose = table.byClass ? ' of each class' : ''
  const share = unit === 'patient' ? ', shared out over its records' : ''
  return [
    `Nothing is trained. All hospitals add up, ${often}, how many ${each}s are ${contract.classes.join(' or ')}, and${whose} of ${columnsText(table.columns)}: a histogram of ${table.bins} bins between the study's bounds, and the sum of the values within them. One ${each} adds 1 to each${share}. From that come counts, means and quartiles. Rows that the contract leaves out are in none of them${missingText(layout.columns)}.`,
    `The sums get noise of multiplier ${privacy.noiseMultiplier}. Expected at 95 %, with ${units} ${each}s: a class's count off by up to ${Math.ceil(expected.count)} ${each}s; a mean${whose} by up to ${percent(expected.mean)} of the distance between its bounds, a median by up to ${percent(expected.median)} (where values are spread evenly, bins included; less where most lie close together). More where values are missing.`,
    ...layout.columns.map(
      ({ name, low, high }) =>
        `${name}: bounds ${low} to ${high}, mean off by up to ${short((high - low) * expected.mean)}, median by up to ${short((high - low) * expected.median)}.`,
    ),
  ]
}

function columnsText(columns: readonly string[]): string {
  const text = columns.join(', ')
  return columns.length === 1 ? `the column ${text}` : `each of the ${columns.length} columns ${text}`
}

function missingText(columns: readonly CountedColumn[]): string {
  const apart = columns.filter(({ missing }) => missing !== null).map(({ name }) => name)
  return apart.length === 0 ? '' : `; missing values of ${apart.join(', ')} are counted apart`
}

function percent(part: number): string {
  return `${short(100 * part)} %`
}

/** A number with about three digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** A figure in words. */
function figureText(figure: TableFigure | null): string {
  if (figure === null) return 'hidden by the noise'
  const [value, low, high] = [figure.value, figure.low, figure.high].map(one => String(Number(one.toPrecision(4))))
  return `${value} (${low} to ${high})`
}

/** The figures of a table, for people. */
export function tableLines({ units, classes, columns }: TableFigures): string[] {
  return [
    `Units     ${countText(units)}`,
    ...classes.map(({ name, count }) => `  ${name}: ${countText(count)}`),
    ...columns.flatMap(({ name, low, high, groups }) => [
      `${name}, within ${low} to ${high}`,
      ...groups.map(
        group =>
          `  ${group.class === null ? '' : `${group.class}: `}mean ${figureText(group.mean)}; quartiles ${group.quartiles.map(({ figure }) => figureText(figure)).join(', ')}${group.missing === null ? '' : `; missing ${countText(group.missing)}`}`,
      ),
    ]),
  ]
}

function countText({ value, low, high }: TableFigure): string {
  return `${Math.round(value)} (${Math.round(low)} to ${Math.round(high)})`
}

/** What the intervals of a table hold. */
export const TABLE_INTERVALS =
  'In brackets, where the exact figure of all units that took part lies in 95 % of such tables: the noise is counted, and nothing else; "confrere rounds" names the hospitals that they were of. Values outside the bounds count as the nearer bound, and what other patients are like is not said.'

/** The figures of a table as lines of CSV, one figure a line; a hidden one has empty cells. */
export function tableCsv({ units, classes, columns }: TableFigures): string[] {
  const line = (column: string, group: string | null, figure: string, found: TableFigure | null): string =>
    [quoted(column), quoted(group ?? ''), figure, found?.value ?? '', found?.low ?? '', found?.high ?? ''].join(',')
  return [
    'column,class,figure,value,low,high',
    line('', null, 'count', units),
    ...classes.map(({ name, count }) => line('', name, 'count', count)),
    ...columns.flatMap(({ name, groups }) =>
      groups.flatMap(group => [
        line(name, group.class, 'mean', group.mean),
        ...(group.missing === null ? [] : [line(name, group.class, 'missing', group.missing)]),
        ...group.quartiles.map(({ part, figure }) => line(name, group.class, `quantile ${part}`, figure)),
      ]),
    ),
  ]
}

/** A cell of CSV; one that a spreadsheet would take for a formula begins with an apostrophe. */
function quoted(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
