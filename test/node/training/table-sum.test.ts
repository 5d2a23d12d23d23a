// Claims of node/training/table-sum.ts: every unit adds 1 to the labels, to each column's bins and at most 1 to its sum, a
// patient in equal shares of its records; so none moves the sum by more than the study's norm, whatever its values are.

import test from 'ava'
import fc from 'fast-check'
import { tableSum } from '../../../node/training/table-sum.ts'
import { tableEdge, tableLayout, tableNorm } from '../../../protocols/study/table.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'
import { tableStudy } from '../../helpers/study/table-study.ts'

const layoutOf = (byClass: boolean) => tableLayout(testStudy(testSigners(4), tableStudy({ byClass })))!
type Row = readonly [age: number, weight: number, label: number]

function sumOf(units: readonly (readonly Row[])[], byClass = false): Float64Array {
  const rows = units.flat()
  const inputs = Float32Array.from(rows.flatMap(([age, weight]) => [age, 1, 0, weight]))
  const dataset = { count: rows.length, shape: [4], inputs, labels: Int32Array.from(rows, ([, , label]) => label) }
  let next = 0
  const places = units.map(unit => Uint32Array.from(unit, () => next++))
  return tableSum({ dataset, units: { count: units.length, recordsOf: at => places[at]! } }, layoutOf(byClass))
}

test('rows are counted by label, in bins, as missing, and in the sum of values', t => {
  const { binAt, sumAt } = layoutOf(false)
  // below the bounds, at an edge, at the upper bound and above it
  const sum = sumOf([[[10, 40, 0]], [[35, 80, 1]], [[80, -1, 1]], [[200, 100, 1]]])
  t.deepEqual([...sum.subarray(0, 2)], [1, 3])
  t.deepEqual(
    [0, 1, 2, 3].map(bin => sum[binAt(0, 0, bin)]),
    [1, 1, 0, 2],
  )
  t.is(sum[sumAt(0, 0)], -1 - 0.5 + 1 + 1)
  t.deepEqual(
    [0, 1, 2, 3, 4].map(bin => sum[binAt(1, 0, bin)]),
    [1, 0, 1, 1, 1],
  )
  t.is(sum[sumAt(1, 0)], -1 + 0 + 0.5)
  const byClass = layoutOf(true)
  const split = sumOf([[[10, 40, 0]], [[35, 80, 1]]], true)
  t.is(split[byClass.binAt(0, 0, 0)], 1)
  t.is(split[byClass.binAt(0, 1, 1)], 1)
  t.is(split[byClass.sumAt(0, 1)], -0.5)
})

test('a unit moves the sum by no more than the norm of the study, in either layout', t => {
  const value = fc.oneof(fc.float({ noDefaultInfinity: false }), fc.constantFrom(20, 80, 40, 120, -1, Number.NaN))
  const rows = fc.array(fc.tuple(value, value, fc.integer({ min: 0, max: 1 })), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(rows, fc.boolean(), (unit, byClass) => {
      const sum = sumOf([unit], byClass)
      t.true(Math.sqrt(sum.reduce((total, one) => total + one * one, 0)) <= tableNorm({ columns: ['a', 'b'] }) + 1e-9)
      t.true(Math.abs(sum[0]! + sum[1]! - 1) < 1e-9)
    }),
    { numRuns: 300 },
  )
})

test('a value is in the bin whose edges it lies between, to the last bit', t => {
  const layout = layoutOf(false)
  const [age] = layout.columns
  fc.assert(
    fc.property(fc.float({ min: 20, max: 80, noNaN: true }), value => {
      const sum = sumOf([[[value, 50, 0]]])
      const bin = [0, 1, 2, 3].find(one => sum[layout.binAt(0, 0, one)] === 1)!
      t.true(value >= tableEdge(age!, bin, 4) && (bin === 3 || value < tableEdge(age!, bin + 1, 4)))
    }),
  )
})
