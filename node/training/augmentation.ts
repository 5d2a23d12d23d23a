/**
 * Augmented views of images: random shifts with reflection padding, and optional horizontal flips. The mean gradient
 * over an image's views is clipped as the gradient of one record, so views cost time and no privacy.
 *
 * @module De, Berrada, Hayes, Smith, Balle, "Unlocking high-accuracy differentially private image classification through
 *   scale", 2022, section 3.4 (augmentation multiplicity).
 */

import type { RandomReader } from '../../crypto/rng.ts'
import type { Augmentation } from '../../protocols/study/types.ts'
import { reflected } from './scattering.ts'

/**
 * Draws the views of images, independently of each other and of the images' contents.
 *
 * @param images  count × height × width × channels, row-major
 * @param reader  on a cryptographically secure generator, as for every random choice about a record
 * @returns       count × views × height × width × channels: the views of an image side by side
 */
export function drawViews(
  images: Float32Array,
  { shape, augmentation, reader }: { shape: readonly number[]; augmentation: Augmentation; reader: RandomReader },
): Float32Array {
  const { views, shift, flip } = augmentation
  const size = shape.reduce((product, length) => product * length, 1)
  const drawn = new Float32Array(images.length * views)
  const offset = (): number => reader.uniformBelow(2 * shift + 1) - shift
  for (let view = 0; view * size < drawn.length; view++) {
    const image = Math.floor(view / views)
    const seen = { down: offset(), right: offset(), flipped: flip && reader.uniformBelow(2) === 1 }
    copyView(drawn.subarray(view * size, (view + 1) * size), images.subarray(image * size, (image + 1) * size), {
      shape,
      ...seen,
    })
  }
  return drawn
}

function copyView(
  into: Float32Array,
  from: Float32Array,
  { shape, down, right, flipped }: { shape: readonly number[]; down: number; right: number; flipped: boolean },
): void {
  const [height, width, channels] = shape as [number, number, number]
  for (let row = 0; row < height; row++) {
    const start = reflected(row - down, height) * width
    for (let column = 0; column < width; column++) {
      const shifted = reflected(column - right, width)
      const source = (start + (flipped ? width - 1 - shifted : shifted)) * channels
      const target = (row * width + column) * channels
      for (let channel = 0; channel < channels; channel++) into[target + channel] = from[source + channel]!
    }
  }
}
