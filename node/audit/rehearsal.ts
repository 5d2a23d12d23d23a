/**
 * A study's whole training in one process, among simulated hospitals, by the production's own steps with all of its noise:
 * statistics, clipped sums of Poisson samples, local steps, fixed point, clamp, discrete Gaussian, exact sum, optimizer.
 * What travels between hospitals changes no number of it and is left out.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { quantise } from '../../crypto/fixed-point.ts'
import type { Rng } from '../../crypto/rng.ts'
import { noisedUpdate } from '../../protocols/aggregation/jobs.ts'
import { type Checkpoint, initialCheckpoint } from '../../protocols/round/checkpoint.ts'
import { nextCheckpoint } from '../../protocols/round/next-checkpoint.ts'
import type { StudyDocument } from '../../protocols/study/document.ts'
import { type Noising, noiseInSum, noiseOfSum } from '../../protocols/study/noise.ts'
import { firstRound, planStudy, roundKind, type StudyPlan, sumIn } from '../../protocols/study/plan.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { Trainer } from '../trainer.ts'
import type { Backend } from '../training/backend.ts'
import { createTrainer } from '../training/trainer.ts'
import { trainUpdate } from '../update.ts'

/** What one round of training opened, and what only a rehearsal can know; all in integer units, d words each. */
export interface RehearsedRound {
  readonly sum: Int32Array
  /** the same before anything was planted and before the noise, of all local steps together */
  readonly clear: Int32Array
  /** what each hospital added as noise, at all its steps */
  readonly noise: readonly Int32Array[]
}

export interface RehearsalInit {
  readonly document: StudyDocument
  /** each hospital's records */
  readonly parts: readonly Dataset[]
  readonly backend: Backend
  /** samples and noise are drawn from it: cryptographically secure */
  readonly rng: Rng
  /** how a sum is noised, instead of as the document says for as many contributors as there are parts */
  readonly noising?: (honest: () => Noising) => Noising
  /** adds to the first hospital's clipped sum at each of its steps, before it is quantised */
  readonly plant?: (sum: Float64Array) => void
  readonly watch?: (round: RehearsedRound) => void
}

/** Deviation of one hospital's noise in the sum of a round of training, integer units: that of all its steps together. */
export function sigmaOf(document: StudyDocument, contributors: number): number {
  return noiseInSum(document.privacy, planStudy(document), contributors) / Math.sqrt(contributors)
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
  const plan = planStudy(document)
  const trainers = parts.map(dataset => createTrainer({ document, dataset, backend, rng }))
  let checkpoint = initialCheckpoint(document)
  try {
    for (let round = firstRound(document); round <= document.rounds; round++) {
      const { dimension } = sumIn(plan, round)
      const opened = { sum: new Int32Array(dimension), clear: new Int32Array(dimension), noise: [] as Int32Array[] }
      for (const [hospital, trainer] of trainers.entries()) {
        const overheard = overhear(trainer, { plan, plant: hospital === 0 ? plant : undefined })
        const update = trainUpdate({ document, plan, trainer: overheard.trainer, checkpoint, round }, rng)
        const honest = () => noiseOfSum(document.privacy, sumIn(plan, round), parts.length)
        const words = noisedUpdate(update, init.noising === undefined ? honest() : init.noising(honest), rng)
        addTo(opened.sum, words)
        if (watch === undefined || roundKind(round) === 'statistics') continue
        addTo(opened.clear, overheard.clear)
        opened.noise.push(words.map((word, at) => word - overheard.planted[at]!))
      }
      if (roundKind(round) === 'training') watch?.(opened)
      checkpoint = nextCheckpoint(checkpoint, opened.sum, { document, plan, round })
    }
  } finally {
    for (const trainer of trainers) trainer.dispose()
  }
  return checkpoint
}

/** A trainer that tells what it gave, step by step added up, before and after something was planted. */
function overhear(
  trainer: Trainer,
  { plan, plant }: { plan: StudyPlan; plant: RehearsalInit['plant'] },
): { trainer: Trainer; clear: Int32Array; planted: Int32Array } {
  const [clear, planted] = [new Int32Array(plan.dimension), new Int32Array(plan.dimension)]
  const { scale } = plan.fixedPoint
  const clippedSum: Trainer['clippedSum'] = model => {
    const sum = trainer.clippedSum(model)
    addTo(clear, quantise(sum, scale))
    plant?.(sum)
    addTo(planted, quantise(sum, scale))
    return sum
  }
  return { trainer: { ...trainer, clippedSum }, clear, planted }
}

function addTo(sum: Int32Array, words: Int32Array): void {
  for (let word = 0; word < sum.length; word++) sum[word]! += words[word]!
}
