// Claims of node/privacy-audit/ridge.ts: the factor and the solution are those of the matrix; near a training input the
// prediction is its output, and far from all of them the mean.

import test from 'ava'
import fc from 'fast-check'
import { cholesky, correlation, createRidge, dot, solveFactored, unit } from '../../../node/privacy-audit/ridge.ts'
import { uniforms } from '../training/engines.ts'

test('solving undoes multiplying', t => {
  const entry = fc.double({ min: -2, max: 2, noNaN: true })
  const squares = fc
    .integer({ min: 1, max: 8 })
    .chain(n =>
      fc.tuple(
        fc.array(entry, { minLength: n * n, maxLength: n * n }),
        fc.array(entry, { minLength: n, maxLength: n }),
      ),
    )
  fc.assert(
    fc.property(squares, ([roots, x]) => {
      const n = x.length
      const row = (at: number) => roots.slice(at * n, (at + 1) * n)
      const matrix = Array.from({ length: n * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n]
        return dot(row(i), row(j)) + (i === j ? 1 : 0)
      })
      const b = x.map((_, i) => dot(matrix.slice(i * n, (i + 1) * n), x))
      solveFactored(cholesky(matrix, n), b).forEach((value, at) => {
        t.true(Math.abs(value - x[at]!) < 1e-8)
      })
    }),
  )
})

test('what is no positive definite matrix is refused', t => {
  t.throws(() => cholesky([1, 2, 2, 1], 2))
})

test('with little λ what was learnt is given back; a stranger to all of it gets the mean', t => {
  const next = uniforms('ridge')
  const inputs = Array.from({ length: 20 }, () => unit(Array.from({ length: 40 }, () => next() - 0.5)))
  const outputs = inputs.map(() => Float32Array.of(next(), next()))
  const gram = inputs.flatMap(a => inputs.map(b => dot(a, b)))
  const ridge = createRidge({ inputs, gram, outputs, kernel: product => product })
  inputs.forEach((input, at) => {
    const [first] = ridge(input)
    t.true(Math.abs(first![0]! - outputs[at]![0]!) < 1e-3)
  })
  const mean = outputs.reduce((sum, output) => sum + output[0]! / outputs.length, 0)
  for (const predicted of ridge(new Float32Array(40))) t.true(Math.abs(predicted[0]! - mean) < 1e-6)
})

test('correlation is 1 of a line that rises, −1 of one that falls, and 0 of a constant', t => {
  const values = [1, 5, 2, 8]
  t.true(
    Math.abs(
      correlation(
        values,
        values.map(value => 3 * value + 2),
      ) - 1,
    ) < 1e-12,
  )
  t.true(
    Math.abs(
      correlation(
        values,
        values.map(value => -value),
      ) + 1,
    ) < 1e-12,
  )
  t.is(correlation(values, [4, 4, 4, 4]), 0)
})
