/**
 * What a study needs of a hospital's machine, from its document and the hospital's number of records: known before the
 * study is written, approved or started. The factors were measured; each is about right, not exact.
 *
 * @module
 */

import { ProtocolError } from '../../protocols/errors.ts'
import { SAMPLE_RATE_ONE } from '../../protocols/study/limits.ts'
import { dimensionOf, parameterSpecs } from '../../protocols/study/parameters.ts'
import type { StudyDocument } from '../../protocols/study/types.ts'
import { EXIT, OperatorError } from '../errors.ts'
import { rowFileBytesMax } from '../storage/row-file.ts'
import { trainedPresetOf } from './models/list.ts'
import { bytesOfUnit, numbersOfUnit, unitsOfPass } from './pass.ts'

/** A node with a small study: two threads, their modules, the engine, the network. */
const NODE_BYTES = 330e6
/**
 * Of values in memory, before it is known where they are: an archive's 8-bit pixels, or float32 for what is no image.
 * Records that were read from files are on disk, and take none.
 */
const VALUE_BYTES = { image: 1, other: 4 } as const
/** Parameters, momentum, average, the masked update, chunks of others, the sum. */
const BYTES_A_PARAMETER = 128
/** Checkpoints that are kept, and the vectors of a round. */
const DISK_BYTES_A_PARAMETER = 160
/** Of a training step, for each number of a record in a pass. */
const SECONDS_A_NUMBER = 1e-8
/** Of a training step, for each parameter and record: products with weights. */
const SECONDS_A_WEIGHT = 1e-9
/** Of a round's masks, noise and sums, for each parameter. */
const SECONDS_A_PARAMETER = 1.1e-6
/** What the embedded engine can address. */
const ENGINE_BYTES_MAX = 2 ** 32

export interface Needs {
  /** of the records that it is for */
  readonly records: number
  readonly memoryBytes: number
  /** in the data folder */
  readonly diskBytes: number
  /** CPU seconds before the first round, once */
  readonly startSeconds: number
  /** CPU seconds of a round */
  readonly roundSeconds: number
}

/** A hospital's records. */
export interface RecordCounts {
  readonly count: number
  /** of them, those that training counts: an image that stands there twice is one */
  readonly distinct: number
  /** bytes of memory that each of their values takes; absent before they were read */
  readonly valueBytes?: number
}

/** What a hospital's machine has. */
export interface Machine {
  readonly memoryBytes: number
  /** free in the data folder */
  readonly diskBytes: number
}

type Needing = Pick<StudyDocument, 'model' | 'contract' | 'augmentation' | 'privacy'>

/** An equal share of a study's records. */
export function equalShare({ units, hospitals }: Pick<StudyDocument, 'units' | 'hospitals'>): RecordCounts {
  const count = Math.ceil(units / hospitals.length)
  return { count, distinct: count }
}

/** What a study needs at a hospital with so many records. */
export function needsOf(document: Needing, { count, distinct, valueBytes }: RecordCounts): Needs {
  const { model, contract, privacy } = document
  const specs = parameterSpecs(model, contract)
  const dimension = dimensionOf(specs)
  const size = contract.shape.reduce((product, length) => product * length, 1)
  const bytesAValue = valueBytes ?? VALUE_BYTES[contract.kind === 'image' ? 'image' : 'other']
  const { frozenFeatures } = trainedPresetOf(model)
  const length = frozenFeatures === null ? 0 : specs[0]!.shape[0]!
  const sampled = (privacy.sampleRate / SAMPLE_RATE_ONE) * distinct
  const pass = Math.min(unitsOfPass(document), Math.ceil(sampled + 4 * Math.sqrt(sampled)))
  const trained = numbersOfUnit(document) * SECONDS_A_NUMBER + dimension * SECONDS_A_WEIGHT
  return {
    records: count,
    memoryBytes: NODE_BYTES + count * size * bytesAValue + pass * bytesOfUnit(document) + dimension * BYTES_A_PARAMETER,
    diskBytes: dimension * DISK_BYTES_A_PARAMETER + (length === 0 ? 0 : rowFileBytesMax({ count: distinct, length })),
    startSeconds: frozenFeatures === null ? 0 : distinct * frozenFeatures.seconds(contract.shape, model),
    roundSeconds: (privacy.localSteps ?? 1) * sampled * trained + dimension * SECONDS_A_PARAMETER,
  }
}

/**
 * Refuses a study that does not fit a machine, and names a setting of it that would.
 *
 * @throws OperatorError `not-enough-memory`, exit code 11; `not-enough-disk`, exit code 12
 */
export function requireCapacity(document: Needing, records: RecordCounts, machine: Machine): void {
  const lack = lackOf(document, records, machine)
  if (lack === null) return
  const setting = settingThatFits(document, records, machine)
  const { what, needed, there } = lack
  const room = what === 'disk' ? 'Make room on the disk of the data folder, or change the study: ' : ''
  const instead =
    setting === null
      ? 'No setting of this model would fit here: use a machine with more, or a smaller model.'
      : `${setting} would fit here: it is the study's, so that all hospitals approve a new one.`
  throw new OperatorError(
    `not-enough-${what}`,
    `The study needs about ${sizeText(needed)} of ${what} for ${records.count} records, and there is ${sizeText(there)}`,
    {
      hint: room + instead,
      exitCode: what === 'memory' ? EXIT.incompatibleStudy : EXIT.dataUnreadable,
    },
  )
}

interface Lack {
  readonly what: 'memory' | 'disk'
  readonly needed: number
  readonly there: number
}

function lackOf(document: Needing, records: RecordCounts, machine: Machine): Lack | null {
  const { memoryBytes, diskBytes } = needsOf(document, records)
  const there = machine.memoryBytes
  if (memoryBytes > there) return { what: 'memory', needed: memoryBytes, there }
  const record = bytesOfUnit(document)
  if (record > ENGINE_BYTES_MAX) return { what: 'memory', needed: record, there: ENGINE_BYTES_MAX }
  if (diskBytes > machine.diskBytes) return { what: 'disk', needed: diskBytes, there: machine.diskBytes }
  return null
}

/** The first setting that makes the study fit, nearest to its own; null where none does. */
function settingThatFits(document: Needing, records: RecordCounts, machine: Machine): string | null {
  const { model, contract } = document
  const models = trainedPresetOf(model)
    .smaller(model, contract)
    .map(({ spec, setting }) => ({ setting, needing: { ...document, model: spec } }))
  const images = smallerImages(document).map(needing => ({
    setting: `contract.shape = [${needing.contract.shape.join(', ')}]`,
    needing,
  }))
  const found = [...models, ...images].find(
    ({ needing }) => isPossible(needing) && lackOf(needing, records, machine) === null,
  )
  return found?.setting ?? null
}

function smallerImages(document: Needing): Needing[] {
  const { contract } = document
  if (contract.kind !== 'image') return []
  const [height, width, channels] = contract.shape
  return [2, 4, 8, 16]
    .filter(divisor => height % divisor === 0 && width % divisor === 0)
    .map(divisor => ({ ...document, contract: { ...contract, shape: [height / divisor, width / divisor, channels] } }))
}

function isPossible({ model, contract }: Pick<StudyDocument, 'model' | 'contract'>): boolean {
  try {
    return parameterSpecs(model, contract).length > 0
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

/** What a study needs of a machine, in words. @param whose the records are */
export function needsText(
  { records, memoryBytes, diskBytes, startSeconds, roundSeconds }: Needs,
  whose: 'an equal share' | 'those here',
): string {
  const once = startSeconds < 1 ? '' : `${timeText(startSeconds)} before the first round and `
  return (
    `for ${records} records (${whose}) about ${sizeText(memoryBytes)} of memory, ${sizeText(diskBytes)} of disk, ` +
    `and on one core ${once}${timeText(roundSeconds)} a round`
  )
}

function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${Math.max(1, Math.ceil(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}

function timeText(seconds: number): string {
  if (seconds < 1) return 'under a second'
  if (seconds < 100) return `${Math.round(seconds)} s`
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
