/**
 * An image in another size: each pixel is the mean over the area that it covers, in plain float64 arithmetic of one order,
 * so that the same image gives the same bits on every machine.
 *
 * Weights are whole numbers: in units of a source pixel divided by the target's size, every edge lies on a whole number. So
 * an image of the target's size comes out as it is, and one grey stays the same grey.
 *
 * @module
 */
import type { PixelSteps } from '../../../protocols/study/contracts/image.ts'

/** Values of pixels, row after row, channels within the pixel. */
export interface Pixels {
  readonly height: number
  readonly width: number
  readonly channels: number
  /** height x width x channels */
  readonly values: Uint8Array | Uint16Array | Float32Array
  /** what each stored value stands for, so that a large image needs no second copy; null: values stand for themselves */
  readonly levels: Float32Array | null
}

interface Size {
  readonly height: number
  readonly width: number
}

interface Box extends Size {
  readonly top: number
  readonly left: number
}

/**
 * Resizes an image by area means, smaller or larger.
 *
 * @param fit `stretch`: all of it, whatever its ratio. `crop`: the largest part of the target's ratio, in the middle.
 *   `pad`: all of it in its own ratio, in the middle of zeros. Parts and margins are whole pixels: a side is rounded to the
 *   nearest, and of an odd margin the smaller half is above or on the left.
 * @returns target.height x target.width x channels, each rounded to float32 once
 */
export function resized(source: Pixels, target: Size, fit: PixelSteps['fit']): Float32Array {
  const from = fit === 'crop' ? centred(largestOfRatio(source, target), source) : { ...sizeOf(source), top: 0, left: 0 }
  const to = fit === 'pad' ? centred(largestOfRatio(target, source), target) : { ...sizeOf(target), top: 0, left: 0 }
  const values = new Float32Array(target.height * target.width * source.channels)
  const rowLength = to.width * source.channels
  const across = weightsOf(from.width, to.width)
  const down = weightsOf(from.height, to.height)
  const area = from.height * from.width
  const row = new Float64Array(rowLength)
  // rows that the target's pixels share are summed once: it goes through the source once
  const pixels = new Float64Array(from.width * source.channels)
  const cache: RowSums = { source, from, across, of: -1, pixels, sums: row }
  const means = new Float64Array(rowLength)
  for (let y = 0; y < to.height; y += 1) {
    means.fill(0)
    const { first, weights } = down[y]!
    for (let index = 0; index < weights.length; index += 1) {
      sumRow(cache, first + index)
      const weight = weights[index]!
      for (let at = 0; at < rowLength; at += 1) means[at]! += weight * row[at]!
    }
    const start = ((to.top + y) * target.width + to.left) * source.channels
    for (let at = 0; at < rowLength; at += 1) values[start + at] = means[at]! / area
  }
  return values
}

interface RowSums {
  readonly source: Pixels
  readonly from: Box
  readonly across: readonly Weights[]
  /** the row whose sums are there */
  of: number
  /** its pixels, as they are meant */
  readonly pixels: Float64Array
  readonly sums: Float64Array
}

/** Weighted sums over the pixels of one row that each target column covers. */
function sumRow(cache: RowSums, y: number): void {
  if (cache.of === y) return
  cache.of = y
  const { source, from, across, pixels, sums } = cache
  const { channels, values, levels } = source
  const start = ((from.top + y) * source.width + from.left) * channels
  for (let at = 0; at < pixels.length; at += 1) {
    const value = values[start + at]!
    pixels[at] = levels === null ? value : levels[value]!
  }
  for (let x = 0; x < across.length; x += 1) {
    const { first, weights } = across[x]!
    for (let channel = 0; channel < channels; channel += 1) {
      let sum = 0
      for (let index = 0; index < weights.length; index += 1) {
        sum += weights[index]! * pixels[(first + index) * channels + channel]!
      }
      sums[x * channels + channel] = sum
    }
  }
}

interface Weights {
  /** of the source pixels that the target pixel covers */
  readonly first: number
  /** how much of each, in units of 1 / target of a source pixel; their sum is the source's length */
  readonly weights: Float64Array
}

/** What each pixel of a line of `target` pixels covers of a line of `source` pixels. */
function weightsOf(source: number, target: number): Weights[] {
  return Array.from({ length: target }, (_, index) => {
    const [start, end] = [index * source, (index + 1) * source]
    const first = Math.floor(start / target)
    const last = Math.ceil(end / target)
    const weights = Float64Array.from({ length: last - first }, (_, offset) => {
      const pixel = first + offset
      return Math.min(end, (pixel + 1) * target) - Math.max(start, pixel * target)
    })
    return { first, weights }
  })
}

/** The largest size of another's ratio within a size; at least 1 x 1. */
function largestOfRatio(within: Size, ratio: Size): Size {
  const height = nearest(within.width * ratio.height, ratio.width)
  if (height <= within.height) return { height: Math.max(1, height), width: within.width }
  const width = nearest(within.height * ratio.width, ratio.height)
  return { height: within.height, width: Math.min(within.width, Math.max(1, width)) }
}

/** The whole number nearest to a quotient of whole numbers, halves upwards. */
function nearest(numerator: number, denominator: number): number {
  return Math.floor((2 * numerator + denominator) / (2 * denominator))
}

function centred(size: Size, within: Size): Box {
  const half = (whole: number, part: number): number => Math.floor((whole - part) / 2)
  return { ...size, top: half(within.height, size.height), left: half(within.width, size.width) }
}

function sizeOf({ height, width }: Size): Size {
  return { height, width }
}
