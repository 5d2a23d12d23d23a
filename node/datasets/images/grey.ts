/**
 * From stored values of an image to the values of a record, the same for every kind of file.
 *
 * A study of grey images takes grey and colour files: colour becomes grey by the fixed luma of Rec. 601 in whole numbers, so
 * that grey written as colour (red = green = blue) stays what it was. A study of colour images takes colour files only:
 * what colour a grey picture would have had is not known.
 *
 * @module Rec. ITU-R BT.601-7, https://www.itu.int/rec/R-REC-BT.601
 */
import type { ImageContract, PixelSteps } from '../../../protocols/study/contracts/image.ts'
import { FileRefused } from '../reader.ts'
import { type Pixels, resized } from './resize.ts'

/** What a contract that says nothing of pixels means. */
const AS_THEY_ARE: PixelSteps = { grey: 'display', resize: 'none', fit: 'stretch' }

export function pixelSteps({ pixels = AS_THEY_ARE }: ImageContract): PixelSteps {
  return pixels
}

/**
 * Makes sure that a file's size and channels can become those of a study, before it is decoded where possible.
 *
 * @throws FileRefused
 */
export function requireFit(
  contract: ImageContract,
  image: { readonly height: number; readonly width: number; readonly channels: number },
): void {
  const [height, width, channels] = contract.shape
  if (channels !== 1 && channels !== 3) {
    throw new FileRefused(`the study's images have ${channels} channels, and files of images have 1 or 3`)
  }
  if (channels === 3 && image.channels === 1) {
    throw new FileRefused("it is grey, and the study's images have colours: leave it out")
  }
  if (pixelSteps(contract).resize === 'none' && (image.height !== height || image.width !== width)) {
    throw new FileRefused(
      `it is ${image.width} x ${image.height} pixels, and the study takes ${width} x ${height} without resizing: resize it, or leave it out`,
    )
  }
}

/** Luma of pixels of red, green and blue, 0 to the same top; halves are rounded upwards. */
export function lumaOf(colours: Uint8Array | Uint16Array): Uint16Array {
  const grey = new Uint16Array(colours.length / 3)
  for (let index = 0; index < grey.length; index += 1) {
    const [red, green, blue] = [colours[3 * index]!, colours[3 * index + 1]!, colours[3 * index + 2]!]
    grey[index] = Math.floor((299 * red + 587 * green + 114 * blue + 500) / 1000)
  }
  return grey
}

/** Values from low to high as 0 to 1, clipped, each rounded to float32 once. */
export function scaled(values: ArrayLike<number>, [low, high]: readonly [number, number]): Float32Array {
  const all = new Float32Array(values.length)
  const span = high - low
  for (let index = 0; index < all.length; index += 1) {
    all[index] = Math.min(Math.max((values[index]! - low) / span, 0), 1)
  }
  return all
}

/** The inputs of a record: an image in the contract's size. @param image that `requireFit` let pass, values of 0 to 1 */
export function inputsOf(contract: ImageContract, image: Pixels): Float32Array {
  const [height, width] = contract.shape
  return resized(image, { height, width }, pixelSteps(contract).fit)
}
