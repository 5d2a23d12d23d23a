/**
 * A study's whole training in one process, among simulated hospitals, by the production's own steps with all of its noise:
 * clipped sums of Poisson samples, fixed point, clamp, discrete Gaussian, exact sum, optimizer. What travels between
 * hospitals changes no number of it and is left out.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { addDiscreteGaussian } from '../../crypto/discrete-gaussian.ts'
import { clamp, clampLimit, hospitalSigma, quantise } from '../../crypto/fixed-point.ts'
import type { Rng } from '../../crypto/rng.ts'
import { applySum, type Checkpoint, initialCheckpoint } from '../../protocols/round/checkpoint.ts'
import type { StudyDocument } from '../../protocols/study/document.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { Backend } from '../training/backend.ts'
import { createTrainer } from '../training/trainer.ts'

/** What one round of a rehearsal opened, and what only a rehearsal can know; all in integer units, d words each. */
export interface RehearsedRound {
  readonly sum: Int32Array
  /** the same before anything was planted and before the noise */
  readonly clear: Int32Array
  /** what each hospital added as noise */
  readonly noise: readonly Int32Array[]
}

export interface RehearsalInit {
  readonly document: StudyDocument
  /** each hospital's records */
  readonly parts: readonly Dataset[]
  readonly backend: Backend
  /** samples and noise are drawn from it: cryptographically secure */
  readonly rng: Rng
  /** σ_h, integer units; unless given the document's, for as many contributors as there are parts */
  readonly sigma?: number
  /** adds to the first hospital's clipped sum, each round before it is quantised */
  readonly plant?: (sum: Float64Array) => void
  readonly watch?: (round: RehearsedRound) => void
}

/** σ_h of a document when so many hospitals contribute, integer units; 0 without noise. */
export function sigmaOf(document: StudyDocument, contributors: number): number {
  const { noise, noiseMultiplier, colluders } = document.privacy
  if (noise === 'off') return 0
  const { sensitivity } = planStudy(document).fixedPoint
  return hospitalSigma({ noiseMultiplier, sensitivity, contributors, colluders })
}

/**
 * Runs all rounds.
 *
 * @returns the last checkpoint
 * @throws OperatorError `dataset-mismatch` (exit code 11); ProtocolError `diverged`
 */
export function rehearse(init: RehearsalInit): Checkpoint {
  const { document, parts, backend, rng, plant, watch } = init
  assert(parts.length > 0, 'somebody trains')
  const { fixedPoint, dimension, denominator } = planStudy(document)
  const { scale } = fixedPoint
  const contributors = parts.length
  const sigma = init.sigma ?? sigmaOf(document, contributors)
  const limit = clampLimit({ contributors, sigma })
  const trainers = parts.map(dataset => createTrainer({ document, dataset, backend, rng }))
  let checkpoint = initialCheckpoint(document)
  try {
    for (let round = 0; round < document.rounds; round++) {
      const opened = { sum: new Int32Array(dimension), clear: new Int32Array(dimension), noise: [] as Int32Array[] }
      for (const [hospital, trainer] of trainers.entries()) {
        const update = trainer.clippedSum(checkpoint.parameters)
        if (watch !== undefined) addTo(opened.clear, clamped(quantise(update, scale), limit))
        if (hospital === 0) plant?.(update)
        const words = clamped(quantise(update, scale), limit)
        const before = watch === undefined ? null : words.slice()
        if (sigma > 0) addDiscreteGaussian(words, sigma, rng)
        if (before !== null) opened.noise.push(words.map((word, at) => word - before[at]!))
        addTo(opened.sum, words)
      }
      watch?.(opened)
      checkpoint = applySum(checkpoint, opened.sum, { scale, denominator, ...document.optimizer })
    }
  } finally {
    for (const trainer of trainers) trainer.dispose()
  }
  return checkpoint
}

function clamped(words: Int32Array, limit: number): Int32Array {
  clamp(words, limit)
  return words
}

function addTo(sum: Int32Array, words: Int32Array): void {
  for (let word = 0; word < sum.length; word++) sum[word]! += words[word]!
}
