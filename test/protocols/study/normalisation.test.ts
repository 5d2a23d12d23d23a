// Claims of protocols/study/normalisation.ts: without noise the sums give each column's mean and deviation; with any noise
// at all the normalisation stays within bounds that nothing can be broken with.

import test from 'ava'
import fc from 'fast-check'
import {
  boundsOf,
  columnsOf,
  DEVIATION_MIN,
  initialNormalisation,
  normalisationOf,
  statisticsDimension,
  statisticsNorm,
} from '../../../protocols/study/normalisation.ts'

const SCALE = 2 ** 16

/** The statistics of rows of values in −1 … 1, as a noiseless secure sum would open them. */
function sumsOf(rows: readonly (readonly number[])[]): Int32Array {
  const columns = rows[0]!.length
  const sums = new Float64Array(statisticsDimension(columns))
  for (const row of rows) {
    row.forEach((value, column) => {
      sums[column]! += value
      sums[columns + column]! += value * value
    })
    sums[2 * columns]! += 1
  }
  return Int32Array.from(sums, sum => Math.round(sum * SCALE))
}

const table = fc.integer({ min: 1, max: 5 }).chain(columns =>
  fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: columns, maxLength: columns }), {
    minLength: 2,
    maxLength: 60,
  }),
)

test('without noise the normalisation is the mean and one over the deviation, down to a smallest one', t => {
  fc.assert(
    fc.property(table, rows => {
      const columns = rows[0]!.length
      const normalisation = normalisationOf(sumsOf(rows), { columns, scale: SCALE, noise: 0 })
      for (let column = 0; column < columns; column++) {
        const values = rows.map(row => row[column]!)
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
        t.true(Math.abs(normalisation[column]! - mean) < 1e-4)
        const deviation = Math.max(DEVIATION_MIN, Math.sqrt(variance))
        t.true(Math.abs(1 / normalisation[columns + column]! - deviation) < 2e-3)
      }
    }),
    { numRuns: 200 },
  )
})

test('whatever the noise makes of the sums, means lie in −1 … 1 and factors in 1/2 … 10', t => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 4 })
        .chain(columns => fc.array(word, { minLength: 2 * columns + 1, maxLength: 2 * columns + 1 })),
      words => {
        const columns = (words.length - 1) / 2
        const normalisation = normalisationOf(Int32Array.from(words), { columns, scale: SCALE, noise: 3 * SCALE })
        t.true(normalisation.subarray(0, columns).every(mean => mean >= -1 && mean <= 1))
        t.true(normalisation.subarray(columns).every(factor => factor > 0 && factor <= 1 / DEVIATION_MIN + 1e-5))
      },
    ),
    { numRuns: 500 },
  )
})

test('a variance that the noise alone could have made is taken for the noise of its estimate', t => {
  const rows = Array.from({ length: 100 }, (_, at) => [at % 2 === 0 ? 0.3 : 0.5])
  const deviationAt = (noise: number) => 1 / normalisationOf(sumsOf(rows), { columns: 1, scale: SCALE, noise })[1]!
  t.true(Math.abs(deviationAt(0) - 0.1) < 1e-3)
  // noise of 9 records' size among 100
  t.true(Math.abs(deviationAt(9 * SCALE) - 0.3) < 1e-3)
  t.true(Math.abs(deviationAt(1e6 * SCALE) - 1) < 1e-6, 'never more than the bounds allow')
})

test('one record adds at most √(2C + 1): every value, every square, and the count', t => {
  fc.assert(
    fc.property(table, rows => {
      const [row] = rows
      const added = [...row!, ...row!.map(value => value * value), 1]
      t.true(Math.hypot(...added) <= statisticsNorm(row!.length) + 1e-12)
    }),
  )
  t.is(statisticsNorm(4), 3)
})

test('a sum of another length is refused', t => {
  t.throws(() => normalisationOf(new Int32Array(4), { columns: 2, scale: SCALE, noise: 0 }), {
    code: 'length-mismatch',
  })
})

test('before any statistics nothing is shifted or stretched; studies without a normalisation keep none', t => {
  t.deepEqual([...initialNormalisation(2)], [0, 0, 1, 1])
  t.is(initialNormalisation(0).length, 0)
  const data = { kind: 'image' as const, shape: [8, 8, 3] as [number, number, number], classes: ['a', 'b'] }
  t.is(columnsOf(data), 3)
  t.is(boundsOf({ contract: data }), null)
  const normalisation = { kind: 'columns' as const, noiseMultiplier: 4 }
  t.deepEqual(boundsOf({ contract: data, normalisation }), [
    [0, 1],
    [0, 1],
    [0, 1],
  ])
})
