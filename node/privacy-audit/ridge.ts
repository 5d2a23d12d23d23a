/**
 * Kernel ridge regression on unit vectors: k (K + λI)⁻¹ Y, weighted means of the training outputs. Trained on gradients
 * of records whose pictures are known, it learns to invert gradients (Wu, Chen, Guo, Weinberger, UAI 2023); λ models
 * the expected noise.
 *
 * @module
 */

import assert from 'node:assert/strict'

/** The λ that an attacker tries, relative to the mean of K's diagonal. */
const RIDGES = [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1] as const

/** Cholesky factor L, lower triangular, of a symmetric positive definite matrix LLᵀ; row-major, n × n. */
export function cholesky(matrix: ArrayLike<number>, n: number): Float64Array {
  const factor = new Float64Array(n * n)
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let value = matrix[row * n + column]!
      for (let k = 0; k < column; k++) value -= factor[row * n + k]! * factor[column * n + k]!
      if (row !== column) factor[row * n + column] = value / factor[column * n + column]!
      else {
        assert(value > 0, 'the matrix is positive definite')
        factor[row * n + row] = Math.sqrt(value)
      }
    }
  }
  return factor
}

/** Solves LLᵀx = b for x. */
export function solveFactored(factor: Float64Array, b: ArrayLike<number>): Float64Array {
  const n = b.length
  const x = Float64Array.from(b)
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < row; k++) x[row]! -= factor[row * n + k]! * x[k]!
    x[row]! /= factor[row * n + row]!
  }
  for (let row = n - 1; row >= 0; row--) {
    x[row]! /= factor[row * n + row]!
    // column-wise, because L is stored by rows
    for (let k = 0; k < row; k++) x[k]! -= factor[row * n + k]! * x[row]!
  }
  return x
}

/** Predictions for a unit vector, one for each λ of RIDGES. */
export type Ridge = (input: Float32Array) => Float32Array[]

/**
 * Fits one regression for each λ.
 *
 * @param inputs   unit vectors
 * @param gram     their inner products, row-major
 * @param outputs  the target vector of each input
 * @param kernel   as a function of the inner product
 */
export function createRidge({
  inputs,
  gram,
  outputs,
  kernel,
}: {
  inputs: readonly Float32Array[]
  gram: ArrayLike<number>
  outputs: readonly Float32Array[]
  kernel: (product: number) => number
}): Ridge {
  const n = inputs.length
  const size = outputs[0]!.length
  const mean = new Float64Array(size)
  for (const output of outputs) for (let at = 0; at < size; at++) mean[at]! += output[at]! / n
  const kernels = Float64Array.from({ length: n * n }, (_, at) => kernel(gram[at]!))
  const factors = RIDGES.map(ridge => {
    const matrix = kernels.slice()
    for (let at = 0; at < n; at++) matrix[at * n + at]! += ridge * kernel(1)
    return cholesky(matrix, n)
  })
  return input => {
    const near = Float64Array.from(inputs, known => kernel(dot(known, input)))
    return factors.map(factor => {
      const predicted = mean.slice()
      solveFactored(factor, near).forEach((weight, row) => {
        const output = outputs[row]!
        for (let at = 0; at < size; at++) predicted[at]! += weight * (output[at]! - mean[at]!)
      })
      return Float32Array.from(predicted)
    })
  }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!
  return sum
}

/** The vector scaled to norm 1; a zero vector stays zero. */
export function unit(values: ArrayLike<number>): Float32Array {
  const norm = Math.sqrt(dot(values, values))
  return Float32Array.from(values, value => (norm === 0 ? 0 : value / norm))
}

/** Pearson's correlation; 0 where one of the vectors is constant. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (values: ArrayLike<number>) => dot(values, new Float64Array(values.length).fill(1 / values.length))
  const [meanA, meanB] = [mean(a), mean(b)]
  let [both, squareA, squareB] = [0, 0, 0]
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at]! - meanA, b[at]! - meanB]
    both += x * y
    squareA += x * x
    squareB += y * y
  }
  const scale = Math.sqrt(squareA * squareB)
  return scale === 0 ? 0 : both / scale
}
