/**
 * Named tensors as a safetensors file: u64le length of a JSON header, the header, the tensors' bytes.
 *
 * @module https://github.com/huggingface/safetensors#format
 */

import { z } from 'zod'
import { CodedError } from '../../crypto/errors.ts'
import { sizeOf } from '../../protocols/study/models/tensors.ts'
import { littleEndian } from './little-endian.ts'
import type { NamedTensor } from './named-tensors.ts'

const LENGTH_BYTES = 8
const WORD_BYTES = 4
/** Header and tensors begin at multiples of it. */
const ALIGNMENT = 8
const HEADER_BYTES_MAX = 1 << 20
const TENSORS_MAX = 1024
const RANK_MAX = 8
const METADATA = '__metadata__'

/** The bytes of a file; the same tensors and metadata give the same bytes. */
export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0
  const entries = tensors.map(({ name, shape, values }) => {
    const start = end
    end += WORD_BYTES * values.length
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }] as const
  })
  const json = JSON.stringify({ [METADATA]: metadata, ...Object.fromEntries(entries) })
  const text = new TextEncoder().encode(json)
  const length = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT
  const bytes = new Uint8Array(LENGTH_BYTES + length + end).fill(0x20, LENGTH_BYTES, LENGTH_BYTES + length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(text, LENGTH_BYTES)
  let at = LENGTH_BYTES + length
  for (const { values } of tensors) {
    bytes.set(littleEndian(values), at)
    at += WORD_BYTES * values.length
  }
  return bytes
}

const COUNT = z.int().min(0)
const ENTRY = z.strictObject({
  dtype: z.literal('F32'),
  shape: z.array(COUNT).max(RANK_MAX),
  data_offsets: z.tuple([COUNT, COUNT]),
})

export interface SafetensorsFile {
  readonly tensors: readonly NamedTensor[]
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Reads a file of float32 tensors.
 *
 * @throws CodedError `bad-safetensors` when it is longer or shorter than its header says, tensors overlap or leave gaps,
 *   or the header is not that of such a file
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < LENGTH_BYTES) throw bad('it is shorter than the length of its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = view.getBigUint64(0, true)
  if (length > HEADER_BYTES_MAX) throw bad(`its header has ${length} bytes, more than ${HEADER_BYTES_MAX}`)
  const start = LENGTH_BYTES + Number(length)
  if (start > bytes.length) throw bad('it ends inside of its header')
  const { [METADATA]: metadata = {}, ...rest } = headerOf(bytes.subarray(LENGTH_BYTES, start))
  const words = z.record(z.string(), z.string()).safeParse(metadata)
  if (!words.success) throw bad('its metadata are not texts')
  const entries = Object.entries(rest)
  if (entries.length > TENSORS_MAX) throw bad(`it has ${entries.length} tensors, more than ${TENSORS_MAX}`)
  let end = 0
  const tensors = entries.map(([name, value]): NamedTensor => {
    const entry = ENTRY.safeParse(value)
    if (!entry.success) throw bad(`the tensor ${JSON.stringify(name)} is not one of float32 numbers`)
    const { shape, data_offsets: offsets } = entry.data
    const count = sizeOf(shape)
    if (offsets[0] !== end || offsets[1] !== end + WORD_BYTES * count || start + offsets[1] > bytes.length) {
      throw bad(`the tensor ${JSON.stringify(name)} does not lie where those before it end`)
    }
    const at = start + end
    end = offsets[1]
    const values = Float32Array.from({ length: count }, (_, index) => view.getFloat32(at + WORD_BYTES * index, true))
    return { name, shape, values }
  })
  if (start + end !== bytes.length) throw bad('it goes on after its last tensor')
  return { tensors, metadata: words.data }
}

function headerOf(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw bad('its header is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('its header is no JSON object')
  return value as Record<string, unknown>
}

function bad(reason: string): CodedError {
  return new CodedError('bad-safetensors', `This is not a safetensors file of float32 tensors: ${reason}`)
}
