/**
 * Exact sampler of the discrete Gaussian: P(y) ∝ exp(−y²/(2σ²)) on the integers (Canonne-Kamath-Steinke, NeurIPS 2020).
 * No floating-point probability occurs: every draw is a comparison of integers below 2^53, so the attacks on
 * floating-point noise (Mironov, CCS 2012; arXiv 2112.05307) do not apply.
 *
 * This is the reference for the sampler in use, `discrete-gaussian.ts`, which is faster and at a proven distance from
 * this distribution. The running time depends on the values drawn: draw a whole vector before any of it is sent.
 *
 * @module
 */

import { requireInteger } from '../check.ts'
import { SIGMA_MAX } from '../fixed-point.ts'
import { RandomReader, READER_WORDS_MAX, type Rng } from '../rng.ts'
import { bernoulliExp, bernoulliExpOne } from './bernoulli.ts'
import { SAMPLES_MAX } from './discrete-gaussian.ts'

/** Random words that one sample takes, about: the size of the reader when few samples are drawn. */
const WORDS_PER_SAMPLE = 16

/**
 * Bernoulli(exp(−(m − σ)²/(2σ²))) for m = u + σv, 0 ≤ u < σ. Multiplied out for v ≥ 1, with w = v − 1, the exponent is
 * w²/2 + w·u/σ + u²/(2σ²): a product of small Bernoullis, exact for every v.
 */
function acceptMagnitude(reader: RandomReader, { u, v, sigma }: { u: number; v: number; sigma: number }): boolean {
  const denominator = 2 * sigma * sigma
  if (v === 0) return bernoulliExp(reader, (sigma - u) * (sigma - u), denominator)
  const w = v - 1
  for (let ones = Math.floor((w * w) / 2); ones > 0; ones--) if (!bernoulliExpOne(reader)) return false
  if (w % 2 === 1 && !bernoulliExp(reader, 1, 2)) return false
  for (let i = 0; i < w; i++) if (!bernoulliExp(reader, u, sigma)) return false
  return bernoulliExp(reader, u * u, denominator)
}

/** One sample, by rejection from a discrete Laplace of scale σ (|y| = u + σv), accepted by the ratio of both laws. */
function sampleOne(reader: RandomReader, sigma: number): number {
  for (;;) {
    const u = reader.uniformBelow(sigma)
    if (!bernoulliExp(reader, u, sigma)) continue
    let v = 0
    while (bernoulliExpOne(reader)) v++
    const negative = reader.uniformUint32() >= 2 ** 31
    // zero would be drawn with both signs and so twice as often
    if (negative && u === 0 && v === 0) continue
    if (!acceptMagnitude(reader, { u, v, sigma })) continue
    const magnitude = u + sigma * v
    return negative ? -magnitude : magnitude
  }
}

/**
 * Adds one independent sample to every word, in Z_2^32, in place.
 *
 * @param target   d words, two's complement; already clamped
 * @param sigma    standard deviation in integer units, an integer of [1, 2^20]
 * @param rng      cryptographically secure
 * @throws CryptoError `out-of-range`
 */
function addExactGaussian(target: Int32Array | Uint32Array, sigma: number, rng: Rng): void {
  requireInteger(sigma, { min: 1, max: SIGMA_MAX }, 'sigma')
  const words = Math.min(READER_WORDS_MAX, Math.max(1, target.length) * WORDS_PER_SAMPLE)
  const reader = new RandomReader(rng, words)
  for (let i = 0; i < target.length; i++) target[i] = (target[i]! + sampleOne(reader, sigma)) | 0
  reader.wipe()
}

/**
 * `count` independent samples.
 *
 * @param sigma   standard deviation, an integer of [1, 2^20]
 * @throws CryptoError `out-of-range`
 */
export function sampleExactGaussian(sigma: number, count: number, rng: Rng): Int32Array {
  requireInteger(count, { min: 0, max: SAMPLES_MAX }, 'count')
  const samples = new Int32Array(count)
  addExactGaussian(samples, sigma, rng)
  return samples
}
