/** Samples of two classes with normal scores, for tests. @module */

import { RandomReader } from '../../../crypto/rng.ts'
import { type Sample, sampleUnits } from '../../../node/evaluation/sample.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

/** Uniform numbers of [0, 1). */
export function uniformOf(seed: string): () => number {
  const reader = new RandomReader(seededRng(seed), 1 << 10)
  return () => reader.uniformUint32() / 2 ** 32
}

/** Half of the records positive; the mean scores of the classes lie `distance` deviations apart, before a logistic map. */
export function scoredSample(seed: string, { count, distance }: { count: number; distance: number }): Sample {
  const next = uniformOf(seed)
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const labels = Int32Array.from({ length: count }, (_, at) => at % 2)
  const scores = new Float32Array(2 * count)
  labels.forEach((label, record) => {
    const score = 1 / (1 + Math.exp(-(normal() + distance * (label - 0.5))))
    scores.set([1 - score, score], 2 * record)
  })
  return { classes: ['healthy', 'ill'], labels, scores, units: sampleUnits(count, undefined) }
}
