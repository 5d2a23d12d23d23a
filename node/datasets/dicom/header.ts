/**
 * What is read of a DICOM header: the elements of ALLOWED, and nothing else. No name, date, address, description or
 * identifier of an image is ever turned into a value; the patient's identifier leaves as a PatientId.
 *
 * @module DICOM PS3.3 sections C.7.6.3, C.11 and C.7.6.16, https://dicom.nema.org/medical/dicom/current/output/html/part03.html
 */
import type { DataSet } from 'dicom-parser'
import { type ParsedFile, parseFile, textOf } from './data-set.ts'
import { damagedDicom, tooLarge, unsupported } from './error.ts'
import { DECIMAL_ABS_MAX, FILE_VALUES_MAX, FRAME_VALUES_MAX, FRAMES_MAX, WINDOWS_MAX } from './limits.ts'
import { PatientId } from './patient.ts'

/** Every element that is read, besides the transfer syntax (0002,0010) and the pixels (7FE0,0010). */
export const ALLOWED = {
  modality: 'x00080060',
  patientId: 'x00100020',
  bodyPart: 'x00180015',
  viewPosition: 'x00185101',
  samples: 'x00280002',
  colour: 'x00280004',
  planar: 'x00280006',
  frames: 'x00280008',
  rows: 'x00280010',
  columns: 'x00280011',
  bitsAllocated: 'x00280100',
  bitsStored: 'x00280101',
  highBit: 'x00280102',
  signed: 'x00280103',
  burntIn: 'x00280301',
  windowCenter: 'x00281050',
  windowWidth: 'x00281051',
  windowFunction: 'x00281056',
  intercept: 'x00281052',
  slope: 'x00281053',
  rescaleType: 'x00281054',
  modalityLut: 'x00283000',
  modalityLutType: 'x00283004',
  voiLut: 'x00283010',
  lutDescriptor: 'x00283002',
  lutData: 'x00283006',
  sharedGroups: 'x52009229',
  frameGroups: 'x52009230',
  groupOfWindows: 'x00289132',
  groupOfRescale: 'x00289145',
} as const

/** A lookup table: values below `first` map to the first entry, values beyond the last entry to the last one. */
export interface LookupTable {
  readonly first: number
  /** bits of an entry, 8 to 16 */
  readonly bits: number
  readonly entries: Uint16Array
}

export type WindowFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'

export interface GreyWindow {
  readonly center: number
  readonly width: number
}

/** From stored values to modality values, and from these to grey. */
export interface Transform {
  readonly rescale: { readonly slope: number; readonly intercept: number } | LookupTable
  /** whether modality values are in a unit, such as Hounsfield units; else they are shades of grey */
  readonly hasUnit: boolean
  readonly windows: readonly GreyWindow[]
  readonly windowFunction: WindowFunction
  readonly voiLut?: LookupTable
}

const COLOURS = ['MONOCHROME1', 'MONOCHROME2', 'RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_ICT', 'YBR_RCT'] as const
export type Colour = (typeof COLOURS)[number]

export interface DicomHeader {
  /** how the file was read where it does not say how it is written */
  readonly guess?: string
  readonly syntax: string
  readonly patient: PatientId
  /** coded terms of capital letters; absent when the file has none */
  readonly modality?: string
  readonly bodyPart?: string
  readonly viewPosition?: string
  /** whether names may be burnt into the pixels; 'unknown' when the file does not say */
  readonly burntIn: 'yes' | 'no' | 'unknown'
  readonly rows: number
  readonly columns: number
  readonly frames: number
  /** 1 for grey, 3 for colour */
  readonly samples: number
  readonly colour: Colour
  /** colour after colour instead of pixel after pixel */
  readonly planar: boolean
  readonly bitsAllocated: 8 | 16
  readonly bitsStored: number
  readonly highBit: number
  readonly signed: boolean
  /** one for all frames, or one for each */
  readonly transforms: readonly Transform[]
}

/** A header, and where the pixels lie. What is printed or serialised of it is the header alone. */
export class DicomFile {
  readonly header: DicomHeader
  readonly #parsed: ParsedFile

  constructor(header: DicomHeader, parsed: ParsedFile) {
    this.header = header
    this.#parsed = parsed
  }

  get parsed(): ParsedFile {
    return this.#parsed
  }
}

/**
 * Reads a file's header.
 *
 * @param file the whole file; it is not changed and must not change while the result is used
 * @throws DicomError when it is no DICOM image, is damaged, or goes beyond a limit
 */
export function readDicom(file: Uint8Array): DicomFile {
  const parsed = parseFile(file)
  const { elements: set, guess, syntax } = parsed
  const image = imageOf(set)
  const terms = codedTerms(set)
  const header: DicomHeader = {
    ...(guess === undefined ? {} : { guess }),
    syntax: syntax.name,
    patient: new PatientId(textOf(set, ALLOWED.patientId) ?? ''),
    ...terms,
    burntIn: ({ YES: 'yes', NO: 'no' } as const)[textOf(set, ALLOWED.burntIn) ?? ''] ?? 'unknown',
    ...image,
    transforms: image.samples === 1 ? transformsOf(set, { ...image, ...terms }) : [],
  }
  return new DicomFile(header, parsed)
}

/** The transform of a frame. */
export function transformOf(header: DicomHeader, frame: number): Transform {
  return header.transforms[header.transforms.length === 1 ? 0 : frame]!
}

function codedTerms(set: DataSet): { modality?: string; bodyPart?: string; viewPosition?: string } {
  const terms = (['modality', 'bodyPart', 'viewPosition'] as const).flatMap(name => {
    const text = textOf(set, ALLOWED[name])
    return text !== undefined && /^[A-Z0-9_ ]{1,16}$/.test(text) ? [[name, text] as const] : []
  })
  return Object.fromEntries(terms)
}

type Image = Pick<
  DicomHeader,
  | 'rows'
  | 'columns'
  | 'frames'
  | 'samples'
  | 'colour'
  | 'planar'
  | 'bitsAllocated'
  | 'bitsStored'
  | 'highBit'
  | 'signed'
>

function imageOf(set: DataSet): Image {
  const rows = word(set, ALLOWED.rows, 'its number of rows')
  const columns = word(set, ALLOWED.columns, 'its number of columns')
  const samples = word(set, ALLOWED.samples, 'its samples per pixel', 1)
  const frames = decimals(set, ALLOWED.frames, 'its number of frames')[0] ?? 1
  if (rows === 0 || columns === 0) throw damagedDicom('it has no rows or no columns')
  if (!Number.isInteger(frames) || frames < 1) throw damagedDicom('its number of frames is no positive whole number')
  if (frames > FRAMES_MAX) throw tooLarge(`it has ${frames} frames`, FRAMES_MAX)
  if (samples !== 1 && samples !== 3) throw unsupported(`it has ${samples} samples per pixel, neither 1 nor 3`)
  const values = rows * columns * samples
  if (values > FRAME_VALUES_MAX) throw tooLarge(`a frame has ${values} values`, FRAME_VALUES_MAX)
  if (values * frames > FILE_VALUES_MAX) {
    throw tooLarge(`its frames have ${values * frames} values together`, FILE_VALUES_MAX)
  }
  const bitsAllocated = word(set, ALLOWED.bitsAllocated, 'its bits allocated')
  if (bitsAllocated !== 8 && bitsAllocated !== 16) {
    throw unsupported(`it allocates ${bitsAllocated} bits to a value, neither 8 nor 16`)
  }
  const bitsStored = word(set, ALLOWED.bitsStored, 'its bits stored', bitsAllocated)
  if (bitsStored < 1 || bitsStored > bitsAllocated) {
    throw damagedDicom(`it stores ${bitsStored} bits of ${bitsAllocated}`)
  }
  const highBit = word(set, ALLOWED.highBit, 'its high bit', bitsStored - 1)
  if (highBit < bitsStored - 1 || highBit >= bitsAllocated) {
    throw damagedDicom(`its high bit is ${highBit}, with ${bitsStored} bits stored of ${bitsAllocated}`)
  }
  const signed = word(set, ALLOWED.signed, 'its pixel representation', 0)
  if (signed > 1) throw damagedDicom(`its pixel representation is ${signed}, neither 0 nor 1`)
  const planar = samples === 3 ? word(set, ALLOWED.planar, 'its planar configuration', 0) : 0
  if (planar > 1) throw damagedDicom(`its planar configuration is ${planar}, neither 0 nor 1`)
  const colour = colourOf(set, samples)
  const layout = { bitsAllocated, bitsStored, highBit, planar: planar === 1, signed: signed === 1 } as const
  return { rows, columns, frames, samples, colour, ...layout }
}

function colourOf(set: DataSet, samples: number): Colour {
  const text = textOf(set, ALLOWED.colour)
  if (text === 'PALETTE COLOR') throw unsupported('its colours are a palette')
  const colour = COLOURS.find(known => known === text)
  if (colour === undefined) throw unsupported('its photometric interpretation is missing, or is none that is read')
  if (colour.startsWith('MONOCHROME') !== (samples === 1)) {
    throw damagedDicom(`it is ${colour} with ${samples} samples per pixel`)
  }
  return colour
}

function transformsOf(set: DataSet, image: Image & { modality?: string }): readonly Transform[] {
  const shared = itemOf(set, ALLOWED.sharedGroups)
  const frames = set.elements[ALLOWED.frameGroups]?.items ?? []
  const voiItem = itemOf(set, ALLOWED.voiLut)
  // the values that go into it are those that the rescale gives, negative or not
  const voiLutFor = { signed: once(item => lookupTable(item, true)), unsigned: once(item => lookupTable(item, false)) }
  const rescaleFrom = once(part => rescaleOf(part, image))
  const windowsFrom = once(part => ({ windows: windowsOf(part), windowFunction: windowFunctionOf(part) }))
  // each part comes from a frame's functional groups, else from the shared ones, else from the image
  const transformFrom = (groups: readonly (DataSet | undefined)[]): Transform => {
    const found = (group: string): DataSet =>
      groups.map(parent => parent && itemOf(parent, group)).find(item => item !== undefined) ?? set
    const rescaled = rescaleFrom(found(ALLOWED.groupOfRescale))
    const voiLut = voiItem && voiLutFor[canBeNegative(rescaled, image) ? 'signed' : 'unsigned'](voiItem)
    return {
      ...rescaled,
      ...windowsFrom(found(ALLOWED.groupOfWindows)),
      ...(voiLut === undefined ? {} : { voiLut }),
    }
  }
  if (frames.length === 0) return [transformFrom([shared])]
  if (frames.length !== image.frames) {
    throw damagedDicom(`it describes ${frames.length} frames and states ${image.frames}`)
  }
  return frames.map(({ dataSet }) => transformFrom([dataSet, shared]))
}

/** Reads each set once: thousands of frames may share one table. */
function once<T>(read: (set: DataSet) => T): (set: DataSet) => T {
  const known = new Map<DataSet, T>()
  return set => {
    const value = known.get(set) ?? read(set)
    known.set(set, value)
    return value
  }
}

function rescaleOf(set: DataSet, image: Image & { modality?: string }): Pick<Transform, 'rescale' | 'hasUnit'> {
  const lut = itemOf(set, ALLOWED.modalityLut)
  if (lut !== undefined) {
    return {
      rescale: lookupTable(lut, image.signed),
      hasUnit: statesUnit(textOf(lut, ALLOWED.modalityLutType)) ?? true,
    }
  }
  const slope = decimals(set, ALLOWED.slope, 'its rescale slope')[0] ?? 1
  const intercept = decimals(set, ALLOWED.intercept, 'its rescale intercept')[0] ?? 0
  if (slope === 0) throw damagedDicom('its rescale slope is 0')
  // values of a CT are Hounsfield units where it does not say otherwise (C.8.2.1)
  const rescales = slope !== 1 || intercept !== 0 || image.modality === 'CT'
  return { rescale: { slope, intercept }, hasUnit: statesUnit(textOf(set, ALLOWED.rescaleType)) ?? rescales }
}

/** Whether a type of rescaling is a unit (C.11.1.1.2): US is "unspecified". */
function statesUnit(type: string | undefined): boolean | undefined {
  return type === undefined ? undefined : type !== 'US' && type !== 'UNSPECIFIED'
}

function windowsOf(set: DataSet): GreyWindow[] {
  const centers = decimals(set, ALLOWED.windowCenter, 'its window center')
  const widths = decimals(set, ALLOWED.windowWidth, 'its window width')
  if (centers.length !== widths.length || centers.length > WINDOWS_MAX) {
    throw damagedDicom(`it has ${centers.length} window centers and ${widths.length} widths`)
  }
  return centers.map((center, index) => ({ center, width: widths[index]! }))
}

function windowFunctionOf(set: DataSet): WindowFunction {
  const text = textOf(set, ALLOWED.windowFunction) ?? 'LINEAR'
  if (text === 'LINEAR' || text === 'LINEAR_EXACT' || text === 'SIGMOID') return text
  throw unsupported('its window function is none that the standard lists')
}

/** Whether modality values can lie below 0: those of a table never do. */
function canBeNegative({ rescale }: Pick<Transform, 'rescale'>, { signed, bitsStored }: Image): boolean {
  if ('entries' in rescale) return false
  const first = signed ? -(2 ** (bitsStored - 1)) : 0
  return [first, first + 2 ** bitsStored - 1].some(stored => stored * rescale.slope + rescale.intercept < 0)
}

/**
 * Entries of 8 bits may lie in a byte each, or in a word each as all others do.
 *
 * @param signed whether the values that go into it can be negative: its first one is written accordingly
 */
function lookupTable(set: DataSet, signed: boolean): LookupTable {
  const descriptor = set.elements[ALLOWED.lutDescriptor]
  const data = set.elements[ALLOWED.lutData]
  if (descriptor === undefined || descriptor.length !== 6 || data === undefined) {
    throw damagedDicom('a lookup table lacks its descriptor or its data')
  }
  const count = set.uint16(ALLOWED.lutDescriptor, 0)! || 65_536
  const first = (signed ? set.int16(ALLOWED.lutDescriptor, 1) : set.uint16(ALLOWED.lutDescriptor, 1))!
  const bits = set.uint16(ALLOWED.lutDescriptor, 2)!
  if (bits < 8 || bits > 16) throw damagedDicom(`the entries of a lookup table have ${bits} bits`)
  const bytes = set.byteArray.subarray(data.dataOffset, data.dataOffset + data.length)
  if (bits === 8 && (bytes.length === count || bytes.length === count + 1)) {
    return { first, bits, entries: Uint16Array.from(bytes.subarray(0, count)) }
  }
  if (bytes.length < 2 * count) throw damagedDicom(`a lookup table has ${bytes.length} bytes for ${count} entries`)
  const entries = Uint16Array.from({ length: count }, (_, index) => set.uint16(ALLOWED.lutData, index)!)
  const top = 2 ** bits - 1
  if (entries.some(entry => entry > top)) throw damagedDicom(`an entry of a lookup table exceeds its ${bits} bits`)
  return { first, bits, entries }
}

function itemOf(set: DataSet, tag: string): DataSet | undefined {
  return set.elements[tag]?.items?.[0]?.dataSet
}

function word(set: DataSet, tag: string, name: string, otherwise?: number): number {
  const element = set.elements[tag]
  if (element === undefined || element.length === 0) {
    if (otherwise === undefined) throw damagedDicom(`${name} is missing`)
    return otherwise
  }
  const value = element.length === 2 ? set.uint16(tag) : undefined
  if (value === undefined) throw damagedDicom(`${name} is no 16-bit number`)
  return value
}

/** The numbers of a decimal or integer string, of which there may be several. */
function decimals(set: DataSet, tag: string, name: string): number[] {
  const text = textOf(set, tag)
  if (text === undefined) return []
  return text.split('\\').map(part => {
    const digits = part.trim()
    const value =
      /^[-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?$/.test(digits) && /[0-9]/.test(digits) ? Number(digits) : NaN
    if (!Number.isFinite(value)) throw damagedDicom(`${name} is no number`)
    if (Math.abs(value) > DECIMAL_ABS_MAX) throw damagedDicom(`${name} is beyond ${DECIMAL_ABS_MAX}`)
    return value
  })
}
