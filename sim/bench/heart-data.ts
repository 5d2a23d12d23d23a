/**
 * Heart disease in four real hospitals (UCI, CC BY 4.0), as in FLamby's task: ten of the columns, no rows with missing
 * values, the same split. Instead of each centre's own mean and deviation, which would leak, the study states bounds.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from '../../node/datasets/dataset.ts'
import type { Bounds } from '../../protocols/study/contracts/fields.ts'
import split from './heart-split.json' with { type: 'json' }

const CENTRES = ['cleveland', 'hungarian', 'switzerland', 'va'] as const
const COLUMNS = 10
const LABEL = 13

/** The encoding of a column: numeric with public bounds; binary (0 or 1) as it is; or one-hot over its values. */
type Column = { bounds: Bounds } | { binary: true } | { values: readonly number[] }

/** Bounds of values that a cardiologist would expect, independent of the data. */
const COLUMN_RULES: readonly Column[] = [
  { bounds: [20, 80] },
  { binary: true },
  { values: [2, 3, 4] },
  { bounds: [80, 200] },
  { bounds: [100, 400] },
  { binary: true },
  { values: [1, 2] },
  { bounds: [60, 200] },
  { binary: true },
  { bounds: [-2, 5] },
]

/** The columns' bounds in the study document. */
export const HEART_BOUNDS: readonly Bounds[] = COLUMN_RULES.flatMap((rule): Bounds[] =>
  'bounds' in rule ? [rule.bounds] : 'binary' in rule ? [[0, 1]] : rule.values.map((): Bounds => [0, 1]),
)

export interface HeartCentre {
  readonly name: string
  readonly train: Dataset
  readonly test: Dataset
}

/** The four hospitals' records, in their own units. */
export async function readHeart(data: string): Promise<HeartCentre[]> {
  return await Promise.all(
    CENTRES.map(async name => {
      const text = await readFile(join(data, 'heart-disease', `processed.${name}.data`), 'utf8')
      const rows = text
        .split('\n')
        .filter(line => line.trim() !== '')
        .map(line => line.split(','))
      const whole = rows.map((_, at) => at).filter(at => !needed(rows[at]!).includes('?'))
      const test = new Set<number>(split.test[name])
      const take = (part: readonly number[]) => dataset(part.map(at => needed(rows[at]!).map(Number)))
      return { name, train: take(whole.filter(at => !test.has(at))), test: take(whole.filter(at => test.has(at))) }
    }),
  )
}

function needed(row: readonly string[]): string[] {
  return [...row.slice(0, COLUMNS), row[LABEL] ?? '?']
}

function dataset(rows: readonly (readonly number[])[]): Dataset {
  const vectors = rows.map(row => COLUMN_RULES.flatMap((rule, at) => valuesOf(rule, row[at]!)))
  const labels = Uint8Array.from(rows, row => (row[COLUMNS]! > 0 ? 1 : 0))
  return { count: rows.length, shape: [HEART_BOUNDS.length], inputs: Float32Array.from(vectors.flat()), labels }
}

function valuesOf(rule: Column, value: number): number[] {
  return 'values' in rule ? rule.values.map(one => (one === value ? 1 : 0)) : [value]
}
