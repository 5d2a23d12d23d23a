// Claims of node/datasets/held-back.ts and node/training/evaluation-sum.ts: units are held back whole, by a hash alone, in
// about the share that the study says, and are in no sum of training or statistics; one unit more or less moves the counts
// by no more than the stated norm, whatever it is.

import test from 'ava'
import fc from 'fast-check'
import type { Dataset } from '../../../node/datasets/dataset.ts'
import { isHeldBack } from '../../../node/datasets/held-back.ts'
import { PATIENT_BYTES } from '../../../node/datasets/patients.ts'
import { loadBackend } from '../../../node/training/backend.ts'
import { createTrainer } from '../../../node/training/data-trainer.ts'
import { evaluationSum } from '../../../node/training/evaluation-sum.ts'
import { deployed, initialCheckpoint } from '../../../protocols/model/checkpoint.ts'
import { countsOfGroup, evaluationLayout, evaluationNorm, wholeCounts } from '../../../protocols/study/evaluation.ts'
import { scheduleOf } from '../../../protocols/study/rounds.ts'
import type { StudyDocument } from '../../../protocols/study/types.ts'
import { seededBytes, seededRng } from '../../helpers/seeded-rng.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

const SHARE = 0.25
const EVALUATION = { bins: 8, share: SHARE * 2 ** 32, units: 400, noiseMultiplier: 1, margin: 0.05 }

const studyOf = (unit: 'patient' | 'record'): StudyDocument =>
  testStudy(testSigners(4), {
    unit,
    contract: {
      kind: 'vector',
      shape: [3],
      classes: ['no', 'yes'],
      ...(unit === 'patient' && { patients: true as const }),
    },
    evaluation: EVALUATION,
    schedule: scheduleOf({ rounds: 4, statistics: false, every: 2 }),
    privacy: { ...testStudy(testSigners(4)).privacy, sampleRate: 2 ** 32 },
  })

/** Records of so many patients, three each. */
function records(patients: number, { each = 3, seed = 'records' } = {}): Dataset {
  const count = patients * each
  const bytes = seededBytes(seed, count * 3)
  return {
    count,
    shape: [3],
    inputs: Float32Array.from(bytes, byte => byte / 128 - 1),
    labels: Uint8Array.from({ length: count }, (_, record) => (bytes[3 * record]! > 128 ? 1 : 0)),
    patients: Int32Array.from({ length: count }, (_, record) => Math.floor(record / each)),
    patientHashes: seededBytes('patients', patients * PATIENT_BYTES),
  }
}

test('patients are held back whole, the same in every study, and about as many as the study says', t => {
  const dataset = records(4000)
  const isBack = isHeldBack(studyOf('patient'), dataset)
  const held = Array.from({ length: 4000 }, (_, patient) => isBack(3 * patient))
  const count = held.filter(Boolean).length
  // four standard deviations of a binomial
  t.true(Math.abs(count - 4000 * SHARE) < 4 * Math.sqrt(4000 * SHARE * (1 - SHARE)), `${count}`)
  for (let record = 0; record < dataset.count; record++) t.is(isBack(record), held[Math.floor(record / 3)]!)
  // other records of the same patients, in another order, under another name of study
  const other = {
    ...records(4000, { each: 1, seed: 'other' }),
    patients: Int32Array.from({ length: 4000 }, (_, at) => 3999 - at),
  }
  const again = isHeldBack({ ...studyOf('patient'), name: 'Another study' } as StudyDocument, other)
  t.deepEqual(
    Array.from({ length: 4000 }, (_, at) => again(3999 - at)),
    held,
  )
  t.false(isHeldBack({ unit: 'patient', evaluation: null }, dataset)(0))
  const { patientHashes: _, ...nameless } = dataset
  t.throws(() => isHeldBack(studyOf('patient'), nameless), { message: /have none/ })
})

test('who is held back is trained on in no round, and counted in every evaluation', async t => {
  for (const unit of ['patient', 'record'] as const) {
    const document = studyOf(unit)
    const dataset = records(60)
    const isBack = isHeldBack(document, dataset)
    const backend = await loadBackend({ engine: 'wasm' })
    const trainer = createTrainer({ document, dataset, backend, rng: seededRng('held') })
    const only = (wanted: boolean): Dataset => {
      // values of the other side are no numbers: whoever touches them shows it
      const inputs = (dataset.inputs as Float32Array).map((value, at) =>
        isBack(Math.floor(at / 3)) === wanted ? value : 9e9,
      )
      return { ...dataset, inputs }
    }
    const model = initialCheckpoint(document)
    const sum = trainer.clippedSum(model)
    if (unit === 'patient') {
      const alone = createTrainer({ document, dataset: only(false), backend, rng: seededRng('held') })
      t.deepEqual(alone.clippedSum(model), sum)
      t.deepEqual(
        createTrainer({ document, dataset: only(true), backend, rng: seededRng('x') }).evaluationSum(deployed(model)),
        trainer.evaluationSum(deployed(model)),
      )
      alone.dispose()
    }
    const units = unit === 'patient' ? 60 : 180
    const held = Array.from({ length: units }, (_, at) => isBack(unit === 'patient' ? 3 * at : at)).filter(
      Boolean,
    ).length
    t.is(trainer.units, units - held)
    const counts = trainer.evaluationSum(deployed(model))
    t.is(counts.length, evaluationLayout(2, 8).dimension)
    t.true(Math.abs(counts.reduce((total, count) => total + count, 0) - held) < 1e-9)
    trainer.dispose()
  }
})

test('one unit moves the counts by no more than the norm, however many records it has and whatever they are', t => {
  const unit = (classes: number) =>
    fc.array(
      fc.record({
        label: fc.integer({ min: 0, max: classes - 1 }),
        group: fc.integer({ min: 0, max: 2 }),
        probabilities: fc.array(
          fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(NaN, Infinity, -1, 2)),
          {
            minLength: classes,
            maxLength: classes,
          },
        ),
      }),
      { minLength: 1, maxLength: 6 },
    )
  const study = fc
    .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 2, max: 64 }))
    .chain(([classes, bins]) =>
      fc.tuple(
        fc.constantFrom({ classes, bins }, { classes, bins, groups: 3 }),
        fc.array(unit(classes), { minLength: 1, maxLength: 5 }),
      ),
    )
  fc.assert(
    fc.property(study, ([shape, units]) => {
      const sumOf = (some: typeof units): Float64Array => {
        const all = some.flat()
        let next = 0
        const places = some.map(({ length }) => Uint32Array.from({ length }, () => next++))
        return evaluationSum(
          {
            units: { count: some.length, recordsOf: at => places[at]! },
            labelOf: record => all[record]!.label,
            probabilitiesOf: record => Float32Array.from(all[record]!.probabilities),
            ...('groups' in shape && { groupOf: (record: number) => all[record]!.group }),
          },
          shape,
        )
      }
      const without = sumOf(units.slice(1))
      const moved = sumOf(units).map((count, at) => count - without[at]!)
      t.true(Math.hypot(...moved) <= evaluationNorm(shape.classes) * (1 + 1e-12))
    }),
    { numRuns: 300 },
  )
})

test('every unit that is held back is counted once, in the group of its value', async t => {
  const evaluation = { ...EVALUATION, subgroups: { column: 'age', bands: [40, 60] } }
  const base = studyOf('record')
  const columns = ['age', 'b', 'c'].map(name => {
    return { ...{ name, type: 'number', low: 0, high: 100 }, missing: 'leave out' } as const
  })
  const contract = {
    ...{ kind: 'table', shape: [3], classes: ['no', 'yes'], columns, label: 'ill' },
    absent: [],
  } as const
  const document = { ...base, evaluation, contract: contract as unknown as StudyDocument['contract'] }
  const random = records(200, { each: 1 })
  const inputs = (random.inputs as Float32Array).map(value => 50 + 50 * value)
  const dataset = { ...random, inputs }
  const backend = await loadBackend({ engine: 'wasm' })
  const trainer = createTrainer({ document, dataset, backend, rng: seededRng('groups') })
  const model = deployed(initialCheckpoint(document))
  const layout = evaluationLayout(2, 8, 3)
  const counts = Float32Array.from(trainer.evaluationSum(model))
  const isBack = isHeldBack(document, dataset)
  const wanted = [0, 0, 0]
  for (let record = 0; record < 200; record++) {
    const age = inputs[3 * record]!
    if (isBack(record)) wanted[age < 40 ? 0 : age < 60 ? 1 : 2]! += 1
  }
  t.true(wanted.every(count => count > 3))
  const total = (of: Float32Array) => of.reduce((sum, count) => sum + count, 0)
  t.deepEqual(
    [0, 1, 2].map(group => total(countsOfGroup(counts, layout, group))),
    wanted,
  )
  trainer.dispose()
  const together = createTrainer({
    document: { ...document, evaluation: EVALUATION },
    dataset,
    backend,
    rng: seededRng('x'),
  })
  t.deepEqual(wholeCounts(counts, layout, 0).counts, Float32Array.from(together.evaluationSum(model)))
  together.dispose()
})
