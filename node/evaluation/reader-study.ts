/**
 * The model beside human readers, on the records that each of them read. All differences are paired: model less reader on
 * the same records, so that an easy set of records flatters neither.
 *
 * @module
 */

import { estimateOf, proportion, type Resampling } from './analysis.ts'
import { bootstrapIntervals } from './bootstrap.ts'
import { confusionOf } from './confusion.ts'
import { decisionsAt } from './decisions.ts'
import { type Estimate, LEVEL } from './interval.ts'
import { cohenKappa } from './kappa.ts'
import { type McNemar, mcnemar } from './mcnemar.ts'
import type { Reader } from './readers.ts'
import { isClustered, isOfClass, measuredClasses, type Sample, samplePart } from './sample.ts'

/** A share of records on which each is right. */
export interface Comparison {
  /** records that it is a share of */
  readonly count: number
  readonly model: Estimate
  readonly reader: Estimate
  /** model less reader */
  readonly difference: Estimate
  /** null where records are not independent, so that the test does not hold */
  readonly test: McNemar | null
}

export interface ReaderComparison {
  readonly name: string
  /** records that the reader read */
  readonly count: number
  readonly clustered: boolean
  readonly accuracy: Comparison
  /** Cohen's kappa between model and reader */
  readonly kappa: Estimate
  /** by measured class */
  readonly classes: readonly {
    readonly index: number
    readonly sensitivity: Comparison
    readonly specificity: Comparison
  }[]
}

/** Compares the model with one reader, at the thresholds of all records. */
export function compareReader(
  whole: Sample,
  { name, readings }: Reader,
  { thresholds, ...resampling }: Resampling & { readonly thresholds: readonly (number | null)[] },
): ReaderComparison {
  const records = Uint32Array.from(readings.keys()).filter(record => readings[record]! >= 0)
  const sample = samplePart(whole, records)
  const read = Int32Array.from(records, record => readings[record]!)
  const { predicted, said } = decisionsAt(sample, thresholds)
  const all = new Uint8Array(records.length).fill(1)
  const { labels } = sample
  const rights: Rights[] = [
    { counted: all, model: same(predicted, labels), reader: same(read, labels) },
    ...measuredClasses(sample.classes).flatMap((index, at) => {
      const positive = isOfClass(sample, index)
      const readerSaid = Uint8Array.from(read, one => (one === index ? 1 : 0))
      return [
        { counted: positive, model: said[at]!, reader: readerSaid },
        { counted: inverse(positive), model: inverse(said[at]!), reader: inverse(readerSaid) },
      ]
    }),
  ]
  const classes = sample.classes.length
  const figures = (weights?: Float64Array): number[] => [
    cohenKappa(confusionOf(predicted, read, { classes, weights })),
    ...rights.flatMap(right => sharesOf(right, weights)),
  ]
  const values = figures()
  const { units } = sample
  const drawn = bootstrapIntervals({ units, count: records.length, figures, level: LEVEL, ...resampling })
  const estimates = values.map((value, at) => estimateOf(value, drawn[at]!, 'bootstrap'))
  const clustered = isClustered(sample)
  const comparisons = rights.map((right, at) => {
    const [model, reader, difference] = estimates.slice(1 + 3 * at, 4 + 3 * at) as [Estimate, Estimate, Estimate]
    return comparisonOf(right, { model, reader, difference }, clustered)
  })
  return {
    ...{ name, count: records.length, clustered, accuracy: comparisons[0]!, kappa: estimates[0]! },
    classes: measuredClasses(sample.classes).map((index, at) => {
      return { index, sensitivity: comparisons[1 + 2 * at]!, specificity: comparisons[2 + 2 * at]! }
    }),
  }
}

interface Rights {
  /** 1 for the records that count */
  readonly counted: Uint8Array
  /** 1 where each is right */
  readonly model: Uint8Array
  readonly reader: Uint8Array
}

function sharesOf({ counted, model, reader }: Rights, weights?: Float64Array): [number, number, number] {
  let [total, ofModel, ofReader] = [0, 0, 0]
  for (let record = 0; record < counted.length; record++) {
    if (counted[record] === 0) continue
    const weight = weights === undefined ? 1 : weights[record]!
    total += weight
    ofModel += weight * model[record]!
    ofReader += weight * reader[record]!
  }
  return [ofModel / total, ofReader / total, (ofModel - ofReader) / total]
}

function comparisonOf(
  { counted, model, reader }: Rights,
  drawn: { model: Estimate; reader: Estimate; difference: Estimate },
  clustered: boolean,
): Comparison {
  const where = (wanted: (record: number) => boolean): number =>
    counted.reduce((sum, one, record) => sum + (one === 1 && wanted(record) ? 1 : 0), 0)
  const count = where(() => true)
  if (clustered) return { count, ...drawn, test: null }
  return {
    count,
    model: proportion(
      where(record => model[record] === 1),
      count,
    ),
    reader: proportion(
      where(record => reader[record] === 1),
      count,
    ),
    difference: drawn.difference,
    test: mcnemar(
      where(record => model[record] === 1 && reader[record] === 0),
      where(record => model[record] === 0 && reader[record] === 1),
    ),
  }
}

/** Cohen's kappa of each with each, on the records that both judged; NaN where there are none. First the model. */
export function agreementOf(predicted: Int32Array, readers: readonly Reader[], classes: number): number[][] {
  const all = [predicted, ...readers.map(({ readings }) => readings)]
  return all.map(a =>
    all.map(b => {
      const both = Uint32Array.from(a.keys()).filter(record => a[record]! >= 0 && b[record]! >= 0)
      const [rows, columns] = [a, b].map(said => Int32Array.from(both, record => said[record]!))
      return cohenKappa(confusionOf(columns!, rows!, { classes }))
    }),
  )
}

function same(a: Int32Array, b: Int32Array): Uint8Array {
  return Uint8Array.from(a, (value, at) => (value === b[at] ? 1 : 0))
}

function inverse(bits: Uint8Array): Uint8Array {
  return bits.map(bit => 1 - bit)
}
