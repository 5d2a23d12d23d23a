/** Confusion matrices, and what follows from one: rows are the true classes, columns the predicted ones. @module */

export type Confusion = readonly (readonly number[])[]

/**
 * Counts the predicted classes of the records of each class.
 *
 * @param weights how often each record counts; absent: once
 */
export function confusionOf(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  { classes, weights }: { readonly classes: number; readonly weights?: ArrayLike<number> | undefined },
): Confusion {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let record = 0; record < labels.length; record++) {
    confusion[labels[record]!]![predicted[record]!]! += weights === undefined ? 1 : weights[record]!
  }
  return confusion
}

/** Records of each class. */
export function supportOf(confusion: Confusion): number[] {
  return confusion.map(row => row.reduce((sum, count) => sum + count, 0))
}

/** Share of records whose class is predicted. NaN where there are none. */
export function accuracyOf(confusion: Confusion): number {
  const total = supportOf(confusion).reduce((sum, count) => sum + count, 0)
  return confusion.reduce((sum, row, index) => sum + row[index]!, 0) / total
}

/** Mean over the classes with records of 2·TP / (2·TP + FP + FN). NaN where there are none. */
export function macroF1(confusion: Confusion): number {
  const actual = supportOf(confusion)
  const scores = confusion.flatMap((row, index) => {
    const predicted = confusion.reduce((sum, other) => sum + other[index]!, 0)
    return actual[index] === 0 ? [] : [(2 * row[index]!) / (actual[index]! + predicted)]
  })
  return scores.reduce((sum, score) => sum + score, 0) / scores.length
}

/**
 * Gorodkin's R_K, 2004; Matthews' coefficient for two classes. 0 where one class alone is predicted, NaN where all records
 * are of one class, or there are none.
 */
export function matthews(confusion: Confusion): number {
  const actual = supportOf(confusion)
  const predicted = confusion.map((_, column) => confusion.reduce((sum, row) => sum + row[column]!, 0))
  const total = actual.reduce((sum, count) => sum + count, 0)
  const correct = confusion.reduce((sum, row, index) => sum + row[index]!, 0)
  const dot = (a: number[], b: number[]): number => a.reduce((sum, count, index) => sum + count * b[index]!, 0)
  if (actual.includes(total)) return Number.NaN
  const scale = Math.sqrt((total ** 2 - dot(predicted, predicted)) * (total ** 2 - dot(actual, actual)))
  return scale === 0 ? 0 : (correct * total - dot(actual, predicted)) / scale
}

/** One class against the rest. */
export interface TwoByTwo {
  readonly truePositives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly trueNegatives: number
}

/**
 * Counts decisions about one class.
 *
 * @param decided 1 where the class is said
 * @param labels  1 where it is true
 * @param weights how often each record counts; absent: once
 */
export function twoByTwoOf(
  decided: ArrayLike<number>,
  labels: ArrayLike<number>,
  weights?: ArrayLike<number>,
): TwoByTwo {
  const counts = [0, 0, 0, 0]
  for (let record = 0; record < labels.length; record++) {
    const cell = (labels[record] === 1 ? 2 : 0) + (decided[record] === 1 ? 1 : 0)
    counts[cell]! += weights === undefined ? 1 : weights[record]!
  }
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = counts as [number, number, number, number]
  return { truePositives, falsePositives, falseNegatives, trueNegatives }
}
