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
import { sha256 } from '../../crypto/hash.ts'
import { pldNoiseMultiplier } from '../../crypto/noise-multiplier.ts'
import { createSigner } from '../../crypto/signature.ts'
import { rehearse } from '../../node/audit/rehearsal.ts'
import { type Dataset, selectRecords } from '../../node/datasets/dataset.ts'
import { readNpz } from '../../node/datasets/npz.ts'
import type { ModelState } from '../../node/trainer.ts'
import { type Backend, loadBackend } from '../../node/training/backend.ts'
import { evaluate } from '../../node/training/evaluation.ts'
import { featuresOf } from '../../node/training/features.ts'
import { deployed } from '../../protocols/round/checkpoint.ts'
import { SAMPLE_RATE_ONE, TIMING_LAN } from '../../protocols/study/constants.ts'
import { type ModelSpec, type StudyDocument, validateStudy } from '../../protocols/study/document.ts'
import { noiseOfSum } from '../../protocols/study/noise.ts'
import { planStudy } from '../../protocols/study/plan.ts'
import { partition } from '../demo/partition.ts'
import { type Recipe, scatteringRecipe } from '../demo/recipe.ts'
import { readHeart } from './heart.ts'
import { readPatients } from './patients.ts'

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
  /** whose records they are, below the data folder: then no patient's are at two hospitals */
  readonly patients?: string
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
    patients: 'chest-xray-64/names.csv',
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
    return featuresOf(
      {
        model: task.model,
        data: { ...task, shape: [...task.shape], classes: [...task.classes], kind: 'image', records: 1 },
      },
      records,
    )
  }
  const [train, test] = [await read('train'), await read('test')]
  const { patients } = task
  const groups = patients && (await readPatients(join(data, patients), { split: 'train', labels: train.labels }))
  for (const epsilon of task.epsilons) {
    const setting = { ...task, epsilon, delta: DELTA, colluders: COLLUDERS }
    const recipe = scatteringRecipe(epsilon)
    const aucOf = (seed: number, hospitals: number): number => {
      const shares = partition(train.labels, { hospitals, seed, groups })
      const parts = shares.map(share => ({ ...train, count: share.length, ...selectRecords(train, share) }))
      const alone = hospitals === 1
      const { document, model } = trained(backend, { setting, recipe, parts, alone, seed })
      return evaluate({ backend, document, ...model, dataset: test }).auc
    }
    const measure = (hospitals: number) => Array.from({ length: seeds }, (_, seed) => aucOf(seed, hospitals))
    done({ task: task.name, epsilon, federated: measure(HOSPITALS), pooled: measure(1) })
  }
}

/** Heart disease: accuracy, mean of the four centres; `epsilon` null is without privacy. */
export interface HeartRow {
  readonly epsilon: number | null
  readonly accuracy: readonly number[]
}

const HEART_DELTA = 1e-4
const HEART: Omit<Recipe, 'model'> = {
  optimizer: { learningRate: 0.06, momentum: 0, averageDecay: 0.9 },
  privacy: { clippingNorm: 0.8, sampleRate: 1 },
  rounds: 40,
}
/** Chosen on folds of the training rows, as well: without noise larger steps do no harm. */
const HEART_OPEN: Omit<Recipe, 'model'> = {
  optimizer: { learningRate: 0.9, momentum: 0, averageDecay: 0.9 },
  privacy: { clippingNorm: 4, sampleRate: 1 },
  rounds: 20,
}

/** The four hospitals of the heart disease data, one of which may collude; without privacy they are pooled. */
export async function benchHeart({ data, seeds }: { data: string; seeds: number }): Promise<HeartRow[]> {
  const backend = await loadBackend({ engine: 'auto' })
  const centres = await readHeart(data)
  const accuracyOf = (epsilon: number | null, seed: number): number => {
    const setting = {
      name: 'heart disease',
      classes: ['healthy', 'diseased'],
      epsilon,
      delta: HEART_DELTA,
      colluders: 1,
    }
    const recipe = epsilon === null ? HEART_OPEN : HEART
    const parts = centres.map(({ train }) => train)
    const { document, model } = trained(backend, { setting, recipe, parts, alone: false, seed })
    const each = centres.map(({ test }) => evaluate({ backend, document, ...model, dataset: test }).accuracy)
    return each.reduce((sum, value) => sum + value, 0) / each.length
  }
  return [null, 1].map(epsilon => ({
    epsilon,
    accuracy: Array.from({ length: seeds }, (_, seed) => accuracyOf(epsilon, seed)),
  }))
}

/** What a study promises, and about what. */
interface Setting {
  readonly name: string
  readonly classes: readonly string[]
  /** null: no noise */
  readonly epsilon: number | null
  readonly delta: number
  readonly colluders: number
}

interface Run {
  readonly setting: Setting
  readonly recipe: Omit<Recipe, 'model'>
  /** records of each hospital, as vectors */
  readonly parts: readonly Dataset[]
  /** whether one trusted place holds everything: it adds its noise alone */
  readonly alone: boolean
  readonly seed: number
}

function trained(backend: Backend, run: Run): { document: StudyDocument; model: ModelState } {
  const { parts, alone } = run
  const document = documentOf(run)
  // one place that is trusted with everything has nobody to withstand
  const trusted = () => noiseOfSum({ ...document.privacy, colluders: 0 }, planStudy(document), parts.length)
  const checkpoint = rehearse({ document, parts, backend, rng, ...(alone && { noising: trusted }) })
  return { document, model: deployed(checkpoint) }
}

/** The study of a run, on vectors; its noise solved for its epsilon. */
function documentOf({ setting, recipe, parts, alone, seed }: Run): StudyDocument {
  const { name, classes, epsilon, delta, colluders } = setting
  const { rounds, optimizer, privacy } = recipe
  const { sampleRate, clippingNorm } = privacy
  const hospitals = alone ? HOSPITALS : parts.length
  const signers = Array.from({ length: hospitals }, (_, at) => createSigner(sha256(Buffer.from(`utility ${at}`))))
  signers.sort((a, b) => Buffer.compare(a.id, b.id))
  const noise =
    epsilon === null
      ? { noise: 'off' as const, noiseMultiplier: 0, epsilon: 0 }
      : {
          noise: 'distributed' as const,
          noiseMultiplier: pldNoiseMultiplier({ sampleRate, steps: rounds, delta, epsilon }),
          epsilon,
        }
  const records = parts.reduce((sum, { count }) => sum + count, 0)
  return validateStudy({
    version: 1,
    name: `Utility of ${name}`,
    created: '2026-01-01T00:00:00Z',
    data: { kind: 'vector', shape: [parts[0]?.shape[0]], classes: [...classes], records },
    model: { preset: 'logistic' },
    initialSeed: sha256(Buffer.from(`utility parameters ${seed}`)),
    optimizer,
    privacy: { ...noise, clippingNorm, sampleRate: sampleRate * SAMPLE_RATE_ONE, delta, colluders },
    rounds,
    profile: 'byzantine',
    timing: TIMING_LAN,
    hospitals: signers.map(({ id }, at) => ({ id, name: `Hospital ${at + 1}`, addresses: [] })),
  })
}
