/**
 * Runs a study's whole training in one process, with simulated hospitals, by the production code with all of its
 * noise: statistics, clipped sums of Poisson samples, local steps, fixed point, clamp, discrete Gaussian, exact sum,
 * optimizer. Masks and messages between hospitals do not change any number and are left out.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { quantise } from '../../crypto/fixed-point.ts'
import type { Rng } from '../../crypto/rng.ts'
import { type Checkpoint, initialCheckpoint } from '../../protocols/model/checkpoint.ts'
import { nextCheckpoint } from '../../protocols/model/next-checkpoint.ts'
import { noisedUpdate } from '../../protocols/secure-sum/masking.ts'
import type { Noising } from '../../protocols/study/noise/mode.ts'
import { noiseInSum, noiseOfSum } from '../../protocols/study/noise/noised-sums.ts'
import { planStudy, type StudyPlan, sumIn, sumOfKind } from '../../protocols/study/plan.ts'
import type { RoundKind } from '../../protocols/study/round-kind.ts'
import { firstRound, lastRound, roundKind } from '../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import type { Dataset } from '../datasets/dataset.ts'
import type { Backend } from '../training/backend.ts'
import { createTrainer } from '../training/data-trainer.ts'
import type { Trainer } from '../training/trainer.ts'
import { trainUpdate } from '../worker/local-update.ts'

/** A round's opened sum, and values that only a rehearsal knows; all in integer units, d words each. */
export interface RehearsedRound {
  readonly kind: RoundKind
  readonly sum: Int32Array
  /** the same without planted values and without noise, over all local steps */
  readonly clear: Int32Array
  /** each hospital's noise, over all its steps */
  readonly noise: readonly Int32Array[]
}

export interface RehearsalInit {
  readonly document: StudyDocument
  /** each hospital's records */
  readonly parts: readonly Dataset[]
  readonly backend: Backend
  /** for samples and noise; cryptographically secure */
  readonly rng: Rng
  /** replaces the noise that the document prescribes for as many contributors as there are parts */
  readonly noising?: (honest: () => Noising) => Noising
  /** changes the first hospital's clipped sum at each of its steps, before quantisation */
  readonly plant?: (sum: Float64Array) => void
  /** called for every round; the statistics round has few words, so it is opened several times */
  readonly watch?: (round: RehearsedRound) => void
}

/** Words of statistics that a watcher sees, at least: enough to measure the noise to about a hundredth. */
const STATISTICS_WORDS_MIN = 4000

/** Standard deviation of one hospital's noise in the sum of a round, over all its steps; integer units. */
export function sigmaOf(document: StudyDocument, contributors: number, kind: RoundKind = 'training'): number {
  const sum = sumOfKind(planStudy(document), kind)
  return noiseInSum(document.privacy, sum, contributors) / Math.sqrt(contributors)
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
  const hospitals = trainers.map((trainer, at) => new Overheard(trainer, { plan, plant: at === 0 ? plant : undefined }))
  const openRound = (round: number, checkpoint: Checkpoint): RehearsedRound => {
    const { dimension } = sumIn(plan, round)
    const opened = { sum: new Int32Array(dimension), clear: new Int32Array(dimension), noise: [] as Int32Array[] }
    for (const hospital of hospitals) {
      const [clear, planted] = hospital.begin(dimension)
      const update = trainUpdate({ document, plan, trainer: hospital.trainer, checkpoint, round }, rng)
      const honest = () => noiseOfSum(document.privacy, sumIn(plan, round), parts.length)
      const words = noisedUpdate(update, init.noising === undefined ? honest() : init.noising(honest), rng)
      addTo(opened.sum, words)
      if (watch === undefined) continue
      addTo(opened.clear, clear)
      opened.noise.push(words.map((word, at) => word - planted[at]!))
    }
    return { kind: roundKind(document, round), ...opened }
  }
  let checkpoint = initialCheckpoint(document)
  try {
    for (let round = firstRound(document); round <= lastRound(document); round++) {
      let opened = openRound(round, checkpoint)
      watch?.(opened)
      const again = watch !== undefined && opened.kind === 'statistics'
      for (let seen = opened.sum.length; again && seen < STATISTICS_WORDS_MIN; seen += opened.sum.length) {
        opened = openRound(round, checkpoint)
        watch(opened)
      }
      checkpoint = nextCheckpoint(checkpoint, opened.sum, { document, plan, round })
    }
  } finally {
    for (const trainer of trainers) trainer.dispose()
  }
  return checkpoint
}

/** A trainer that records its round's sum over all steps, before and after planting. */
class Overheard {
  readonly trainer: Trainer
  #clear = new Int32Array(0)
  #planted = new Int32Array(0)
  /** of all records; computed once */
  #statistics: Float64Array | undefined

  constructor(trainer: Trainer, { plan, plant }: { plan: StudyPlan; plant: RehearsalInit['plant'] }) {
    this.trainer = {
      ...trainer,
      clippedSum: model => {
        const { scale } = plan.fixedPoint
        const sum = trainer.clippedSum(model)
        addTo(this.#clear, quantise(sum, scale))
        plant?.(sum)
        addTo(this.#planted, quantise(sum, scale))
        return sum
      },
      statisticsSum: () => {
        this.#statistics ??= trainer.statisticsSum()
        const words = quantise(this.#statistics, (plan.statistics ?? plan).fixedPoint.scale)
        addTo(this.#clear, words)
        addTo(this.#planted, words)
        return this.#statistics
      },
    }
  }

  /** Starts a new record. @returns its two sums, which later calls of the trainer fill */
  begin(dimension: number): [clear: Int32Array, planted: Int32Array] {
    this.#clear = new Int32Array(dimension)
    this.#planted = new Int32Array(dimension)
    return [this.#clear, this.#planted]
  }
}

function addTo(sum: Int32Array, words: Int32Array): void {
  for (let word = 0; word < sum.length; word++) sum[word]! += words[word]!
}
