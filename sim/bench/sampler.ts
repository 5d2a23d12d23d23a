/** Speed of the noise sampler, compared with the exact one that it replaces. @module */

import { randomFillSync } from 'node:crypto'
import { distanceBound, sampleDiscreteGaussian } from '../../crypto/noise/discrete-gaussian.ts'
import { sampleExactGaussian } from '../../crypto/noise/exact-gaussian.ts'

const rng = (target: Uint8Array): void => {
  randomFillSync(target)
}

export interface SamplerRow {
  readonly sigma: number
  /** the first vector of this σ, with the computation of its tables */
  readonly firstMs: number
  /** samples a second, on one core */
  readonly samples: number
  readonly exactSamples: number
  readonly ratio: number
  /** log2 of the proven bound on the distance to the discrete Gaussian */
  readonly distanceLog2: number
}

/** The best rate of several repetitions, because other load only slows it down. */
function perSecond(count: number, repetitions: number, run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < repetitions; i++) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return (1000 * count) / best
}

/** One row for each σ. */
export function benchSampler(sigmas: readonly number[], repetitions: number): SamplerRow[] {
  return sigmas.map(sigma => {
    const start = performance.now()
    sampleDiscreteGaussian(sigma, 1, rng)
    const firstMs = performance.now() - start
    const samples = perSecond(1e6, repetitions, () => sampleDiscreteGaussian(sigma, 1e6, rng))
    const exactSamples = perSecond(1e5, repetitions, () => sampleExactGaussian(sigma, 1e5, rng))
    return {
      sigma,
      firstMs,
      samples,
      exactSamples,
      ratio: samples / exactSamples,
      distanceLog2: Math.log2(distanceBound(sigma)),
    }
  })
}
