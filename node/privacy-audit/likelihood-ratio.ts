/**
 * The likelihood ratio attack on membership, LiRA: compares a model's confidence in a record with that of models
 * trained with it and without it (Carlini, Chien, Nasr, Song, Terzis, Tramèr, IEEE S&P 2022). With few models the
 * variance is estimated over all records together, as the paper advises.
 *
 * @module
 */

/** Below any probability that a float32 softmax gives, so that its logarithm is finite. */
const PROBABILITY_MIN = 1e-38
const VARIANCE_MIN = 1e-12

/** Confidences of several models in each record, and which records each model was trained with. */
export interface ModelAnswers {
  /** `confidence` of each record, model by model */
  readonly confidences: readonly ArrayLike<number>[]
  readonly included: readonly ArrayLike<boolean>[]
}

/**
 * ln(p / (1 − p)) of the true class's probability p; approximately normal over models.
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
      // the sum of the other classes, because 1 − p loses all digits for p near 1
      if (label !== labels[row]) others += probabilities[row * classes + label]!
    }
    const own = probabilities[row * classes + labels[row]!]!
    return Math.log(Math.max(own, PROBABILITY_MIN)) - Math.log(Math.max(others, PROBABILITY_MIN))
  })
}

/**
 * Attacks one of the models with shadow models. For every record as many shadows must have been trained with it as
 * without it, whether or not the target was: otherwise their numbers alone would reveal the answer, or mislead.
 *
 * @param target  which model
 * @param shadows which models are its shadows
 * @returns for each record ln of the likelihood ratio of the target's confidence, trained with it over without it
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
