// Claims of training with the patient as the unit (data-trainer.ts, per-example-clipping.ts, distinct.ts, normaliser.ts):
// a patient is sampled as a whole, the gradients of its records are summed and the sum is clipped as one, so that a patient
// changes a round's sum by at most 0.99·C, whatever the number of its records; and no patient's records decide what another
// patient adds.

import test from 'ava'
import fc from 'fast-check'
import { type Dataset, recordsAt, selectRecords } from '../../../node/datasets/dataset.ts'
import { distinctRecords, repeatedRecords } from '../../../node/datasets/distinct.ts'
import { unitsOf } from '../../../node/datasets/units.ts'
import type { Backend } from '../../../node/training/backend.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { buildModel } from '../../../node/training/model.ts'
import { statisticsOf } from '../../../node/training/normaliser.ts'
import { recordsOfUnitMax } from '../../../node/training/pass.ts'
import { CLIP_MARGIN } from '../../../node/training/per-example-clipping.ts'
import { poissonSample } from '../../../node/training/sampler.ts'
import { initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { loopClippedSum } from '../../../sim/bench/reference.ts'
import { inputsOf, type WholeDataset } from '../../helpers/inputs.ts'
import { seededRng } from '../../helpers/seeded-rng.ts'
import { distance, images, norm, onEveryEngine, testBatch } from './engines.ts'

const DATA = { ...images([6, 6, 1]), patients: true as const }
const CLIPPING_NORM = 0.5
/** Of a clipped sum in float32. */
const ROUNDING = 1e-5

function study(more: Partial<StudyDocument> & { sampleRate?: number } = {}): StudyDocument {
  const { sampleRate = 1, ...rest } = more
  return {
    unit: 'patient',
    contract: DATA,
    model: { preset: 'mlp', units: [8] },
    initialSeed: new Uint8Array(32),
    privacy: { clippingNorm: CLIPPING_NORM, sampleRate: sampleRate * 2 ** 32 },
    ...rest,
  } as StudyDocument
}

/** Records of patients who have `sizes` records each, dealt in turn, so that no patient's stand side by side. */
function recordsOf(sizes: readonly number[], label = 'patients'): WholeDataset {
  const patients = sizes.flatMap((size, patient) => Array.from({ length: size }, (_, turn) => ({ patient, turn })))
  patients.sort((a, b) => a.turn - b.turn)
  const count = patients.length
  const { inputs, labels } = testBatch(label, { spec: { preset: 'logistic' }, data: DATA, count })
  return { count, shape: DATA.shape, inputs, labels, patients: Int32Array.from(patients, ({ patient }) => patient) }
}

function sumOf(backend: Backend, document: StudyDocument, dataset: Dataset, seed = 'sum'): Float64Array {
  const trainer = createTrainer({ document, dataset, backend, rng: seededRng(seed) })
  try {
    return trainer.clippedSum(initialCheckpoint(document))
  } finally {
    trainer.dispose()
  }
}

test.serial(
  'the sum is over sampled patients: the sum of a patient’s gradients, one by one, clipped as one',
  async t => {
    const sizes = Array.from({ length: 300 }, (_, patient) => 1 + (patient % 7) + (patient === 11 ? 30 : 0))
    const [document, dataset] = [study({ sampleRate: 0.5 }), recordsOf(sizes)]
    const start = initialCheckpoint(document)
    const sample = poissonSample(sizes.length, document.privacy.sampleRate, seededRng('sum'))
    t.true(sample.length > 100 && sample.length < 200)
    await onEveryEngine(t, backend => {
      const model = buildModel(backend.tf, document.model, DATA)
      const expected = new Float64Array(start.parameters.length)
      const units = unitsOf('patient', dataset)
      for (const patient of sample) {
        const batch = { parameters: start.parameters, ...selectRecords(dataset, units.recordsOf(patient)) }
        const { sum } = loopClippedSum(backend, { model, clippingNorm: 1e9 }, batch)
        const factor = Math.min(1, (CLIP_MARGIN * CLIPPING_NORM) / norm(sum))
        sum.forEach((value, at) => {
          expected[at]! += factor * value
        })
      }
      model.dispose()
      t.true(distance(sumOf(backend, document, dataset), expected) <= 1e-4 * norm(expected))
    })
  },
)

test.serial(
  'a patient of thirty records that all point the same way changes a sum by at most the clipping norm',
  async t => {
    const others = recordsOf([1, 2, 3, 4, 5])
    const { inputs, labels } = selectRecords(others, Uint32Array.of(0))
    const copies = Uint32Array.from({ length: 30 }, (_, at) => others.count + at)
    // images of one scene are almost the same: their gradients are aligned
    const aligned = Float32Array.from({ length: 30 * inputs.length }, (_, at) => {
      const value = inputs[at % inputs.length]!
      return value + (at % 97) * 1e-6
    })
    const whole: Dataset = {
      count: others.count + 30,
      shape: DATA.shape,
      inputs: Float32Array.of(...others.inputs, ...aligned),
      labels: Int32Array.of(...others.labels, ...Array.from({ length: 30 }, () => labels[0]!)),
      patients: Int32Array.of(...others.patients!, ...Array.from({ length: 30 }, () => 99)),
    }
    await onEveryEngine(t, backend => {
      const added = distance(sumOf(backend, study(), whole), sumOf(backend, study(), others))
      t.true(added <= CLIP_MARGIN * CLIPPING_NORM + ROUNDING, `${added}`)
      t.true(added > 0.9 * CLIPPING_NORM)
      // the same records by themselves add about thirty times as much
      const ofRecords = { ...study(), unit: 'record' as const }
      const paid = distance(sumOf(backend, ofRecords, whole), sumOf(backend, ofRecords, others))
      t.true(paid > 20 * CLIPPING_NORM, `${paid}`)
      const alone = sumOf(backend, study(), recordsAt(whole, copies))
      t.true(norm(alone) <= CLIP_MARGIN * CLIPPING_NORM + ROUNDING)
    })
  },
)

test('one image under two patients stays with both, and neither changes what the other adds', t => {
  const dataset = recordsOf([2, 2, 1])
  const size = 36
  // record 0 of patient 0 is also record 3 of patient 1, with another label
  const inputs = dataset.inputs.slice()
  const [own, twin] = [dataset.patients!.indexOf(0), dataset.patients!.lastIndexOf(1)]
  inputs.copyWithin(twin * size, own * size, (own + 1) * size)
  const labels = Int32Array.from(dataset.labels)
  labels[twin] = 1 - labels[own]!
  const both = { ...dataset, inputs, labels }
  const by = { unit: 'patient' as const, recordsMax: 64 }
  t.is(distinctRecords(both, by), both)
  t.is(distinctRecords(both, { ...by, unit: 'record' }).count, dataset.count - 2)
})

test('what counts of a patient follows from that patient alone', t => {
  const arbitrary = fc.array(fc.tuple(fc.nat(3), fc.nat(4), fc.nat(1)), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(arbitrary, fc.integer({ min: 1, max: 4 }), (rows, recordsMax) => {
      const dataset: Dataset = {
        count: rows.length,
        shape: [1, 1, 1],
        inputs: Float32Array.from(rows, ([, pixel]) => pixel / 4),
        labels: Int32Array.from(rows, ([, , label]) => label),
        patients: Int32Array.from(rows, ([patient]) => patient),
      }
      const by = { unit: 'patient' as const, recordsMax }
      const shown = (records: Dataset, patient: number): string[] => {
        const { labels, patients } = records
        const inputs = inputsOf(records)
        return [...inputs.keys()].filter(at => patients![at] === patient).map(at => `${inputs[at]} ${labels[at]}`)
      }
      const counted = distinctRecords(dataset, by)
      for (const patient of new Set(dataset.patients)) {
        const alone = Uint32Array.from(rows.keys()).filter(at => rows[at]![0] === patient)
        const expected = shown(distinctRecords(recordsAt(dataset, alone), by), patient)
        t.deepEqual(shown(counted, patient), expected)
        t.true(expected.length <= recordsMax)
        t.is(new Set(expected.map(text => text.split(' ')[0])).size, expected.length)
      }
    }),
  )
})

test('a unit has no more records than go through one pass, also with views', t => {
  t.is(recordsOfUnitMax(study()), 64)
  t.is(recordsOfUnitMax(study({ augmentation: { views: 16, shift: 1, flip: false } })), 16)
  const wide = study({ contract: { ...images([1024, 1024, 3]), patients: true } })
  t.true(recordsOfUnitMax(wide) < 64 && recordsOfUnitMax(wide) >= 1)
})

test('a patient counts once in the statistics, with the means over its records', t => {
  const contract = { kind: 'vector' as const, shape: [2] as [number], classes: ['a', 'b'], patients: true as const }
  const dataset: Dataset = {
    ...{ count: 4, shape: [2], inputs: Float32Array.of(1, -1, 0.5, 0.5, 0, 0, -1, 1), labels: new Int32Array(4) },
    patients: Int32Array.of(7, 3, 7, 7),
  }
  const sums = statisticsOf({ contract }, dataset, unitsOf('patient', dataset))
  const expected = [(1 + 0 - 1) / 3 + 0.5, (-1 + 0 + 1) / 3 + 0.5, 2 / 3 + 0.25, 2 / 3 + 0.25, 2]
  sums.forEach((sum, at) => {
    t.true(Math.abs(sum - CLIP_MARGIN * expected[at]!) < 1e-12)
  })
})

test('a repeat is counted within its patient where the patient is the unit, and anywhere where the record is', t => {
  const dataset = recordsAt(recordsOf([2, 1, 1]), Uint32Array.of(0, 1, 2, 3, 0, 0))
  const [first] = dataset.patients!
  // the last record is the same image, of another patient
  const patients = Int32Array.from(dataset.patients!, (patient, at) => (at === 5 ? first! + 1 : patient))
  t.is(repeatedRecords({ ...dataset, patients }, 'record'), 2)
  t.is(repeatedRecords({ ...dataset, patients }, 'patient'), 1)
})
