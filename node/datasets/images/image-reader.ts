/** JPEG, PNG and TIFF files as records of a study of images. @module */

import type { ImageContract } from '../../../protocols/study/contracts/image.ts'
import { recordFacts } from '../labelling.ts'
import { FileRefused, type Finding, type OpenedFile, type Reading, type RecordReader } from '../reader.ts'
import { decodeImage, IMAGE_BYTES_MAX, imageFormat, type StoredImage } from './decode.ts'
import { inputsOf, lumaOf, pixelSteps, requireFit, scaled } from './grey.ts'
import { storedHash } from './stored-hash.ts'

export const IMAGE_READER: RecordReader = {
  name: 'JPEG, PNG and TIFF images',
  contracts: ['image'],
  takes: (_, head) => imageFormat(head) !== null,
  read: async function* (file, reading) {
    yield await findingOf(file, reading)
  },
}

async function findingOf(file: OpenedFile, reading: Reading): Promise<Finding> {
  const { contract } = reading
  const own = { file: file.name }
  try {
    if (contract !== null && contract.kind !== 'image') throw new FileRefused("the study's records are no images")
    const image = await decodeImage(await file.whole(IMAGE_BYTES_MAX), header => {
      if (contract !== null) requireFit(contract, header)
    })
    const known = { ...own, sha256: storedHash(image.values) }
    if (contract === null) return { ...known, ok: true, record: null }
    const facts = recordFacts({ ...reading, contract }, file.name)
    if (typeof facts === 'string') return { ...known, ok: false, reason: facts }
    return { ...known, ok: true, record: { values: imageInputs(contract, image), ...facts } }
  } catch (error) {
    if (error instanceof FileRefused) return { ...own, ok: false, reason: error.message }
    throw error
  }
}

/** A pair of the contract is in stored values here: files of these formats know no other unit. */
function imageInputs(contract: ImageContract, image: StoredImage): Float32Array {
  const [, , channels] = contract.shape
  const { height, width, values, bits } = image
  const kept = image.channels === 3 && channels === 1 ? lumaOf(values) : values
  const { grey } = pixelSteps(contract)
  const range = grey === 'display' ? ([0, 2 ** bits - 1] as const) : grey
  const levels = scaled(
    Uint16Array.from({ length: 2 ** bits }, (_, value) => value),
    range,
  )
  return inputsOf(contract, { height, width, channels, values: kept, levels })
}
