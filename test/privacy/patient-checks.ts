/** Checks of what a patient adds to a sum where the patient is the unit, whatever the number of its records. @module */

import type { Dataset } from '../../node/datasets/dataset.ts'
import { inputsOf } from '../helpers/inputs.ts'
import { promised } from './expected.ts'
import type { Finding } from './noise-statistics.ts'
import { type Check, createOpeningTestbed, nobody, type TestbedInit, vectors, within } from './opening.ts'

const NO_NOISE = { noise: 'off' as const, noiseMultiplier: 0, epsilon: 0 }
const RECORDS = 30

/** Some records of one patient. */
interface Patient {
  readonly patient: number
  readonly records: Dataset
}

/** A hospital's records, patient after patient. */
function together(patients: readonly Patient[]): Dataset {
  const [first] = patients as [Patient, ...Patient[]]
  return {
    count: patients.reduce((sum, { records }) => sum + records.count, 0),
    shape: first.records.shape,
    inputs: Float32Array.from(patients.flatMap(({ records }) => [...inputsOf(records)])),
    labels: Uint8Array.from(patients.flatMap(({ records }) => [...records.labels])),
    patients: Int32Array.from(patients.flatMap(({ patient, records }) => Array.from(records.labels, () => patient))),
  }
}

function empty(like: Dataset): Dataset {
  return { ...vectors(like.shape[0]!, []), shape: like.shape, patients: new Int32Array(0) }
}

/** How far one more patient moves what a hospital's patients open, in units of what it may. */
async function movedBy(
  init: Pick<TestbedInit, 'inputs' | 'statistics' | 'featureNorm' | 'image'>,
  { crowd, added, round }: { crowd: Patient[]; added: Patient; round: number },
): Promise<number> {
  const sumOf = (patients: Patient[]) => {
    const own = together(patients)
    const records = [own, ...nobody(init.inputs, 2).map(() => empty(own))]
    return within(createOpeningTestbed({ ...init, unit: 'patient', privacy: NO_NOISE, records }), testbed => {
      testbed.train(round)
      const sum = testbed.open(round)
      return { sum, allowed: promised(testbed.document, sum.length).sensitivity }
    })
  }
  const [without, { sum, allowed }] = [await sumOf(crowd), await sumOf([...crowd, added])]
  return Math.sqrt(sum.reduce((total, word, at) => total + (word - without.sum[at]!) ** 2, 0)) / allowed
}

function verdict(moved: number, what: string): Finding {
  const measured = `${moved.toFixed(3)} Δ_int`
  return moved <= 1 ? { wrong: null, measured } : { wrong: `${what} moves the sum by ${measured}`, measured }
}

const INPUTS = 40

/** Records of a patient whose gradients all point the same way. */
function aligned(patient: number, value: number): Patient {
  const row = Array.from({ length: INPUTS }, (_, at): [number, number] => [at, value])
  const rows = Array.from({ length: RECORDS }, () => row)
  return { patient, records: vectors(INPUTS, rows) }
}

function alone(patient: number, value: number): Patient {
  return { patient, records: vectors(INPUTS, [Array.from({ length: INPUTS }, (_, at) => [at, value])]) }
}

const PATIENT: Check = {
  name: 'patient',
  claim: 'a patient of thirty aligned records moves the sum by at most Δ_int',
  run: async () =>
    verdict(
      await movedBy({ inputs: INPUTS }, { crowd: [alone(0, 0.3), aligned(1, -0.9)], added: aligned(2, 5), round: 1 }),
      `a patient of ${RECORDS} records`,
    ),
}

const PATIENT_STATISTICS: Check = {
  name: 'patient-statistics',
  claim: 'a patient of thirty records moves the statistics by at most Δ_int',
  run: async () =>
    verdict(
      await movedBy(
        { inputs: INPUTS, statistics: 1 },
        { crowd: [alone(0, 0.3), aligned(1, -0.9)], added: aligned(2, 1e30), round: 0 },
      ),
      `a patient of ${RECORDS} records`,
    ),
}

const PATIENT_MEAN: Check = {
  name: 'patient-mean',
  claim: 'a patient of thirty records moves the sum of features by at most their norm in Δ_int',
  run: async () =>
    verdict(
      await movedBy(
        { inputs: INPUTS, featureNorm: 3 },
        { crowd: [alone(0, 0.3), aligned(1, -0.9)], added: aligned(2, 5), round: 0 },
      ),
      `a patient of ${RECORDS} records`,
    ),
}

const SIDE = 4
const IMAGE = SIDE * SIDE

/** A patient with one image each of some bright pixels. */
function withImages(patient: number, pixels: readonly number[], label: number): Patient {
  const rows = pixels.map((pixel): [number, number][] => [[pixel, 1]])
  const records = { ...vectors(IMAGE, rows), shape: [SIDE, SIDE, 1], labels: Uint8Array.from(pixels, () => label) }
  return { patient, records }
}

const SHARED_IMAGE: Check = {
  name: 'shared-image',
  claim: 'a patient with an image that another patient has as well changes what that patient adds by nothing',
  run: async () => {
    let worst = 0
    for (const label of [0, 1]) {
      const moved = await movedBy(
        { inputs: IMAGE, image: [SIDE, SIDE, 1] },
        {
          crowd: [withImages(0, [1, 2, 3], 0), withImages(1, [4], 1)],
          added: withImages(2, [1, 2, 3], label),
          round: 1,
        },
      )
      worst = Math.max(worst, moved)
      // whoever has the images of another with the other label adds a gradient of its own, as long as any other's
      if (!(moved > 0.5)) return { wrong: `a patient with another's images adds ${moved} Δ_int`, measured: '' }
    }
    return verdict(worst, "a patient with another's images")
  },
}

export const PATIENT_CHECKS: readonly Check[] = [PATIENT, PATIENT_STATISTICS, PATIENT_MEAN, SHARED_IMAGE]
