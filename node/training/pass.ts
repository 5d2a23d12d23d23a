/**
 * One pass of the tensor engine over records: how much memory a record takes in it, and how many records it may have.
 *
 * The factors were measured on the WASM engine, from 28×28 to 224×224 pixels: they are within a quarter of the peaks.
 *
 * @module
 */

import { dimensionOf, parameterSpecs } from '../../protocols/study/parameters.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { trainedPresetOf } from './models/list.ts'
import { EXAMPLES_MAX } from './per-example-clipping.ts'

/** The engine never gives memory back, so a pass that needs more has fewer records instead. */
export const PASS_BYTES_MAX = 1 << 28

/** No patient of a hospital's archive that we know of has more images of one kind. */
const RECORDS_OF_UNIT_MAX = 64

const FLOAT_BYTES = 4
/** Copies of an input: the batch, its tensor, their squares. */
const INPUT_COPIES = 4
/** Numbers for each output of a hidden layer: forward, backward, patches of convolutions. */
const OUTPUT_COPIES = 22
/** Copies of a record's own gradient, where it is instantiated. */
const GRADIENT_COPIES = 4.5

type Trained = Pick<StudyDocument, 'model' | 'contract' | 'augmentation'>

/** Numbers that a pass holds for each unit of so many records, every view counted. */
export function numbersOfUnit({ model, contract, augmentation }: Trained, records = 1): number {
  const preset = trainedPresetOf(model)
  const rows = records * (augmentation?.views ?? 1)
  const specs = parameterSpecs(model, contract)
  const { outputs, instantiated } = preset.passLoad(model, contract)
  const inputs = preset.frozenFeatures === null ? sizeOf(contract.shape) : specs[0]!.shape[0]!
  const gradient = rows === 1 ? instantiated : dimensionOf(specs)
  return rows * (INPUT_COPIES * inputs + OUTPUT_COPIES * outputs) + GRADIENT_COPIES * gradient
}

/** Bytes that a pass takes for each unit of so many records. */
export function bytesOfUnit(trained: Trained, records = 1): number {
  return FLOAT_BYTES * numbersOfUnit(trained, records)
}

/** Units of one pass, each of so many records: at least one, and no more than fit in PASS_BYTES_MAX. */
export function unitsOfPass(trained: Trained, records = 1): number {
  const fitting = Math.floor(PASS_BYTES_MAX / bytesOfUnit(trained, records))
  return Math.max(1, Math.min(Math.floor(EXAMPLES_MAX / (records * (trained.augmentation?.views ?? 1))), fitting))
}

/** Most records of a unit that a study trains on: the records of a unit go through one pass together. */
export function recordsOfUnitMax(trained: Trained): number {
  const rows = Math.floor(EXAMPLES_MAX / (trained.augmentation?.views ?? 1))
  let records = Math.max(1, Math.min(RECORDS_OF_UNIT_MAX, rows))
  while (records > 1 && bytesOfUnit(trained, records) > PASS_BYTES_MAX) records--
  return records
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}
