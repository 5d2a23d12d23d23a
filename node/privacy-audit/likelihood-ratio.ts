/**
 * The likelihood ratio attack on membership, LiRA: what a model says of a record, compared with what models say that were
 * trained with it and without it (Carlini, Chien, Nasr, Song, Terzis, Tramèr, IEEE S&P 2022). Of few models the spread is
 * taken over all records together, as the paper advises.
 *
 * @module
 */

/** Below any probability that a float32 softmax gives, so that its logarithm is finite. */
const PROBABILITY_MIN = 1e-38
const VARIANCE_MIN = 1e-12

/** What each of some models says of each record, and which of them was trained with it. */
export interface ModelAnswers {
  /** `confidence` of each record, model by model */
  readonly confidences: readonly ArrayLike<number>[]
  readonly included: readonly ArrayLike<boolean>[]
}

/**
 * ln(p / (1 − p)) of the true class's probability p, about normal over models.
 *
 * @param probabilities count × classes, row-major
 */
export function confidences(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Float64Array {
  return Float64Array.from({ length: labels.length }, (_, row) => {
    let others = 0
    for (let label = 0; label < classes; label++) {
      // the sum of the others, because 1 − p of a p near 1 has no digits left
      if (label !== labels[row]) others += probabilities[row * classes + label]!
    }
    const own = probabilities[row * classes + labels[row]!]!
    return Math.log(Math.max(own, PROBABILITY_MIN)) - Math.log(Math.max(others, PROBABILITY_MIN))
  })
}

/**
 * Attacks one of the models with shadow models. Of these as many must have been trained with a record as without it, whether
 * or not the target was: else their numbers alone would tell, or mislead.
 *
 * @param target  which model
 * @param shadows which models are its shadows
 * @returns of each record ln of how much likelier the target's confidence is if it was trained with it
 */
export function likelihoodRatios(
  { confidences, included }: ModelAnswers,
  { target, shadows }: { target: number; shadows: readonly number[] },
): Float64Array {
  const records = confidences[target]!.length
  const normals = (wanted: boolean) => {
    const means = new Float64Array(records)
    let [squares, freedom] = [0, 0]
    for (let record = 0; record < records; record++) {
      const seen = shadows
        .filter(model => included[model]![record] === wanted)
        .map(model => confidences[model]![record]!)
      const mean = seen.reduce((sum, value) => sum + value, 0) / seen.length
      means[record] = mean
      squares += seen.reduce((sum, value) => sum + (value - mean) ** 2, 0)
      freedom += seen.length - 1
    }
    return { means, variance: Math.max(squares / Math.max(freedom, 1), VARIANCE_MIN) }
  }
  const [inside, outside] = [normals(true), normals(false)]
  const logDensity = (value: number, mean: number, variance: number) =>
    -((value - mean) ** 2) / (2 * variance) - Math.log(variance) / 2
  return Float64Array.from(confidences[target]!, (value, record) => {
    const member = logDensity(value, inside.means[record]!, inside.variance)
    return member - logDensity(value, outside.means[record]!, outside.variance)
  })
}
