// Claims of tuning: settings are tried with the study's own noise by cross-validation, the best comes first, patients are
// counted where they are the unit, and features are centred by their mean where the study centres them, with its noise.

import test from 'ava'
import { RandomReader } from '../../../crypto/rng.ts'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { parseStudySpec, type StudySpec } from '../../../node/study/study-spec.ts'
import { plannedHospitals } from '../../../node/study/templates.ts'
import { meanOf, tune } from '../../../node/study/tuning.ts'
import { loadBackend } from '../../../node/training/backend.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'

const CONTRACT = ['kind = "vector"', 'shape = [2]', 'classes = ["low", "high"]']

function specOf({ epsilon = 8, contract = CONTRACT } = {}): StudySpec {
  const text = [
    ...['name = "Tried"', 'rounds = 5', 'units = 120', '[contract]', ...contract],
    ...['[model]', 'preset = "logistic"', '[optimizer]', 'learningRate = 1', 'momentum = 0', 'averageDecay = 0'],
    ...['[privacy]', `epsilon = ${epsilon}`, 'delta = 1e-4', 'clippingNorm = 1', 'sampleRate = 1'],
  ].join('\n')
  return { ...parseStudySpec(text, 'spec', { hospitals: 'later' }), hospital: plannedHospitals(4) }
}

/** Two classes that a line separates; with patients, whose records are two each. */
function records(count: number, { patients = false } = {}): Dataset {
  const labels = Int32Array.from({ length: count }, (_, at) => at % 2)
  const inputs = Float32Array.from({ length: 2 * count }, (_, at) => (labels[at >> 1] === 1 ? 1 : -1) + 0.01 * (at % 7))
  return { count, shape: [2], inputs, labels, ...(patients && { patients: labels.map((_, at) => at >> 1) }) }
}

const backend = await loadBackend({ engine: 'wasm' })
const setting = { rounds: 5, learningRate: 1, clippingNorm: 1 }

test('the setting that learns comes first, with a figure of each fold', t => {
  const settings = [{ ...setting, learningRate: 1e-3, clippingNorm: 1e-6 }, setting]
  const seen: [number, number][] = []
  const rows = tune({
    ...{ spec: specOf(), dataset: records(120), settings, folds: 3, backend, rng: seededRng('folds') },
    progress: (done, of) => void seen.push([done, of]),
  })
  t.is(rows.length, 2)
  t.like(rows[0], setting)
  t.is(rows[0]!.auc.length, 3)
  t.true(meanOf(rows[0]!.accuracy) > 0.9, String(rows[0]!.accuracy))
  t.deepEqual(seen.at(-1), [6, 6])
})

test('the noise is that of the study: a promise a thousand times as strong leaves nothing to learn', t => {
  const accuracyAt = (epsilon: number): number => {
    const one = { spec: specOf({ epsilon }), dataset: records(120), settings: [setting], folds: 3, backend }
    return meanOf(['a', 'b', 'c', 'd'].flatMap(seed => tune({ ...one, rng: seededRng(seed) })[0]!.accuracy))
  }
  t.true(accuracyAt(8) > 0.9)
  t.true(accuracyAt(0.008) < 0.8)
})

test('too few records for the folds and hospitals are refused', t => {
  const few = { spec: specOf(), settings: [setting], folds: 3, backend, rng: seededRng('folds') }
  t.throws(() => tune({ ...few, dataset: records(11) }), { code: 'too-few-records' })
  t.notThrows(() => tune({ ...few, dataset: records(12) }))
  const contract = [...CONTRACT, 'patients = true']
  // two records of each: half as many patients
  const spec = specOf({ contract })
  t.throws(() => tune({ ...few, spec, dataset: records(22, { patients: true }) }), { code: 'too-few-records' })
  t.notThrows(() => tune({ ...few, spec, dataset: records(24, { patients: true }) }))
})

/** Grain alone: what is learnt of it is chance, so that no two models have the same figures. */
function images(count: number): Dataset {
  const grain = new RandomReader(seededRng('grain'))
  const inputs = Float32Array.from({ length: 64 * count }, () => grain.uniformBelow(1000) / 1000)
  return { count, shape: [8, 8, 1], inputs, labels: Int32Array.from({ length: count }, (_, at) => at % 2) }
}

test('a study on centred features is tried with their mean, whose noise is that of the study', t => {
  const contract = ['kind = "image"', 'shape = [8, 8, 1]', 'classes = ["low", "high"]']
  const plain = { ...specOf({ contract }), model: { preset: 'scattering', scales: 1, angles: 2, cell: 4 } } as StudySpec
  const rowWith = (spec: StudySpec) =>
    tune({
      ...{ spec, dataset: images(60), settings: [setting], folds: 2, backend, rng: seededRng('folds') },
    })[0]!
  const [most, least] = [0.5, 0.001].map(share => rowWith({ ...plain, normalisation: { share } }))
  t.true(most!.auc.every(Number.isFinite))
  t.notDeepEqual(most, rowWith(plain), 'the mean is used')
  t.notDeepEqual(most, least, 'and has the noise of its share')
})
