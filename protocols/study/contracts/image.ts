import { z } from 'zod'
import { whole } from '../../encoding/fields.ts'
import * as limit from '../limits.ts'
import {
  BOUND_SCHEMA,
  CLASSES_SCHEMA,
  type ContractKind,
  checkBounds,
  checkLabels,
  LABELS_SCHEMA,
  PATIENTS_SCHEMA,
  requireDistinct,
} from './fields.ts'

const side = whole(1, limit.IMAGE_SIDE_MAX)

/** How an image file becomes the pixels of a record. Without it, files have the contract's size and their own white. */
const PIXELS_SCHEMA = z.strictObject({
  /**
   * `display`: black to white as the file means them (8 or 16 bits; DICOM: its window, else its stored range). A pair: the
   * values that become 0 and 1, in the unit that a DICOM file states, such as Hounsfield units; where it states none, values
   * are shades from black, and MONOCHROME1 is turned round first.
   */
  grey: z.union([z.literal('display'), z.tuple([BOUND_SCHEMA, BOUND_SCHEMA])]),
  /** `none`: the file has the contract's size. `area`: means over the area of the file that a pixel covers */
  resize: z.enum(['none', 'area']),
  /** what is done with another ratio of sides: stretched, padded with black, or cut at the longer side, both in the middle */
  fit: z.enum(['stretch', 'pad', 'crop']),
})

/** A code of DICOM's Modality (0008,0060), PS3.3 C.7.3.1.1.1. */
const MODALITY_SCHEMA = z.string().regex(/^[A-Z][A-Z0-9_]{0,15}$/, 'is no code in capital letters, such as CR')

/** A code of DICOM's View Position (0018,5101), PS3.3 C.8.11.5.1.2: PA and AP are frontal, LL and RL lateral. */
const VIEW_SCHEMA = z.string().regex(/^[A-Z][A-Z0-9_]{0,15}$/, 'is no code in capital letters, such as PA')

export const IMAGE_SCHEMA = z.strictObject({
  kind: z.literal('image'),
  /** height, width, channels: 1 is grey, 3 is red, green and blue */
  shape: z.tuple([side, side, whole(1, limit.IMAGE_CHANNELS_MAX)]),
  classes: CLASSES_SCHEMA,
  labels: LABELS_SCHEMA,
  patients: PATIENTS_SCHEMA,
  pixels: PIXELS_SCHEMA.exactOptional(),
  /** DICOM files of these modalities alone; without it of all. Files of other formats state no modality, and all fit. */
  modality: z.array(MODALITY_SCHEMA).min(1).max(limit.MODALITIES_MAX).exactOptional(),
  /** DICOM files of these views alone, as `modality`; files that do not state theirs are refused. */
  view: z.array(VIEW_SCHEMA).min(1).max(limit.VIEW_POSITIONS_MAX).exactOptional(),
})
export type ImageContract = z.output<typeof IMAGE_SCHEMA>
export type PixelSteps = z.output<typeof PIXELS_SCHEMA>

/** Images: pixels of 0 to 1. */
export const IMAGE: ContractKind<ImageContract> = {
  plural: 'images',
  check: contract => {
    checkLabels(contract)
    requireDistinct('malformed-study', 'contract.modality names twice', contract.modality ?? [])
    requireDistinct('malformed-study', 'contract.view names twice', contract.view ?? [])
    const grey = contract.pixels?.grey
    if (typeof grey === 'object') checkBounds('contract.pixels.grey', [grey])
  },
  bounds: ({ shape }) => Array.from({ length: shape[2] }, () => [0, 1] as const),
  sentence: ({ pixels, modality, view }) => {
    const ofModality = modality === undefined ? '' : ` of ${codesText(modality)}`
    const ofView = view === undefined ? '' : ` in the view ${codesText(view)}`
    const taken = ofModality + ofView === '' ? '' : `; of DICOM files those${ofModality}${ofView}`
    if (pixels === undefined) return `pixels of that size, black to white as the file means them${taken}`
    const grey =
      pixels.grey === 'display'
        ? 'black to white as the file means them'
        : `values of ${pixels.grey.join(' to ')} in the unit that the file states, else as shades from black`
    return `${grey}, ${pixels.resize === 'none' ? 'files of that size' : `resized by area, ${FITS[pixels.fit]}`}${taken}`
  },
}

/** The modalities or views of a contract, for people: `CR`, `CR or DX`, `CR, DX or RG`. */
export function codesText(codes: readonly string[]): string {
  const last = codes.at(-1)!
  return codes.length === 1 ? last : `${codes.slice(0, -1).join(', ')} or ${last}`
}

const FITS = {
  stretch: 'stretched to the ratio',
  pad: 'padded with black to the ratio',
  crop: 'cut to the ratio',
}
