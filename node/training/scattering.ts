/**
 * Scattering features of images: moduli of wavelet transforms, averaged over cells, of order 0, 1 and 2 (Mallat 2012;
 * Bruna, Mallat 2013), with the Morlet wavelets of Kymatio. They are not learnt, so they cost no privacy; a linear head
 * on them learns from few noisy steps (Tramèr, Boneh, ICLR 2021).
 *
 * Every image is standardised by its own mean and deviation. Its features are standardised by those of groups of its
 * own channels, then scaled to one norm. No statistic of the data set is used.
 *
 * @module
 */

import { createFourierPlan, type FourierPlan } from '../../crypto/accounting/fourier.ts'
import { FEATURE_NORM, scatteringChannels } from '../../protocols/study/models/scattering.ts'
import type { FeatureExtractor } from './models/preset.ts'

/** J scales, L angles, and the side of the square cells that are averaged, in pixels. */
export interface ScatteringSpec {
  readonly scales: number
  readonly angles: number
  readonly cell: number
}

/** Pixels of padding around the image, at least, because wavelets wrap around. */
const MARGIN = 2
const DEVIATION_MIN = 1e-3
/** Width σ of the Morlet wavelets at scale 0, pixels, as in Kymatio. */
const WIDTH = 0.8
/** Their frequency ξ at scale 0, radians a pixel, as in Kymatio. */
const FREQUENCY = (3 * Math.PI) / 4
/** Their slant times the number of angles, as in Kymatio. */
const SLANT = 4
/** Periods of a filter that are summed, on each side. */
const PERIODS = 2
/** Standard deviation of a cell's Gaussian weights, in cells. */
const CELL_SPREAD = 0.4
/** Lines with a weight in one cell's mean, in cells. */
const REACH = 4

/**
 * Creates the extractor of images' feature vectors.
 *
 * @param shape [height, width, channels]; a channel's features lie beside each other
 */
export function createScattering(shape: readonly number[], spec: ScatteringSpec): FeatureExtractor {
  const [height, width, depth] = shape as [number, number, number]
  const scatter = createPlaneScattering({ height, width }, spec)
  const each = scatter.length
  const plane = new Float64Array(height * width)
  return {
    length: depth * each,
    into: (features, image) => {
      for (let channel = 0; channel < depth; channel++) {
        for (let at = 0; at < plane.length; at++) plane[at] = image[at * depth + channel]!
        scatter.into(features.subarray(channel * each, (channel + 1) * each), plane)
      }
      scaleTo(FEATURE_NORM, features)
    },
  }
}

/** Measured, on one core. */
const SECONDS_A_BUTTERFLY = 7e-9
const SECONDS_A_WEIGHT = 1e-8

/** CPU seconds for the features of one image, about. */
export function scatteringSeconds(shape: readonly number[], spec: ScatteringSpec): number {
  const [height, width, depth] = shape as [number, number, number]
  const { scales, angles, cell } = spec
  const side = sideOf({ height, width })
  const channels = scatteringChannels(spec)
  // one of the image, one for each wavelet, one of each modulus that is transformed again
  const transforms = channels + angles * (scales - 1)
  const butterflies = transforms * 2 * side * side * Math.log2(side)
  const [rows, columns] = [height / cell, width / cell]
  const weights = channels * rows * width * (REACH * cell + columns)
  return depth * (butterflies * SECONDS_A_BUTTERFLY + weights * SECONDS_A_WEIGHT)
}

/** The side of the square grid that an image is padded to. */
function sideOf({ height, width }: { height: number; width: number }): number {
  return 2 ** Math.ceil(Math.log2(Math.max(height, width) + 2 * MARGIN))
}

interface PlaneScattering {
  /** features of one plane */
  readonly length: number
  /** Writes the features of a plane of height × width. */
  into(features: Float32Array, plane: Float64Array): void
}

/** What the features of a plane are computed with: constants of its size and the spec, none of them learnt. */
export interface ScatteringPlan {
  /** side of the square grid that a plane is padded to, by reflection; its first row and column in there */
  readonly side: number
  readonly top: number
  readonly left: number
  /** by scale and angle: real spectra of the wavelets, side × side, row-major */
  readonly filters: readonly (readonly Float64Array[])[]
  /** weights of the plane's rows in each row of cells, and of its columns in each column of cells */
  readonly rows: readonly Float64Array[]
  readonly columns: readonly Float64Array[]
  readonly channels: number
  /** channels that are standardised together */
  readonly grouped: number
  /** added to a deviation before anything is divided by it */
  readonly deviationMin: number
}

export function planScattering(
  { height, width }: { height: number; width: number },
  spec: ScatteringSpec,
): ScatteringPlan {
  const { scales, angles, cell } = spec
  const side = sideOf({ height, width })
  const grid = new Grid(side)
  return {
    side,
    top: Math.floor((side - height) / 2),
    left: Math.floor((side - width) / 2),
    filters: Array.from({ length: scales }, (_, scale) =>
      Array.from({ length: angles }, (_, angle) => grid.realSpectrum(morlet(side, { scale, angle, angles }))),
    ),
    rows: cellWeights(height, cell),
    columns: cellWeights(width, cell),
    channels: scatteringChannels(spec),
    grouped: angles + 1,
    deviationMin: DEVIATION_MIN,
  }
}

function createPlaneScattering(
  { height, width }: { height: number; width: number },
  spec: ScatteringSpec,
): PlaneScattering {
  const { scales, angles } = spec
  const { side, top, left, filters, rows, columns, channels, grouped } = planScattering({ height, width }, spec)
  const grid = new Grid(side)
  const pools = { rows, columns }
  const size = rows.length * columns.length
  const image = new Float64Array(2 * side * side)
  const modulus = new Float64Array(2 * side * side)
  const pad = (plane: Float64Array): void => {
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const at = reflected(row - top, height) * width + reflected(column - left, width)
        image[2 * (row * side + column)] = plane[at]!
        image[2 * (row * side + column) + 1] = 0
      }
    }
  }
  const pooled = (features: Float64Array, channel: number, values: Float64Array): void => {
    averageCells(features.subarray(channel * size, (channel + 1) * size), values, { ...pools, side, top, left })
  }
  return {
    length: channels * size,
    into: (features, plane) => {
      standardise(plane, DEVIATION_MIN)
      pad(plane)
      const out = new Float64Array(channels * size)
      pooled(out, 0, image)
      const spectrum = grid.transform(image)
      let [first, second] = [1, 1 + scales * angles]
      for (let scale = 0; scale < scales; scale++) {
        for (const filter of filters[scale]!) {
          grid.modulus(modulus, spectrum, filter)
          pooled(out, first++, modulus)
          if (scale + 1 === scales) continue
          const inner = grid.transform(modulus)
          for (const finer of filters.slice(scale + 1).flat()) {
            grid.modulus(modulus, inner, finer)
            pooled(out, second++, modulus)
          }
        }
      }
      for (let channel = 0; channel < channels; channel += grouped) {
        standardise(out.subarray(channel * size, Math.min(channels, channel + grouped) * size), DEVIATION_MIN)
      }
      features.set(out)
    },
  }
}

/** Fourier transforms of square complex images. */
class Grid {
  readonly #side: number
  readonly #plan: FourierPlan
  readonly #line: Float64Array
  readonly #out: Float64Array
  readonly #turned: Float64Array

  constructor(side: number) {
    this.#side = side
    this.#plan = createFourierPlan(side)
    this.#line = new Float64Array(2 * side)
    this.#out = new Float64Array(2 * side)
    this.#turned = new Float64Array(2 * side * side)
  }

  transform(image: Float64Array): Float64Array {
    const spectrum = new Float64Array(image.length)
    this.#lines(this.#turned, image, 'transform')
    this.#lines(spectrum, this.#turned, 'transform')
    // transposed twice, so in the image's orientation
    return spectrum
  }

  /** The spectrum of a filter, which is real: a Morlet wavelet is symmetric up to conjugation. */
  realSpectrum(filter: Float64Array): Float64Array {
    const spectrum = this.transform(filter)
    return Float64Array.from({ length: spectrum.length / 2 }, (_, at) => spectrum[2 * at]!)
  }

  /** |image ∗ filter|, as complex numbers. */
  modulus(into: Float64Array, spectrum: Float64Array, filter: Float64Array): void {
    const product = into
    for (let at = 0; at < filter.length; at++) {
      product[2 * at] = spectrum[2 * at]! * filter[at]!
      product[2 * at + 1] = spectrum[2 * at + 1]! * filter[at]!
    }
    this.#lines(this.#turned, product, 'inverseTransform')
    this.#lines(into, this.#turned, 'inverseTransform')
    for (let at = 0; at < filter.length; at++) {
      const [re, im] = [into[2 * at]!, into[2 * at + 1]!]
      into[2 * at] = Math.sqrt(re * re + im * im)
      into[2 * at + 1] = 0
    }
  }

  /** Transforms every row and transposes the result. */
  #lines(into: Float64Array, from: Float64Array, how: 'transform' | 'inverseTransform'): void {
    const side = this.#side
    const [line, out] = [this.#line, this.#out]
    for (let row = 0; row < side; row++) {
      const start = 2 * row * side
      for (let at = 0; at < 2 * side; at++) line[at] = from[start + at]!
      this.#plan[how](out, line)
      for (let column = 0; column < side; column++) {
        into[2 * (column * side + row)] = out[2 * column]!
        into[2 * (column * side + row) + 1] = out[2 * column + 1]!
      }
    }
  }
}

/** A Morlet wavelet of a scale and angle, periodic, with mean 0; complex, row-major. */
function morlet(side: number, { scale, angle, angles }: Record<'scale' | 'angle' | 'angles', number>): Float64Array {
  const shape = { sigma: WIDTH * 2 ** scale, angle: (angle * Math.PI) / angles, slant: SLANT / angles }
  const wave = gabor(side, { ...shape, frequency: FREQUENCY / 2 ** scale })
  const envelope = gabor(side, { ...shape, frequency: 0 })
  const sumOf = (values: Float64Array, part: 0 | 1) => {
    let sum = 0
    for (let at = part; at < values.length; at += 2) sum += values[at]!
    return sum
  }
  const total = sumOf(envelope, 0)
  const [re, im] = [sumOf(wave, 0) / total, sumOf(wave, 1) / total]
  return wave.map((value, at) => value - (at % 2 === 0 ? re * envelope[at]! : im * envelope[at - 1]!))
}

function gabor(
  side: number,
  { sigma, angle, slant, frequency }: { sigma: number; angle: number; slant: number; frequency: number },
): Float64Array {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const values = new Float64Array(2 * side * side)
  const unit = 1 / ((2 * Math.PI * sigma * sigma) / slant)
  const wrap = (at: number) => ((at % side) + side) % side
  for (let x = -PERIODS * side; x < (PERIODS + 1) * side; x++) {
    for (let y = -PERIODS * side; y < (PERIODS + 1) * side; y++) {
      const [along, across] = [cos * x + sin * y, cos * y - sin * x]
      const weight = unit * Math.exp(-(along * along + slant * slant * across * across) / (2 * sigma * sigma))
      const at = 2 * (wrap(x) * side + wrap(y))
      values[at]! += weight * Math.cos(frequency * along)
      values[at + 1]! += weight * Math.sin(frequency * along)
    }
  }
  return values
}

/** The Gaussian weights of each cell of a line of pixels; each cell's sum to 1. */
function cellWeights(length: number, cell: number): Float64Array[] {
  return Array.from({ length: length / cell }, (_, index) => {
    const centre = index * cell + (cell - 1) / 2
    const weights = Float64Array.from({ length }, (_, at) => {
      return Math.exp(-((at - centre) ** 2) / (2 * (CELL_SPREAD * cell) ** 2))
    })
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map(weight => weight / total)
  })
}

/** Weighted means over the cells of a complex image without its padding. */
function averageCells(
  into: Float64Array,
  values: Float64Array,
  {
    rows,
    columns,
    side,
    top,
    left,
  }: { rows: readonly Float64Array[]; columns: readonly Float64Array[]; side: number; top: number; left: number },
): void {
  const width = columns[0]!.length
  const line = new Float64Array(width)
  rows.forEach((weights, row) => {
    line.fill(0)
    weights.forEach((weight, at) => {
      // weights beyond about five deviations are negligible
      if (weight < 1e-6) return
      const start = 2 * ((top + at) * side + left)
      for (let column = 0; column < width; column++) line[column]! += weight * values[start + 2 * column]!
    })
    columns.forEach((across, column) => {
      let sum = 0
      for (let at = 0; at < width; at++) sum += across[at]! * line[at]!
      into[row * columns.length + column] = sum
    })
  })
}

/** The index after reflection at the first and last pixel. */
export function reflected(at: number, length: number): number {
  if (at < 0) return Math.min(length - 1, -at)
  return at < length ? at : Math.max(0, 2 * (length - 1) - at)
}

/** Subtracts the mean and divides by the deviation plus `deviationMin`, in place. */
function standardise(values: Float64Array, deviationMin: number): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  const scale = 1 / (Math.sqrt(square) + deviationMin)
  for (let at = 0; at < values.length; at++) values[at] = (values[at]! - mean) * scale
}

function scaleTo(norm: number, values: Float32Array): void {
  const square = values.reduce((sum, value) => sum + value * value, 0)
  if (!(square > 0)) return
  const scale = norm / Math.sqrt(square)
  for (let at = 0; at < values.length; at++) values[at]! *= scale
}
