/**
 * Scattering features as matrix products: the Fourier transform of a small image is two products with constant matrices,
 * into which the padding goes as well; wavelets are constants. node/training/scattering.ts computes the same by fast
 * transforms.
 *
 * @module
 */

import type { ImageContract } from '../../../protocols/study/contracts/image.ts'
import { FEATURE_NORM, type ScatteringModel } from '../../../protocols/study/models/scattering.ts'
import { planScattering, reflected, type ScatteringPlan } from '../../training/scattering.ts'
import type { GraphBuilder, GraphConstant, GraphValue } from './graph.ts'
import { scaledToNorm } from './steps.ts'

/** Features of images of the contract's shape, [batch, features]. */
export function scatteringSteps(
  graph: GraphBuilder,
  images: GraphValue,
  spec: ScatteringModel,
  [height, width, depth]: ImageContract['shape'],
): GraphValue {
  const plan = planScattering({ height, width }, spec)
  const first = depth === 1 ? images : graph.transpose(images, [0, 3, 1, 2])
  const planes = standardised(graph, graph.reshape(first, [height, width]), [1, 2], plan)
  const size = plan.rows.length * plan.columns.length
  const transforms = createTransforms(graph, { height, width }, plan)
  const parts = [transforms.cells(planes), ...wavelets(graph, planes, { plan, transforms })]
  const features = grouped(graph, graph.concat(parts), { plan, size })
  const flat = graph.reshape(features, [depth * plan.channels * size])
  return scaledToNorm(graph, flat, FEATURE_NORM)
}

/** Pooled moduli of the first order, then those of the second, by the scale of the first wavelet. */
function wavelets(
  graph: GraphBuilder,
  planes: GraphValue,
  { plan, transforms }: { plan: ScatteringPlan; transforms: Transforms },
): GraphValue[] {
  const { filters, side } = plan
  const spectrum = transforms.ofPlanes(planes)
  const first: GraphValue[] = []
  const second: GraphValue[] = []
  filters.forEach((angles, scale) => {
    const filtered = product(graph, spectrum, { filters: angles, side })
    const moduli = transforms.moduli(filtered)
    first.push(graph.reshape(transforms.cellsOfGrid(moduli), [angles.length, cellsOf(plan)]))
    const finer = filters.slice(scale + 1).flat()
    if (finer.length === 0) return
    const inner = product(graph, transforms.ofGrid(moduli), { filters: finer, side })
    const pooled = transforms.cells(transforms.moduliInside(inner))
    second.push(graph.reshape(pooled, [angles.length * finer.length, cellsOf(plan)]))
  })
  return [...first, ...second]
}

function cellsOf({ rows, columns }: ScatteringPlan): number {
  return rows.length * columns.length
}

/** Every spectrum [column, 2, row] times every filter. */
function product(
  graph: GraphBuilder,
  spectrum: GraphValue,
  { filters, side }: { filters: readonly Float64Array[]; side: number },
): GraphValue {
  const values = new Float64Array(filters.length * side * side)
  filters.forEach((filter, at) => {
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        values[(at * side + column) * side + row] = filter[row * side + column]!
      }
    }
  })
  const constant = graph.constant(values, [filters.length, side, 1, side])
  return graph.pair('mul', graph.reshape(spectrum, [1, side, 2, side]), constant)
}

/** Fourier transforms and means over cells; spectra are [column, real and imaginary part, row]. */
interface Transforms {
  /** spectrum of padded planes */
  ofPlanes(planes: GraphValue): GraphValue
  /** spectrum of whole grids */
  ofGrid(grids: GraphValue): GraphValue
  /** moduli on whole grids */
  moduli(spectra: GraphValue): GraphValue
  /** moduli without the padding */
  moduliInside(spectra: GraphValue): GraphValue
  /** means of planes over cells, [1, cells] */
  cells(planes: GraphValue): GraphValue
  cellsOfGrid(grids: GraphValue): GraphValue
}

function createTransforms(
  graph: GraphBuilder,
  { height, width }: { height: number; width: number },
  plan: ScatteringPlan,
): Transforms {
  const { side, top, left } = plan
  const all = Array.from({ length: side }, (_, at) => at)
  const matrix = (entries: Matrix): GraphConstant => graph.constant(entries.values, [entries.rows, entries.columns])
  const padded = {
    rows: all.map(at => reflected(at - top, height)),
    columns: all.map(at => reflected(at - left, width)),
  }
  const inside = { rows: all.slice(top, top + height), columns: all.slice(left, left + width) }
  const whole = { rows: matrix(forward(all, side).complex), columns: matrix(forward(all, side).real) }
  const planes = {
    rows: matrix(forward(padded.rows, height).complex),
    columns: matrix(forward(padded.columns, width).real),
  }
  const everywhere = matrix(inverse(side, all))
  const back = { rows: everywhere, columns: everywhere }
  const backInside = { rows: matrix(inverse(side, inside.rows)), columns: matrix(inverse(side, inside.columns)) }
  const pools = { rows: matrix(weights(plan.rows)), columns: matrix(weights(plan.columns)) }
  const gridPools = {
    rows: matrix(weights(plan.rows, { side, first: top })),
    columns: matrix(weights(plan.columns, { side, first: left })),
  }
  const spectrum = (values: GraphValue, { rows, columns }: Sides, length: number): GraphValue => {
    const across = graph.reshape(graph.matmul(values, columns), [length, 2, side])
    const turned = graph.transpose(across, [0, 3, 2, 1])
    return graph.reshape(graph.matmul(turned, rows), [side, 2, side])
  }
  const moduli = (spectra: GraphValue, { rows, columns }: Sides): GraphValue => {
    const [height, width] = [rows.shape[1]! / 2, columns.shape[1]! / 2]
    const turned = graph.reshape(graph.matmul(spectra, rows), [side, 2, height])
    const across = graph.matmul(graph.transpose(turned, [0, 3, 2, 1]), columns)
    const values = graph.reshape(across, [height, 2, width])
    const mean = graph.mean(graph.pair('mul', values, values), [2])
    return graph.reshape(graph.single('sqrt', graph.pair('mul', mean, graph.scalar(2))), [height, width])
  }
  const cells = (values: GraphValue, { rows, columns }: Sides): GraphValue => {
    const [, length] = values.shape as [number, number]
    const across = graph.reshape(graph.matmul(values, columns), [length, plan.columns.length])
    const down = graph.matmul(graph.transpose(across, [0, 2, 1]), rows)
    const pooled = graph.transpose(graph.reshape(down, [plan.columns.length, plan.rows.length]), [0, 2, 1])
    return graph.reshape(pooled, [1, cellsOf(plan)])
  }
  return {
    ofPlanes: values => spectrum(values, planes, height),
    ofGrid: values => spectrum(values, whole, side),
    moduli: spectra => moduli(spectra, back),
    moduliInside: spectra => moduli(spectra, backInside),
    cells: values => cells(values, pools),
    cellsOfGrid: values => cells(values, gridPools),
  }
}

interface Sides {
  readonly rows: GraphConstant
  readonly columns: GraphConstant
}

interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float64Array
}

/**
 * The Fourier transform of a line that is padded first, of real numbers and of complex ones (all real parts, then all
 * imaginary ones), to real parts and then imaginary ones.
 *
 * @param sources the entry of the line that stands at each place of the padded one
 * @param length  of the line
 */
function forward(sources: readonly number[], length: number): { real: Matrix; complex: Matrix } {
  const side = sources.length
  const real = new Float64Array(length * 2 * side)
  const imaginary = new Float64Array(length * 2 * side)
  sources.forEach((source, place) => {
    for (let frequency = 0; frequency < side; frequency++) {
      const [cos, sin] = turn(place * frequency, side)
      const at = source * 2 * side + frequency
      real[at]! += cos
      real[at + side]! -= sin
      imaginary[at]! += sin
      imaginary[at + side]! += cos
    }
  })
  const both = new Float64Array(2 * real.length)
  both.set(real)
  both.set(imaginary, real.length)
  return {
    real: { rows: length, columns: 2 * side, values: real },
    complex: { rows: 2 * length, columns: 2 * side, values: both },
  }
}

/** The inverse transform of complex numbers, at these places alone. */
function inverse(side: number, places: readonly number[]): Matrix {
  const count = places.length
  const values = new Float64Array(2 * side * 2 * count)
  places.forEach((place, at) => {
    for (let frequency = 0; frequency < side; frequency++) {
      const [cos, sin] = turn(place * frequency, side).map(value => value / side) as [number, number]
      const [real, imaginary] = [frequency * 2 * count + at, (side + frequency) * 2 * count + at]
      values[real] = cos
      values[real + count] = sin
      values[imaginary] = -sin
      values[imaginary + count] = cos
    }
  })
  return { rows: 2 * side, columns: 2 * count, values }
}

/** Cosine and sine of so many parts of a full turn. */
function turn(parts: number, of: number): [number, number] {
  const angle = (2 * Math.PI * (parts % of)) / of
  return [Math.cos(angle), Math.sin(angle)]
}

/** Cells' weights as a matrix of lines by cells; `within` a longer line, from an entry on. */
function weights(
  cells: readonly Float64Array[],
  { side = cells[0]!.length, first = 0 }: { side?: number; first?: number } = {},
): Matrix {
  const values = new Float64Array(side * cells.length)
  cells.forEach((line, cell) => {
    line.forEach((weight, at) => {
      values[(first + at) * cells.length + cell] = weight
    })
  })
  return { rows: side, columns: cells.length, values }
}

function standardised(
  graph: GraphBuilder,
  values: GraphValue,
  axes: readonly number[],
  { deviationMin }: ScatteringPlan,
): GraphValue {
  const centred = graph.pair('sub', values, graph.mean(values, axes))
  const deviation = graph.single('sqrt', graph.mean(graph.pair('mul', centred, centred), axes))
  return graph.pair('div', centred, graph.pair('add', deviation, graph.scalar(deviationMin)))
}

/** Standardises groups of channels; the last one may be shorter. */
function grouped(
  graph: GraphBuilder,
  features: GraphValue,
  { plan, size }: { plan: ScatteringPlan; size: number },
): GraphValue {
  const { channels, grouped: each } = plan
  const whole = channels - (channels % each)
  const part = (start: number, end: number, groups: number): GraphValue => {
    const sliced = start === 0 && end === channels ? features : graph.slice(features, start, end)
    const split = graph.reshape(sliced, [groups, ((end - start) / groups) * size])
    return graph.reshape(standardised(graph, split, [2], plan), [(end - start) * size])
  }
  const parts = [
    ...(whole > 0 ? [part(0, whole, whole / each)] : []),
    ...(whole < channels ? [part(whole, channels, 1)] : []),
  ]
  return graph.concat(parts)
}
