/**
 * How good a private model gets: studies of real data with eight hospitals, two of which may collude, trained by the
 * production's own steps with all of its noise, beside the same with all records in one place and only the noise that
 * one trusted place would add. No network: what travels changes no number of it.
 *
 * The settings were chosen on folds of the training images alone, in two rounds of measurement.
 *
 * @module
 */

import { randomFillSync } from 'node:crypto'
import { join } from 'node:path'
import { addDiscreteGaussian } from '../../crypto/discrete-gaussian.ts'
import { clamp, clampLimit, hospitalSigma, quantise } from '../../crypto/fixed-point.ts'
import { sha256 } from '../../crypto/hash.ts'
import { pldNoiseMultiplier } from '../../crypto/noise-multiplier.ts'
import { createSigner } from '../../crypto/signature.ts'
import { type Dataset, selectRecords } from '../../node/datasets/dataset.ts'
import { readNpz } from '../../node/datasets/npz.ts'
import { type Backend, loadBackend } from '../../node/training/backend.ts'
import { evaluate } from '../../node/training/evaluation.ts'
import { featuresOf } from '../../node/training/features.ts'
import { createTrainer } from '../../node/training/trainer.ts'
import { applySum, initialCheckpoint } from '../../protocols/round/checkpoint.ts'
import { SAMPLE_RATE_ONE, TIMING_LAN } from '../../protocols/study/constants.ts'
import { type ModelSpec, type StudyDocument, validateStudy } from '../../protocols/study/document.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { partition } from '../demo/partition.ts'
import { type Recipe, scatteringRecipe } from '../demo/recipe.ts'

const HOSPITALS = 8
const COLLUDERS = 2
const DELTA = 1e-5

export interface UtilityTask {
  readonly name: string
  /** below the data folder */
  readonly file: string
  readonly shape: readonly [number, number, number]
  readonly classes: readonly string[]
  readonly model: ModelSpec
  readonly epsilons: readonly number[]
}

export const UTILITY_TASKS: readonly UtilityTask[] = [
  {
    name: 'pneumonia-28',
    file: 'pneumonia-28/pneumonia-28.npz',
    shape: [28, 28, 1],
    classes: ['normal', 'pneumonia'],
    model: { preset: 'scattering', scales: 2, angles: 8, cell: 4 },
    epsilons: [8, 3, 1],
  },
  {
    name: 'chest-xray-64',
    file: 'chest-xray-64/chest-xray-64.npz',
    shape: [64, 64, 1],
    classes: ['normal', 'bacterial', 'viral'],
    model: { preset: 'scattering', scales: 3, angles: 4, cell: 8 },
    epsilons: [3],
  },
]

export interface UtilityRow {
  readonly task: string
  readonly epsilon: number
  /** test AUC of each seed (macro, of more than two classes) */
  readonly federated: readonly number[]
  readonly pooled: readonly number[]
}

const rng = (target: Uint8Array): void => {
  randomFillSync(target)
}

/** One row for each epsilon of a task. Noise is never seeded: a seed is that of the partition and the first parameters. */
export async function benchUtility(
  task: UtilityTask,
  { data, seeds, done }: { data: string; seeds: number; done: (row: UtilityRow) => void },
): Promise<void> {
  const backend = await loadBackend({ engine: 'auto' })
  const read = async (split: string): Promise<Dataset> => {
    const records = await readNpz(join(data, task.file), { split, shape: task.shape, classes: task.classes })
    // once for all runs: from here on the features are the records
    return featuresOf(task.model, records)
  }
  const [train, test] = [await read('train'), await read('test')]
  for (const epsilon of task.epsilons) {
    const measure = (hospitals: number) =>
      Array.from({ length: seeds }, (_, seed) => trained(backend, { task, epsilon, hospitals, seed, train, test }))
    done({ task: task.name, epsilon, federated: measure(HOSPITALS), pooled: measure(1) })
  }
}

interface Run {
  readonly task: UtilityTask
  readonly epsilon: number
  /** 1: all records in one place, which adds its noise alone and trusts itself */
  readonly hospitals: number
  readonly seed: number
  readonly train: Dataset
  readonly test: Dataset
}

function trained(backend: Backend, run: Run): number {
  const { hospitals, seed, train, test } = run
  const document = documentOf(run)
  const plan = planStudy(document)
  const parts = partition(train.labels, { hospitals, seed })
  const trainers = parts.map(part => {
    const dataset = { ...train, count: part.length, ...selectRecords(train, part) }
    return createTrainer({ document, dataset, backend, rng })
  })
  const { noiseMultiplier } = document.privacy
  const { sensitivity, scale } = plan.fixedPoint
  const shared = { noiseMultiplier, sensitivity, contributors: hospitals, colluders: hospitals === 1 ? 0 : COLLUDERS }
  const sigma = hospitalSigma(shared)
  let checkpoint = initialCheckpoint(document)
  for (let round = 0; round < document.rounds; round++) {
    const sum = new Int32Array(plan.dimension)
    for (const trainer of trainers) {
      const words = quantise(trainer.clippedSum(checkpoint.parameters), scale)
      clamp(words, clampLimit({ contributors: hospitals, sigma }))
      addDiscreteGaussian(words, sigma, rng)
      for (let word = 0; word < sum.length; word++) sum[word]! += words[word]!
    }
    checkpoint = applySum(checkpoint, sum, { scale, denominator: plan.denominator, ...document.optimizer })
  }
  const { auc } = evaluate({ backend, document, parameters: checkpoint.average, dataset: test })
  for (const trainer of trainers) trainer.dispose()
  return auc
}

/** The study of a run, on features; its noise solved for its epsilon. */
function documentOf({ task, epsilon, seed, train }: Run): StudyDocument {
  const { rounds, optimizer, privacy }: Recipe = scatteringRecipe(epsilon)
  const sampleRate = privacy.sampleRate
  const signers = Array.from({ length: HOSPITALS }, (_, at) => createSigner(sha256(Buffer.from(`utility ${at}`))))
  signers.sort((a, b) => Buffer.compare(a.id, b.id))
  return validateStudy({
    version: 1,
    name: `Utility of ${task.name}`,
    created: '2026-01-01T00:00:00Z',
    data: { kind: 'vector', shape: [train.shape[0]], classes: [...task.classes], records: train.count },
    model: { preset: 'logistic' },
    initialSeed: sha256(Buffer.from(`utility parameters ${seed}`)),
    optimizer,
    privacy: {
      noise: 'distributed',
      clippingNorm: privacy.clippingNorm,
      sampleRate: sampleRate * SAMPLE_RATE_ONE,
      noiseMultiplier: pldNoiseMultiplier({ sampleRate, steps: rounds, delta: DELTA, epsilon }),
      delta: DELTA,
      epsilon,
      colluders: COLLUDERS,
    },
    rounds,
    profile: 'byzantine',
    timing: TIMING_LAN,
    hospitals: signers.map(({ id }, at) => ({ id, name: `Hospital ${at + 1}`, addresses: [] })),
  })
}
