/**
 * Heart disease in four real hospitals (UCI, CC BY 4.0), as FLamby's task has it: ten of the columns, no rows with missing
 * values, the same split. In place of each centre's own mean and deviation, which would leak, stand public bounds.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from '../../node/datasets/dataset.ts'
import split from './heart-split.json' with { type: 'json' }

const CENTRES = ['cleveland', 'hungarian', 'switzerland', 'va'] as const
const COLUMNS = 10
const LABEL = 13

/** What a column becomes: scaled from public bounds to −1 … 1, taken as it is (0 or 1), or one number for each value. */
type Column = { bounds: readonly [number, number] } | { binary: true } | { values: readonly number[] }

const RULES: readonly Column[] = [
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

export interface HeartCentre {
  readonly name: string
  readonly train: Dataset
  readonly test: Dataset
}

/** Of a record; the head's bias sees 1 beside it. */
const NORM = 2.7

/** The four hospitals' records, each of one norm. */
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
  const features = rows.map(row => scaled(RULES.flatMap((rule, at) => valuesOf(rule, row[at]!))))
  const labels = Uint8Array.from(rows, row => (row[COLUMNS]! > 0 ? 1 : 0))
  return { count: rows.length, shape: [features[0]!.length], inputs: Float32Array.from(features.flat()), labels }
}

function valuesOf(rule: Column, value: number): number[] {
  if ('binary' in rule) return [value]
  if ('values' in rule) return rule.values.map(one => (one === value ? 1 : 0))
  const [low, high] = rule.bounds
  return [Math.min(1, Math.max(-1, (2 * (value - low)) / (high - low) - 1))]
}

function scaled(values: number[]): number[] {
  const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  return values.map(value => (NORM * value) / norm)
}
