/**
 * The mean of frozen features, by one noised, accounted secure sum over all hospitals before the first training step
 * (DPSGD-F; Sun, Suresh, Menon, ICLR 2024). Records are centred by it and scaled back to the public norm R of features,
 * so a gradient is as long as before, and what it says is less alike from record to record.
 *
 * Only features are added up: a unit adds the mean of its records' features, whose Euclidean norm is at most R. No
 * squares and no count are needed, since the nominal number of units is public.
 *
 * @module
 */

import { ProtocolError } from '../errors.ts'

/** Parameters of a study's sum of features: see `SumPlan`. */
export interface FeatureMeanTerms {
  /** length of a record's features */
  readonly features: number
  /** nominal number of units */
  readonly units: number
  /** integer units per unit, of the fixed point */
  readonly scale: number
  /** standard deviation of the noise in the opened sum of all hospitals, in integer units; 0 without noise */
  readonly noise: number
}

/**
 * The mean from an opened sum. It uses + − × ÷ only, so it is the same at every peer.
 *
 * It is shortened by the part of its square that the noise alone is expected to have (James and Stein 1961, the
 * positive part): the noisier it is, the nearer to 0, and 0 where the noise hides it.
 *
 * @param sum   words as opened, with the noise
 * @throws ProtocolError `length-mismatch`
 */
export function featureMeanOf(sum: Int32Array, { features, units, scale, noise }: FeatureMeanTerms): Float32Array {
  if (sum.length !== features) {
    throw new ProtocolError('length-mismatch', `The sum has ${sum.length} words, not the mean of ${features} features`)
  }
  let square = 0
  for (let at = 0; at < features; at++) square += sum[at]! * sum[at]!
  const kept = square > 0 ? Math.max(0, 1 - (features * noise * noise) / square) : 0
  const divisor = scale * units
  const mean = new Float32Array(features)
  for (let at = 0; at < features; at++) mean[at] = (kept * sum[at]!) / divisor
  return mean
}
