/**
 * Utility of private models: studies of real data with eight hospitals, two of which may collude, trained by the
 * production code with all of its noise, compared with the same records at one trusted site that adds only the noise
 * which it needs. There is no network, because masks and messages do not change any number.
 *
 * The settings were chosen on folds of the training images alone, by patient where patients are known.
 *
 * @module
 */

import { join } from 'node:path'
import { sha256 } from '../../crypto/hash.ts'
import { type Dataset, recordsAt } from '../../node/datasets/dataset.ts'
import { openDataset } from '../../node/datasets/open-dataset.ts'
import { PATIENT_BYTES } from '../../node/datasets/patients.ts'
import { unitsOf } from '../../node/datasets/units.ts'
import { type Backend, loadBackend } from '../../node/training/backend.ts'
import { evaluate } from '../../node/training/evaluation.ts'
import { featuresOf } from '../../node/training/features.ts'
import type { ModelSpec } from '../../protocols/study/models/list.ts'
import { FEATURE_NORM } from '../../protocols/study/models/scattering.ts'
import { partition } from '../demo/partition.ts'
import { type Recipe, scatteringRecipe } from '../demo/recipe.ts'
import { readPatients } from './patients.ts'
import { type Setting, trained } from './study-run.ts'

const HOSPITALS = 8
const COLLUDERS = 2
const DELTA = 1e-5

/** What a promise is about; `one-image` keeps the first image of each patient, so that a record is a patient. */
export const UTILITY_UNITS = ['record', 'patient', 'one-image'] as const
export type UtilityUnit = (typeof UTILITY_UNITS)[number]

export interface UtilityTask {
  readonly name: string
  /** below the data folder */
  readonly file: string
  readonly shape: readonly [number, number, number]
  readonly classes: readonly string[]
  readonly model: ModelSpec
  readonly epsilons: readonly number[]
  /** file of the records' patients, below the data folder; with it no patient's records are at two hospitals */
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
    epsilons: [3, 1],
    patients: 'chest-xray-64/names.csv',
  },
]

export interface UtilityInit {
  /** the folder of real data */
  readonly data: string
  readonly seeds: number
  /** only this epsilon */
  readonly epsilon?: number | undefined
  readonly unit: UtilityUnit
  /** whether the features' mean is paid for from epsilon */
  readonly mean: boolean
  /** false: the same features and head without noise and without clipping */
  readonly isPrivate: boolean
  /** whether all records in one place are measured as well */
  readonly pooled: boolean
}

export interface UtilityRow {
  readonly task: string
  readonly unit: UtilityUnit
  /** null: no privacy */
  readonly epsilon: number | null
  readonly mean: boolean
  /** test AUC of each seed; the macro mean for more than two classes */
  readonly federated: readonly number[]
  /** rounds of all seeds in which the bound on the sum acted, and rounds in all */
  readonly bounded: { readonly acted: number; readonly rounds: number }
  /** none where they are not asked for, and without privacy, where it is the same sum */
  readonly pooled: readonly number[]
}

/**
 * Without privacy: no gradient is as long as this norm, so that none is clipped. By the last round the AUC on folds of
 * 28x28 training images is within 0.0005 of that after a thousand.
 */
const OPEN_RECIPE: Omit<Recipe, 'model'> = {
  optimizer: { learningRate: 0.1, momentum: 0.9, averageDecay: 0.9 },
  privacy: { clippingNorm: 15, sampleRate: 1 },
  rounds: 300,
}

/** One row for each epsilon of a task. A seed determines the partition, never the noise. */
export async function benchUtility(
  task: UtilityTask,
  { done, ...init }: UtilityInit & { done: (row: UtilityRow) => void },
): Promise<void> {
  const backend = await loadBackend({ engine: 'auto' })
  const { train, test, groups } = await recordsOf(task, init)
  const { unit, mean, isPrivate, seeds } = init
  const chosen = task.epsilons.filter(epsilon => init.epsilon === undefined || epsilon === init.epsilon)
  for (const epsilon of isPrivate ? chosen : [null]) {
    const { normalisation, ...recipe } = epsilon === null ? OPEN_RECIPE : scatteringRecipe(epsilon)
    const run = {
      setting: {
        ...{ name: task.name, classes: task.classes, epsilon, delta: DELTA, colluders: COLLUDERS },
        ...{ featureNorm: FEATURE_NORM, unit: unit === 'record' ? ('record' as const) : ('patient' as const) },
      },
      recipe: { ...recipe, ...(mean && normalisation !== undefined && { normalisation }) },
    }
    const measure = (hospitals: number) =>
      Array.from({ length: seeds }, (_, seed) => {
        const shares = partition(train.labels, { hospitals, seed, groups })
        const parts = shares.map(share => recordsAt(train, share))
        return aucOf(backend, { ...run, parts, test, seed })
      })
    const [aucs, hasMean] = [
      (runs: readonly Measured[]) => runs.map(({ auc }) => auc),
      run.recipe.normalisation !== undefined,
    ]
    const pooled = epsilon === null || !init.pooled ? [] : aucs(measure(1))
    const runs = measure(HOSPITALS)
    const acted = runs.reduce((sum, one) => sum + one.bounded, 0)
    const bounded = { acted, rounds: seeds * run.recipe.rounds }
    done({ task: task.name, unit, epsilon, mean: hasMean, federated: aucs(runs), bounded, pooled })
  }
}

interface Measured {
  readonly auc: number
  readonly bounded: number
}

function aucOf(
  backend: Backend,
  init: { setting: Setting; recipe: Omit<Recipe, 'model'>; parts: Dataset[]; test: Dataset; seed: number },
): Measured {
  const { test, parts, ...run } = init
  const { document, model, bounded } = trained(backend, { ...run, parts, alone: parts.length === 1 })
  // nothing is asked of a model about whose test records are
  const dataset = document.contract.patients ? { ...test, patients: new Int32Array(test.count) } : test
  return { auc: evaluate({ backend, document, ...model, dataset }).auc, bounded }
}

/** A task's records as features, once for all runs, and whose those of the training are. */
export async function recordsOf(
  task: UtilityTask,
  { data, unit }: Pick<UtilityInit, 'data' | 'unit'>,
): Promise<{ train: Dataset; test: Dataset; groups: string[] | undefined; validation: Dataset | undefined }> {
  const read = (split: string): Promise<Dataset> =>
    openDataset(join(data, task.file), { split, shape: task.shape, classes: task.classes })
  const featured = (records: Dataset): Dataset => {
    const contract = { kind: 'image' as const, shape: [...task.shape] as [number, number, number] }
    return featuresOf({ model: task.model, contract: { ...contract, classes: [...task.classes] } }, records)
  }
  const [images, test] = [await read('train'), featured(await read('test'))]
  if (task.patients === undefined)
    return { train: featured(images), test, groups: undefined, validation: featured(await read('val')) }
  const names = await readPatients(join(data, task.patients), { split: 'train', labels: images.labels })
  const numbers = new Map([...new Set(names)].map((name, number) => [name, number]))
  const hashes = [...numbers.keys()].map(name => sha256(Buffer.from(name)).subarray(0, PATIENT_BYTES))
  const known = {
    ...images,
    patients: Int32Array.from(names, name => numbers.get(name)!),
    patientHashes: new Uint8Array(Buffer.concat(hashes)),
  }
  const kept = unit === 'one-image' ? firstOfEach(known) : Uint32Array.from(names, (_, at) => at)
  const groups = Array.from(kept, record => names[record]!)
  return { train: featured(recordsAt(known, kept)), test, groups, validation: undefined }
}

function firstOfEach(records: Dataset): Uint32Array {
  const units = unitsOf('patient', records)
  return Uint32Array.from({ length: units.count }, (_, unit) => units.recordsOf(unit)[0]!)
}
