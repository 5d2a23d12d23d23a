/**
 * Utility of private models: studies of real data with eight hospitals, two of which may collude, trained by the
 * production code with all of its noise, compared with the same records at one trusted site that adds only the noise
 * which it needs. There is no network, because masks and messages do not change any number.
 *
 * The settings were chosen on folds of the training images alone, in two rounds of measurement.
 *
 * @module
 */

import { join } from 'node:path'
import { type Dataset, recordsAt } from '../../node/datasets/dataset.ts'
import { openDataset } from '../../node/datasets/open-dataset.ts'
import { loadBackend } from '../../node/training/backend.ts'
import { evaluate } from '../../node/training/evaluation.ts'
import { featuresOf } from '../../node/training/features.ts'
import type { ModelSpec } from '../../protocols/study/models/list.ts'
import { partition } from '../demo/partition.ts'
import { scatteringRecipe } from '../demo/recipe.ts'
import { readPatients } from './patients.ts'
import { trained } from './study-run.ts'

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
    epsilons: [3],
    patients: 'chest-xray-64/names.csv',
  },
]

export interface UtilityRow {
  readonly task: string
  readonly epsilon: number
  /** test AUC of each seed; the macro mean for more than two classes */
  readonly federated: readonly number[]
  readonly pooled: readonly number[]
}

/** One row for each epsilon of a task. A seed determines the partition and initial parameters, never the noise. */
export async function benchUtility(
  task: UtilityTask,
  { data, seeds, done }: { data: string; seeds: number; done: (row: UtilityRow) => void },
): Promise<void> {
  const backend = await loadBackend({ engine: 'auto' })
  const read = async (split: string): Promise<Dataset> => {
    const records = await openDataset(join(data, task.file), { split, shape: task.shape, classes: task.classes })
    // once for all runs: from here on the features are the records
    return featuresOf(
      {
        model: task.model,
        contract: { kind: 'image', shape: [...task.shape], classes: [...task.classes] },
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
      const parts = shares.map(share => recordsAt(train, share))
      const alone = hospitals === 1
      const { document, model } = trained(backend, { setting, recipe, parts, alone, seed })
      return evaluate({ backend, document, ...model, dataset: test }).auc
    }
    const measure = (hospitals: number) => Array.from({ length: seeds }, (_, seed) => aucOf(seed, hospitals))
    done({ task: task.name, epsilon, federated: measure(HOSPITALS), pooled: measure(1) })
  }
}
