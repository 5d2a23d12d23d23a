/**
 * Checkpoints: the initial model, and the encoding of a model's state.
 *
 * Parameters must be bit-identical at every peer, whatever its JavaScript engine. Therefore they are computed in plain
 * JavaScript: + − × ÷ and square root in float64, in a fixed order, rounded to float32 once where an array is written.
 * ECMAScript requires IEEE 754 results of these operations and forbids fusing them.
 *
 * @module
 */

import { TAG_CHECKPOINT, TAG_INITIAL } from '../../crypto/domain.ts'
import { sha256 } from '../../crypto/hash.ts'
import { maskStream } from '../../crypto/mask-stream.ts'
import { fromBytes, toBytes } from '../../crypto/ring.ts'
import { encode } from '../encoding/codec.ts'
import { ProtocolError } from '../errors.ts'
import type { Normalisation } from '../study/normalisation.ts'
import { normalisationAtStart, normalisationLength } from '../study/normalisation-kinds.ts'
import { dimensionOf, parameterSpecs } from '../study/parameters.ts'
import { tableLength } from '../study/table.ts'
import type { StudyDocument } from '../study/types.ts'
import {
  EVALUATION_PARTS,
  type EvaluationState,
  evaluationAtStart,
  evaluationLengths,
  evaluationOf,
  evaluationValues,
} from './evaluation-state.ts'
import { influenceAtStart, influenceLength } from './influence.ts'

/** The state of a study after `round` steps of training, or as many rounds of a table: three float32 vectors of the model's dimension. */
export interface Checkpoint {
  round: number
  /** what its kind keeps, see `normalisationLength`; empty in studies without normalisation */
  normalisation: Normalisation
  parameters: Float32Array
  momentum: Float32Array
  /** Moving average of the parameters, which is evaluated and deployed. */
  average: Float32Array
  /** what evaluations have shown, and the best model; null in studies without */
  evaluation: EvaluationState | null
  /** how often the bound on a sum has acted, and the last lengths: see influence.ts; empty in studies without a bound */
  influence: Float32Array
  /** the sums of all rounds so far, in units, in studies with a table: see `tableLayout`; empty in studies without */
  table: Float32Array
}

const MAGIC = new Uint8Array([0x63, 0x66, 0x63, 0x70]) // "cfcp"
const FORMAT = 3
/** Magic, version, round, number of parts. */
const HEADER_BYTES = 16
/** Of a part in the header: its name and length. */
const PART_BYTES = 8
const WORD_BYTES = 4
const TWO_31 = 2 ** 31

/**
 * The checkpoint of round 0. Coordinate i of a uniform tensor is (w_i / 2^31 − 1) · limit, where w_i is word i of
 * the mask stream under SHA-256(tag ‖ initialSeed ‖ encode(model)). Coordinates of constant tensors skip their words.
 *
 * @throws ProtocolError `unsupported-model` as `parameterSpecs` does
 */
export function initialCheckpoint(document: StudyDocument): Checkpoint {
  const specs = parameterSpecs(document.model, document.contract)
  const dimension = dimensionOf(specs)
  const key = sha256(TAG_INITIAL, document.initialSeed, encode(document.model))
  const words = maskStream(key, { start: 0, words: dimension })
  const parameters = new Float32Array(dimension)
  let start = 0
  for (const { shape, initial } of specs) {
    const end = start + shape.reduce((product, length) => product * length, 1)
    if (initial.kind === 'constant') parameters.fill(initial.value, start, end)
    else for (let i = start; i < end; i++) parameters[i] = (words[i]! / TWO_31 - 1) * initial.limit
    start = end
  }
  const normalisation = normalisationAtStart(document)
  const model = { parameters, momentum: new Float32Array(dimension), average: parameters.slice() }
  const table = new Float32Array(tableLength(document))
  const influence = influenceAtStart(document)
  return { round: 0, normalisation, ...model, evaluation: evaluationAtStart(document, model), influence, table }
}

/** The part of a checkpoint that is evaluated and deployed. */
export function deployed({ average, normalisation }: Checkpoint): Pick<Checkpoint, 'parameters' | 'normalisation'> {
  return { parameters: average, normalisation }
}

/** The parts of a checkpoint's bytes, by their names of four letters, in their order. A later version may add some. */
function partsOf(checkpoint: Checkpoint): [name: string, values: Float32Array][] {
  const { parameters, momentum, average, normalisation, evaluation, influence, table } = checkpoint
  const parts: [string, Float32Array][] = [
    ['para', parameters],
    ['mome', momentum],
    ['aver', average],
  ]
  if (normalisation.length > 0) parts.push(['norm', normalisation])
  if (influence.length > 0) parts.push(['infl', influence])
  if (table.length > 0) parts.push(['tabl', table])
  if (evaluation === null) return parts
  const values = evaluationValues(evaluation)
  return [...parts, ...values.map((value, at): [string, Float32Array] => [EVALUATION_PARTS[at]!, value])]
}

/**
 * Bytes of a checkpoint, which say themselves what is in them: magic, u32be version 3, u32be round, u32be number of
 * parts; then of each part its name, four ASCII letters, and u32be number of floats; then the parts as little-endian
 * float32. The part `norm` is there in studies with a normalisation, `infl` in those with a bound on the sum, `tabl` in
 * those with a table, the parts of `EVALUATION_PARTS` in those with evaluations.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const dimension = checkpoint.parameters.length
  if ([checkpoint.momentum, checkpoint.average].some(vector => vector.length !== dimension)) {
    throw new ProtocolError('malformed-checkpoint', 'The vectors of a checkpoint differ in length')
  }
  const parts = partsOf(checkpoint)
  const header = headerOf(
    checkpoint.round,
    parts.map(([name, { length }]) => [name, length]),
  )
  const floats = parts.reduce((sum, [, { length }]) => sum + length, 0)
  const bytes = new Uint8Array(header.length + WORD_BYTES * floats)
  bytes.set(header)
  let start = header.length
  for (const [, vector] of parts) {
    bytes.set(toBytes(new Uint32Array(vector.buffer, vector.byteOffset, vector.length)), start)
    start += WORD_BYTES * vector.length
  }
  return bytes
}

function headerOf(round: number, parts: readonly (readonly [name: string, floats: number])[]): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + PART_BYTES * parts.length)
  bytes.set(MAGIC)
  const view = new DataView(bytes.buffer)
  for (const [at, word] of [FORMAT, round, parts.length].entries()) view.setUint32(WORD_BYTES * (at + 1), word)
  for (const [at, [name, floats]] of parts.entries()) {
    const start = HEADER_BYTES + PART_BYTES * at
    for (let letter = 0; letter < WORD_BYTES; letter++) bytes[start + letter] = name.charCodeAt(letter)
    view.setUint32(start + WORD_BYTES, floats)
  }
  return bytes
}

/** Lengths of the vectors in a study's checkpoints. */
export interface CheckpointShape {
  /** the model's parameters */
  readonly dimension: number
  /** numbers of the normalisation; 0 without one */
  readonly normalisation: number
  /** of each part of the evaluations; empty without them */
  readonly evaluation: readonly number[]
  /** numbers of the bound on a sum; 0 without one */
  readonly influence: number
  /** numbers of the table; 0 without one */
  readonly table: number
}

/** The shape of a study's checkpoints. @throws ProtocolError `unsupported-model` as `parameterSpecs` does */
export function checkpointShape(document: StudyDocument): CheckpointShape {
  const dimension = dimensionOf(parameterSpecs(document.model, document.contract))
  return {
    dimension,
    normalisation: normalisationLength(document),
    evaluation: evaluationLengths(document, dimension),
    influence: influenceLength(document),
    table: tableLength(document),
  }
}

/**
 * Decodes a checkpoint from a peer or from disk. The caller compares its hash.
 *
 * @throws ProtocolError `malformed-checkpoint` when the header, the length or a value is invalid
 */
export function decodeCheckpoint(bytes: Uint8Array, shape: CheckpointShape): Checkpoint {
  const { dimension, normalisation } = shape
  const lengths: [string, number][] = ['para', 'mome', 'aver'].map(name => [name, dimension])
  if (normalisation > 0) lengths.push(['norm', normalisation])
  if (shape.influence > 0) lengths.push(['infl', shape.influence])
  if (shape.table > 0) lengths.push(['tabl', shape.table])
  lengths.push(...shape.evaluation.map((floats, at): [string, number] => [EVALUATION_PARTS[at]!, floats]))
  const start = HEADER_BYTES + PART_BYTES * lengths.length
  const length = lengths.reduce((sum, [, floats]) => sum + WORD_BYTES * floats, start)
  if (bytes.length !== length) throw malformed(`it has ${bytes.length} bytes, not ${length}`)
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) throw malformed('it does not begin like one')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const version = view.getUint32(WORD_BYTES)
  if (version !== FORMAT) throw malformed(`its version is ${version}, not ${FORMAT}`)
  const round = view.getUint32(2 * WORD_BYTES)
  // there is one header for a round and a study
  if (headerOf(round, lengths).some((byte, index) => bytes[index] !== byte)) {
    throw malformed('it has other parts than those of this model, its normalisation and its evaluations')
  }
  let end = start
  const vectors = lengths.map(([, floats]) => {
    const words = fromBytes(bytes.subarray(end, end + WORD_BYTES * floats))
    end += WORD_BYTES * floats
    const values = new Float32Array(words.buffer, words.byteOffset, floats)
    if (!isFinite32(values)) throw malformed('a value is not finite')
    return values
  })
  const [parameters, momentum, average, ...rest] = vectors as [Float32Array, Float32Array, Float32Array]
  const normal = normalisation > 0 ? rest.shift()! : new Float32Array(0)
  const influence = shape.influence > 0 ? rest.shift()! : new Float32Array(0)
  const table = shape.table > 0 ? rest.shift()! : new Float32Array(0)
  const evaluation = rest.length === 0 ? null : evaluationOf(rest)
  if (evaluation === undefined) throw malformed('its evaluations contradict each other')
  return { round, normalisation: normal, parameters, momentum, average, evaluation, influence, table }
}

/** The hash that peers compare and that names files: SHA-256(tag ‖ bytes). */
export function checkpointHash(bytes: Uint8Array): Uint8Array {
  return sha256(TAG_CHECKPOINT, bytes)
}

export function isFinite32(values: Float32Array): boolean {
  // a loop: `every` takes ten times as long
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false
  return true
}

function malformed(reason: string): ProtocolError {
  return new ProtocolError('malformed-checkpoint', `This is not a checkpoint of the study: ${reason}`)
}
