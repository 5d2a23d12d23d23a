import type { Backend, Layer, Tensor, Tensor2D } from '../backend.ts'
import { perExampleProducts, rowSquares } from '../kernels.ts'
import { configOf, finite, grouped, type LayerRule, type Recorded, refused, type Scale, shapesOf } from './rule.ts'

/**
 * A row of a table for each word. An example's gradient has as many rows that are not 0 as it has different words: they
 * are instantiated at each word's first position, so that the sum adds the very rows whose norms were taken.
 */
export function embeddingRule(backend: Backend, layer: Layer, views: number): LayerRule {
  const { tf } = backend
  if (configOf(layer)['maskZero'] === true) throw refused(layer, 'masks zeros')
  const shapes = shapesOf(layer)
  const [entries, width] = shapes[0] as [number, number]
  const forward = (input: Tensor, [table]: Tensor[]): Recorded => {
    const words = wordsOf(input, entries)
    const output = tf.gather(table!, tf.tensor1d(words, 'int32'))
    const backward: Recorded['backward'] = (gradient, wantInput) => {
      const g = grouped(tf, gradient, views)
      const [batch, positions] = g.shape
      const first = tf.tensor3d(firstPositions(words, positions), [batch, positions, positions])
      const own = perExampleProducts(backend, first, g)
      const sums = ({ weights, finite: mask }: Scale): Tensor[] => {
        const weighted = tf.mul(finite(tf, own, { weights, finite: mask }), tf.reshape(weights, [-1, 1])) as Tensor2D
        return [tf.tensor2d(rowSums(words, weighted.dataSync() as Float32Array, { entries, width }), [entries, width])]
      }
      return {
        // words have no gradient
        input: wantInput ? tf.zerosLike(input) : null,
        gradients: { squares: [rowSquares(tf, own)], sums },
      }
    }
    return { output: tf.reshape(output, [...input.shape, width] as number[]), backward }
  }
  return { shapes, forward }
}

/** The words of a batch. One that is none of the table's counts as the nearest, so that no record ends a training. */
function wordsOf(input: Tensor, entries: number): Int32Array {
  const nearest = (value: number): number => Math.max(0, Math.min(entries - 1, Math.trunc(value)))
  return Int32Array.from(input.dataSync(), value => (Number.isNaN(value) ? 0 : nearest(value)))
}

/** [B, T, T]: 1 at (i, t, s) where s is the first position of example i with the word that is at t. */
function firstPositions(words: Int32Array, positions: number): Float32Array {
  const marks = new Float32Array(words.length * positions)
  const seen = new Map<number, number>()
  words.forEach((word, at) => {
    const position = at % positions
    if (position === 0) seen.clear()
    const first = seen.get(word) ?? position
    seen.set(word, first)
    marks[at * positions + first] = 1
  })
  return marks
}

/** Adds the rows of all positions to their words' rows, in float64. */
function rowSums(
  words: Int32Array,
  values: Float32Array,
  { entries, width }: { entries: number; width: number },
): Float32Array {
  const sums = new Float64Array(entries * width)
  words.forEach((word, at) => {
    for (let i = 0; i < width; i++) sums[word * width + i]! += values[at * width + i]!
  })
  return Float32Array.from(sums)
}
