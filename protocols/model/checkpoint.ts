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
import { initialNormalisation, type Normalisation, normalisedColumns } from '../study/normalisation.ts'
import { dimensionOf, parameterSpecs } from '../study/parameters.ts'
import type { StudyDocument } from '../study/types.ts'

/** The state of a study after `round` steps of training: three float32 vectors of the model's dimension. */
export interface Checkpoint {
  round: number
  /** 2C floats; empty in studies without normalisation */
  normalisation: Normalisation
  parameters: Float32Array
  momentum: Float32Array
  /** Moving average of the parameters, which is evaluated and deployed. */
  average: Float32Array
}

const MAGIC = new Uint8Array([0x63, 0x66, 0x63, 0x70]) // "cfcp"
/** Version without a normalisation. */
const FORMAT_PLAIN = 1
/** Version with a normalisation. */
const FORMAT_NORMALISED = 2
const HEADER_BYTES = { [FORMAT_PLAIN]: 16, [FORMAT_NORMALISED]: 20 } as const
const VECTORS = 3
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
  const normalisation = initialNormalisation(normalisedColumns(document))
  return { round: 0, normalisation, parameters, momentum: new Float32Array(dimension), average: parameters.slice() }
}

/** The part of a checkpoint that is evaluated and deployed. */
export function deployed({ average, normalisation }: Checkpoint): Pick<Checkpoint, 'parameters' | 'normalisation'> {
  return { parameters: average, normalisation }
}

/**
 * Bytes of a checkpoint: magic, u32be version, u32be round, u32be dimension, then the vectors as little-endian float32.
 * With a normalisation the version is 2, the header ends with the normalisation's length as u32be, and the
 * normalisation follows the vectors.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const vectors = [checkpoint.parameters, checkpoint.momentum, checkpoint.average]
  const dimension = checkpoint.parameters.length
  if (vectors.some(vector => vector.length !== dimension)) {
    throw new ProtocolError('malformed-checkpoint', 'The vectors of a checkpoint differ in length')
  }
  const { normalisation } = checkpoint
  const version = normalisation.length === 0 ? FORMAT_PLAIN : FORMAT_NORMALISED
  const header = HEADER_BYTES[version]
  const bytes = new Uint8Array(header + WORD_BYTES * (VECTORS * dimension + normalisation.length))
  bytes.set(MAGIC)
  const view = new DataView(bytes.buffer)
  const words = [version, checkpoint.round, dimension, ...(version === FORMAT_PLAIN ? [] : [normalisation.length])]
  words.forEach((word, index) => {
    view.setUint32(WORD_BYTES * (index + 1), word)
  })
  ;[...vectors, normalisation].forEach((vector, index) => {
    const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length)
    bytes.set(toBytes(words), header + index * WORD_BYTES * dimension)
  })
  return bytes
}

/** Lengths of the vectors in a study's checkpoints. */
export interface CheckpointShape {
  /** the model's parameters */
  readonly dimension: number
  /** C, normalised columns */
  readonly columns: number
}

/** The shape of a study's checkpoints. @throws ProtocolError `unsupported-model` as `parameterSpecs` does */
export function checkpointShape(document: StudyDocument): CheckpointShape {
  return {
    dimension: dimensionOf(parameterSpecs(document.model, document.contract)),
    columns: normalisedColumns(document),
  }
}

/**
 * Decodes a checkpoint from a peer or from disk. The caller compares its hash.
 *
 * @throws ProtocolError `malformed-checkpoint` when the header, the length or a value is invalid
 */
export function decodeCheckpoint(bytes: Uint8Array, { dimension, columns }: CheckpointShape): Checkpoint {
  const vectorBytes = WORD_BYTES * dimension
  const version = columns === 0 ? FORMAT_PLAIN : FORMAT_NORMALISED
  const header = HEADER_BYTES[version]
  const length = header + VECTORS * vectorBytes + 2 * WORD_BYTES * columns
  if (bytes.length !== length) throw malformed(`it has ${bytes.length} bytes, not ${length}`)
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) throw malformed('it does not begin like one')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(WORD_BYTES) !== version) throw malformed('its version is another')
  if (view.getUint32(3 * WORD_BYTES) !== dimension) throw malformed('it belongs to another model')
  if (columns > 0 && view.getUint32(4 * WORD_BYTES) !== 2 * columns) throw malformed('it has another normalisation')
  const vector = (index: number, length = dimension): Float32Array => {
    const start = header + index * vectorBytes
    const words = fromBytes(bytes.subarray(start, start + WORD_BYTES * length))
    const values = new Float32Array(words.buffer, words.byteOffset, length)
    if (!isFinite32(values)) throw malformed('a value is not finite')
    return values
  }
  return {
    round: view.getUint32(2 * WORD_BYTES),
    normalisation: vector(VECTORS, 2 * columns),
    parameters: vector(0),
    momentum: vector(1),
    average: vector(2),
  }
}

/** The hash that peers compare and that names files: SHA-256(tag ‖ bytes). */
export function checkpointHash(bytes: Uint8Array): Uint8Array {
  return sha256(TAG_CHECKPOINT, bytes)
}

export function isFinite32(values: Float32Array): boolean {
  return values.every(Number.isFinite)
}

function malformed(reason: string): ProtocolError {
  return new ProtocolError('malformed-checkpoint', `This is not a checkpoint of the study: ${reason}`)
}
