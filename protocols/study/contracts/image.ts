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
} from './fields.ts'

const side = whole(1, limit.IMAGE_SIDE_MAX)

/** How an image file becomes the pixels of a record. Without it, files have the contract's size and their own white. */
const PIXELS_SCHEMA = z.strictObject({
  /**
   * `display`: black to white as the file means them (8 or 16 bits; DICOM: its window, else its stored range). A pair: the
   * values that become 0 and 1, in the units of the modality, such as Hounsfield units.
   */
  grey: z.union([z.literal('display'), z.tuple([BOUND_SCHEMA, BOUND_SCHEMA])]),
  /** `none`: the file has the contract's size. `area`: means over the area of the file that a pixel covers */
  resize: z.enum(['none', 'area']),
  /** what is done with another ratio of sides: stretched, padded with black, or cut at the longer side, both in the middle */
  fit: z.enum(['stretch', 'pad', 'crop']),
})

export const IMAGE_SCHEMA = z.strictObject({
  kind: z.literal('image'),
  /** height, width, channels: 1 is grey, 3 is red, green and blue */
  shape: z.tuple([side, side, whole(1, limit.IMAGE_CHANNELS_MAX)]),
  classes: CLASSES_SCHEMA,
  labels: LABELS_SCHEMA,
  patients: PATIENTS_SCHEMA,
  pixels: PIXELS_SCHEMA.exactOptional(),
})
export type ImageContract = z.output<typeof IMAGE_SCHEMA>
export type PixelSteps = z.output<typeof PIXELS_SCHEMA>

/** Images: pixels of 0 to 1. */
export const IMAGE: ContractKind<ImageContract> = {
  plural: 'images',
  check: contract => {
    checkLabels(contract)
    const grey = contract.pixels?.grey
    if (typeof grey === 'object') checkBounds('contract.pixels.grey', [grey])
  },
  bounds: ({ shape }) => Array.from({ length: shape[2] }, () => [0, 1] as const),
  sentence: ({ pixels }) => {
    if (pixels === undefined) return 'pixels of that size, black to white as the file means them'
    const grey =
      pixels.grey === 'display' ? 'black to white as the file means them' : `values of ${pixels.grey.join(' to ')}`
    return `${grey}, ${pixels.resize === 'none' ? 'files of that size' : `resized by area, ${FITS[pixels.fit]}`}`
  },
}

const FITS = {
  stretch: 'stretched to the ratio',
  pad: 'padded with black to the ratio',
  crop: 'cut to the ratio',
}
