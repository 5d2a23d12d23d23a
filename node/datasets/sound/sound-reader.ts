/** WAV files as records of log-mel energies. @module */

import { createHash } from 'node:crypto'
import { contractKindOf, type DataContract } from '../../../protocols/study/contracts/list.ts'
import type { SoundContract } from '../../../protocols/study/contracts/sound.ts'
import { recordFacts } from '../labelling.ts'
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

function recordOf(wav: Wav, name: string, reading: Reading & { contract: DataContract }): FoundRecord {
  const { contract } = reading
  if (contract.kind !== 'sound') {
    throw new FileRefused(`it is a sound, and the records are ${contractKindOf(contract).plural}: leave it out`)
  }
  const facts = recordFacts(reading, name)
  if (typeof facts === 'string') throw new FileRefused(facts)
  return { values: valuesOf(wav, contract), ...facts }
}

function valuesOf(wav: Wav, contract: SoundContract): Float32Array {
  if (wav.rate !== contract.rate) {
    throw new FileRefused(
      `it has ${wav.rate} samples a second, and the records have ${contract.rate}: resample it to ${contract.rate}`,
    )
  }
  const { samples, into } = createLogMel(contract)
  const values = new Float32Array(contract.shape[0] * contract.shape[1])
  into(values, wav.samples(0, Math.min(wav.length, samples)))
  return values
}
