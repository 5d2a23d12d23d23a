/** WAV files as records of log-mel energies. @module */

import { createHash } from 'node:crypto'
import { printable } from '../../../protocols/encoding/printable.ts'
import { contractKindOf, type DataContract } from '../../../protocols/study/contracts/list.ts'
import type { SoundContract } from '../../../protocols/study/contracts/sound.ts'
import { classIndexOf } from '../class-index.ts'
import {
  FileRefused,
  type Finding,
  type FoundRecord,
  type OpenedFile,
  type Reading,
  type RecordReader,
} from '../reader.ts'
import { createLogMel } from './log-mel.ts'
import { isWav, readWav, WAV_BYTES_MAX, type Wav } from './wav.ts'

/** Samples that are decoded at a time for their hash. */
const BLOCK_SAMPLES = 1 << 16

/** One record for each WAV file; what class and whose it is comes from its facts. */
export const SOUND_READER: RecordReader = {
  name: 'WAV files',
  contracts: ['sound'],
  takes: (_name, head) => isWav(head),
  read: readSound,
}

async function* readSound(file: OpenedFile, reading: Reading): AsyncGenerator<Finding> {
  let sha256: string | undefined
  try {
    const wav = readWav(await file.whole(WAV_BYTES_MAX))
    sha256 = hashOf(wav)
    const record =
      reading.contract === null ? null : recordOf(wav, file.name, { ...reading, contract: reading.contract })
    yield { file: '', sha256, ok: true, record }
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error
    yield { file: '', ...(sha256 === undefined ? {} : { sha256 }), ok: false, reason: error.message }
  }
}

/** SHA-256 of the mono samples, float64 little-endian. */
function hashOf({ length, samples }: Wav): string {
  const hash = createHash('sha256')
  for (let start = 0; start < length; start += BLOCK_SAMPLES) {
    const block = samples(start, Math.min(length, start + BLOCK_SAMPLES))
    hash.update(new Uint8Array(block.buffer, block.byteOffset, block.byteLength))
  }
  return hash.digest('hex')
}

function recordOf(
  wav: Wav,
  name: string,
  { contract, keyed, facts }: Reading & { contract: DataContract },
): FoundRecord {
  if (contract.kind !== 'sound') {
    throw new FileRefused(`is a sound, and the records are ${contractKindOf(contract).plural}: leave it out`)
  }
  const { label, patient, split } = facts(name)
  return {
    values: valuesOf(wav, contract),
    label: labelOf(contract, label),
    patient: contract.patients === true ? keyed(patientOf(patient)) : null,
    split,
  }
}

function valuesOf(wav: Wav, contract: SoundContract): Float32Array {
  if (wav.rate !== contract.rate) {
    throw new FileRefused(
      `has ${wav.rate} samples a second, and the records have ${contract.rate}: resample it to ${contract.rate}`,
    )
  }
  const { samples, into } = createLogMel(contract)
  const values = new Float32Array(contract.shape[0] * contract.shape[1])
  into(values, wav.samples(0, Math.min(wav.length, samples)))
  return values
}

function labelOf(contract: SoundContract, text: string | null): number {
  if (text === null)
    throw new FileRefused('has no label: put it into a folder named after its class, or list its label')
  const index = classIndexOf(contract, text)
  if (index !== null) return index
  throw new FileRefused(
    `has the label ${printable(JSON.stringify(text))}, which is no class: correct it, or let contract.labels name it`,
  )
}

function patientOf(text: string | null): string {
  const id = text?.trim() ?? ''
  if (id === '') throw new FileRefused('has no patient, and every record needs one: list its patient')
  return id
}
