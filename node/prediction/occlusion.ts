/**
 * Where an image speaks for a class: a window slides over it, and the map says how much the class loses where the window
 * hides the image. It asks the model for nothing but its answers, so that it works for every model, frozen features too.
 *
 * @module Zeiler, Fergus, Visualizing and understanding convolutional networks, ECCV 2014
 */

import { NO_LABEL } from '../datasets/reader.ts'
import type { Scorer } from '../training/scorer.ts'

/** Windows of a side: an eighth of it each, and half of that from one to the next. */
const WINDOWS_OF_SIDE = 8
const BATCH_IMAGES_MAX = 64
const BATCH_VALUES_MAX = 2 ** 22

export interface Occluded {
  /** height, width, channels */
  readonly shape: readonly [number, number, number]
  /** height x width x channels, 0 to 1 */
  readonly values: Float32Array
}

/** Drop of the log-odds of the class where the image is hidden, for each pixel; below 0 where the image speaks against it. */
export interface OcclusionMap {
  readonly height: number
  readonly width: number
  /** height x width */
  readonly drops: Float32Array
}

/**
 * Computes the map of one class.
 *
 * The window takes the mean of the image, for each channel: black or white would be a shape of its own, which the model
 * never saw, and would change the brightness of the whole. The drop is that of log(p / (1 - p)), the class's logit against
 * all others: the same number added to all logits changes no answer, and must not change the map.
 *
 * @param category index of the class
 * @param progress windows that were scored, and their number
 */
export function occlusionMap(
  { shape, values }: Occluded,
  { scorer, category, progress }: { scorer: Scorer; category: number; progress?: (done: number, of: number) => void },
): OcclusionMap {
  const [height, width] = shape
  const [down, across] = [windowsOf(height), windowsOf(width)]
  const windows = down.starts.flatMap(top => across.starts.map(left => ({ top, left })))
  const means = meansOf(values, shape[2])
  const base = oddsOf({ images: [values], shape, scorer, category })[0]!
  const grid = new Float64Array(windows.length)
  const most = Math.max(1, Math.min(BATCH_IMAGES_MAX, Math.floor(BATCH_VALUES_MAX / values.length)))
  for (let start = 0; start < windows.length; start += most) {
    progress?.(start, windows.length)
    const images = windows
      .slice(start, start + most)
      .map(({ top, left }) => hidden(values, shape, { top, left, height: down.size, width: across.size, means }))
    for (const [at, odds] of oddsOf({ images, shape, scorer, category }).entries()) grid[start + at] = base - odds
  }
  progress?.(windows.length, windows.length)
  return { height, width, drops: upsampled(grid, { height, width, down, across }) }
}

interface Windows {
  readonly size: number
  readonly starts: readonly number[]
}

/** The last window ends with the side. */
function windowsOf(side: number): Windows {
  const size = Math.max(1, Math.round(side / WINDOWS_OF_SIDE))
  const step = Math.max(1, Math.floor(size / 2))
  const starts: number[] = []
  for (let start = 0; start < side - size; start += step) starts.push(start)
  return { size, starts: [...starts, side - size] }
}

function meansOf(values: Float32Array, channels: number): Float64Array {
  const means = new Float64Array(channels)
  for (let at = 0; at < values.length; at++) means[at % channels]! += values[at]!
  return means.map(sum => sum / (values.length / channels))
}

function hidden(
  values: Float32Array,
  [, across, channels]: readonly [number, number, number],
  {
    top,
    left,
    height,
    width,
    means,
  }: { top: number; left: number; height: number; width: number; means: Float64Array },
): Float32Array {
  const image = values.slice()
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) image.set(means, (y * across + x) * channels)
  }
  return image
}

/** The log-odds of a class in each of some images. */
function oddsOf({
  images,
  shape,
  scorer,
  category,
}: {
  images: readonly Float32Array[]
  shape: readonly number[]
  scorer: Scorer
  category: number
}): number[] {
  const inputs = (record: number, into: Float32Array): void => into.set(images[record]!)
  const labels = new Int32Array(images.length).fill(NO_LABEL)
  const { logits } = scorer.score({ count: images.length, shape: [...shape], inputs, labels })
  const classes = logits.length / images.length
  return images.map((_, image) => {
    const own = Array.from(logits.subarray(image * classes, (image + 1) * classes))
    const others = own.filter((_, index) => index !== category)
    const largest = Math.max(...others)
    // from the logits, as probabilities near 1 all have the same odds in float32
    return own[category]! - largest - Math.log(others.reduce((sum, logit) => sum + Math.exp(logit - largest), 0))
  })
}

/** Linear between the middles of windows, and constant beyond those at the edge. */
function upsampled(
  grid: Float64Array,
  { height, width, down, across }: { height: number; width: number; down: Windows; across: Windows },
): Float32Array {
  const drops = new Float32Array(height * width)
  const columns = across.starts.length
  const xs = Array.from({ length: width }, (_, x) => between(x, across))
  for (let y = 0; y < height; y++) {
    const [upper, lower, below] = between(y, down)
    for (let x = 0; x < width; x++) {
      const [left, right, beside] = xs[x]!
      const top = grid[upper * columns + left]! * (1 - beside) + grid[upper * columns + right]! * beside
      const bottom = grid[lower * columns + left]! * (1 - beside) + grid[lower * columns + right]! * beside
      drops[y * width + x] = top * (1 - below) + bottom * below
    }
  }
  return drops
}

/** Indices of the windows whose middles stand before and after a pixel, and the share of the second. */
function between(at: number, { size, starts }: Windows): [before: number, after: number, share: number] {
  const place = at - (size - 1) / 2
  const after = starts.findIndex(start => start >= place)
  if (after < 0) return [starts.length - 1, starts.length - 1, 0]
  if (after === 0) return [0, 0, 0]
  const [low, high] = [starts[after - 1]!, starts[after]!]
  return [after - 1, after, (place - low) / (high - low)]
}
