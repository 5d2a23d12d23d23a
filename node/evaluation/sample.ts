/** Scored records: what every figure of a report is computed from. @module */

import assert from 'node:assert/strict'

export interface Sample {
  /** names; two classes: the second is the one that is looked for */
  readonly classes: readonly string[]
  /** class index of each record */
  readonly labels: Int32Array
  /** probabilities, count × classes, row-major */
  readonly scores: Float32Array
  /** records of each unit that is drawn by the bootstrap: of a patient, or one record */
  readonly units: readonly Uint32Array[]
}

/** Whether some unit has several records: then records are not independent, and only the bootstrap over units holds. */
export function isClustered({ units }: Pick<Sample, 'units'>): boolean {
  return units.some(records => records.length > 1)
}

/** Units of records: those of one patient together where patients are known, else each by itself. */
export function sampleUnits(count: number, patients: ArrayLike<number> | undefined): Uint32Array[] {
  const known = new Map<number, number[]>()
  for (let record = 0; record < count; record++) {
    const owner = patients === undefined ? record : patients[record]!
    const records = known.get(owner)
    if (records === undefined) known.set(owner, [record])
    else records.push(record)
  }
  return [...known.values()].map(records => Uint32Array.from(records))
}

/** The sample of some of its records, in the given order. */
export function samplePart({ classes, labels, scores, units }: Sample, records: Uint32Array): Sample {
  const place = new Map(Array.from(records, (record, at) => [record, at]))
  const placesIn = (unit: Uint32Array): Uint32Array => {
    return Uint32Array.from([...unit].flatMap(record => place.get(record) ?? []))
  }
  const kept = units.map(placesIn).filter(unit => unit.length > 0)
  const width = classes.length
  const part = new Float32Array(records.length * width)
  records.forEach((record, at) => void part.set(scores.subarray(record * width, (record + 1) * width), at * width))
  return { classes, labels: Int32Array.from(records, record => labels[record]!), scores: part, units: kept }
}

/** Splits off the records of which some score is no number. @returns their indices, and the sample of the others */
export function withoutUnscored(sample: Sample): { readonly scored: Sample; readonly unscored: Uint32Array } {
  const { classes, labels, scores } = sample
  const width = classes.length
  assert.equal(scores.length, labels.length * width, 'each record has a score of each class')
  const all = Uint32Array.from(labels, (_, record) => record)
  const isScored = (record: number): boolean =>
    scores.subarray(record * width, (record + 1) * width).every(Number.isFinite)
  const unscored = all.filter(record => !isScored(record))
  return { scored: unscored.length === 0 ? sample : samplePart(sample, all.filter(isScored)), unscored }
}

/** Classes that are measured, each against the rest: of two the second alone, as the other mirrors it. */
export function measuredClasses(classes: readonly string[]): number[] {
  return classes.length === 2 ? [1] : classes.map((_, index) => index)
}

/** The scores of one class. */
export function scoresOf({ scores, classes, labels }: Sample, index: number): Float32Array {
  return Float32Array.from(labels, (_, record) => scores[record * classes.length + index]!)
}

/** 1 for the records of one class, 0 for the rest. */
export function isOfClass({ labels }: Pick<Sample, 'labels'>, index: number): Uint8Array {
  return Uint8Array.from(labels, label => (label === index ? 1 : 0))
}
