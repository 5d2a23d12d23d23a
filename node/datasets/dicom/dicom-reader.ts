/**
 * DICOM files as records of a study of images.
 *
 * A file is one record: one of several frames is refused with a contract, as nothing says which frame is meant, and noted
 * without one. A pair of the contract means modality values: in the unit that the file states, such as Hounsfield units,
 * and else shades from black. `display` is what the file's own window or table shows, else its stored range. MONOCHROME1
 * comes out the right way round in both, but for values with a unit.
 *
 * @module
 */
import { codesText, type ImageContract } from '../../../protocols/study/contracts/image.ts'
import { imageFormat } from '../images/decode.ts'
import { inputsOf, lumaOf, pixelSteps, requireFit, scaled } from '../images/grey.ts'
import { storedHash } from '../images/stored-hash.ts'
import { recordFacts } from '../labelling.ts'
import { FileRefused, type Finding, type OpenedFile, type Reading, type RecordReader } from '../reader.ts'
import type { Codec } from './codec.ts'
import { DicomError } from './error.ts'
import { firstFrame, type StoredValues } from './frame.ts'
import { type DicomHeader, readDicom, transformOf } from './header.ts'
import { DICOM_BYTES_MAX } from './limits.ts'
import { shownModality, shownView } from './modality.ts'
import { greyValues, uprightValues } from './values.ts'

/** Makes the reader. @param codec for the whole run; the caller closes it */
export function dicomReader(codec: Codec): RecordReader {
  return {
    name: 'DICOM files',
    contracts: ['image'],
    takes: (name, head) => beginsAsDicom(head) || (/\.(dcm|dicom|dic|ima)$/i.test(name) && imageFormat(head) === null),
    read: async function* (file, reading) {
      yield await findingOf(file, reading, codec)
    },
  }
}

/** The preamble's mark, or a first element as files without a preamble have it. */
function beginsAsDicom(head: Uint8Array): boolean {
  if (Buffer.from(head.subarray(128, 132)).toString('latin1') === 'DICM') return true
  const starts = [
    [0x08, 0x00],
    [0x02, 0x00],
    [0x00, 0x08],
    [0x20, 0x08, 0x00],
  ]
  return head.length >= 9 && starts.some(start => start.every((byte, index) => head[index] === byte))
}

async function findingOf(file: OpenedFile, reading: Reading, codec: Codec): Promise<Finding> {
  const { contract } = reading
  const own = { file: file.name }
  try {
    if (contract !== null && contract.kind !== 'image') throw new FileRefused("the study's records are no images")
    const dicom = readDicom(await file.whole(DICOM_BYTES_MAX))
    const { header } = dicom
    requireClean(header)
    if (contract !== null) requireRecord(contract, header)
    const stored = await firstFrame(dicom, codec)
    const known = { ...own, sha256: storedHash(stored) }
    const note = noteOf(header)
    if (contract === null) return { ...known, ...note, ok: true, record: null }
    const facts = recordFacts({ ...reading, contract }, file.name, () => patientOf(header, reading))
    if (typeof facts === 'string') return { ...known, ok: false, reason: facts }
    return { ...known, ...note, ok: true, record: { values: dicomInputs(contract, header, stored), ...facts } }
  } catch (error) {
    if (error instanceof FileRefused) return { ...own, ok: false, reason: error.message }
    if (error instanceof DicomError) return { ...own, ok: false, reason: `${error.message}. ${error.hint}` }
    throw error
  }
}

function requireClean({ burntIn }: DicomHeader): void {
  if (burntIn === 'yes') {
    throw new FileRefused(
      'its header says that names or dates are burnt into the picture (Burned In Annotation: YES): leave it out, or export it without them',
    )
  }
}

function requireRecord(contract: ImageContract, header: DicomHeader): void {
  const { rows, columns, samples, frames, signed } = header
  requireModality(contract, header)
  requireView(contract, header)
  if (frames > 1) throw new FileRefused(`it has ${frames} frames, and a record is one image: export each as a file`)
  if (samples === 3 && (signed || pixelSteps(contract).grey !== 'display')) {
    throw new FileRefused(
      signed
        ? 'its colours are signed numbers: export it again, or leave it out'
        : 'it is a colour image, and the study takes values of grey: leave it out',
    )
  }
  requireFit(contract, { height: rows, width: columns, channels: samples })
}

/** Only what the standard lists is said: what else a file holds there may be anything. */
function requireModality({ modality: taken }: ImageContract, { modality }: DicomHeader): void {
  if (taken === undefined || (modality !== undefined && taken.includes(modality))) return
  const shown = shownModality(modality)
  const wants = `and the study takes ${codesText(taken)}: leave it out`
  throw new FileRefused(
    shown === undefined
      ? `it states no modality that DICOM lists, ${wants}, or correct it in the archive`
      : `its modality is ${shown}, ${wants}`,
  )
}

/** A view that is not stated is not guessed: a lateral picture looks like a frontal one to a model. */
function requireView({ view: taken }: ImageContract, { viewPosition }: DicomHeader): void {
  if (taken === undefined || (viewPosition !== undefined && taken.includes(viewPosition))) return
  const shown = shownView(viewPosition)
  const wants = `and the study takes ${codesText(taken)}: leave it out`
  throw new FileRefused(
    shown === undefined
      ? `it states no view position that DICOM lists, ${wants}, or correct it in the archive`
      : `its view position is ${shown}, ${wants}`,
  )
}

/** What the operator has to know of a file that is read. */
function noteOf({ guess, frames }: DicomHeader): { note?: string } {
  const unread = `it has ${frames} frames, and the first alone was read: a study takes none of such a file; export each frame as a file`
  const notes = [...(guess === undefined ? [] : [guess]), ...(frames === 1 ? [] : [unread])]
  return notes.length === 0 ? {} : { note: notes.join('; ') }
}

/** The hash of the header's own patient; null where it names none. */
function patientOf({ patient }: DicomHeader, { keyed }: Reading): Uint8Array | null {
  return patient.keyed(id => {
    const text = Buffer.from(id).toString('latin1').trim()
    return text === '' ? null : keyed(text)
  })
}

function dicomInputs(contract: ImageContract, header: DicomHeader, stored: StoredValues): Float32Array {
  const [, , channels] = contract.shape
  const { rows: height, columns: width } = header
  const values = header.samples === 3 ? colourValues(header, stored, channels) : oneValue(contract, header, stored)
  return inputsOf(contract, { height, width, channels, values, levels: null })
}

function oneValue(contract: ImageContract, header: DicomHeader, stored: StoredValues): Float32Array {
  const { grey } = pixelSteps(contract)
  if (grey !== 'display') return scaled(uprightValues(header, stored), grey)
  const { windows, voiLut } = transformOf(header, 0)
  const own = windows.length > 0 || voiLut !== undefined
  return greyValues(header, stored, { kind: own ? 'file' : 'range' })
}

function colourValues({ bitsStored }: DicomHeader, stored: StoredValues, channels: number): Float32Array {
  const colours = stored as Uint8Array | Uint16Array
  return scaled(channels === 1 ? lumaOf(colours) : colours, [0, 2 ** bitsStored - 1])
}
