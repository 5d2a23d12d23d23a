// Claims of sim/demo/partition.ts: every record once, hospitals of unequal size and different classes, one seed one
// partition; groups stay together.

import test from 'ava'
import fc from 'fast-check'
import { partition } from '../../../sim/demo/partition.ts'

const LABELS = Uint8Array.from({ length: 4708 }, (_, i) => (i % 4 === 0 ? 0 : 1))

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const shareOf = (part: Uint32Array): number => part.reduce((ones, record) => ones + LABELS[record]!, 0) / part.length

test('every record is at exactly one hospital', t => {
  const anything = fc.record({
    labels: fc.array(fc.nat(3), { maxLength: 300 }),
    hospitals: fc.integer({ min: 1, max: 12 }),
    seed: fc.nat(),
  })
  fc.assert(
    fc.property(anything, ({ labels, hospitals, seed }) => {
      const parts = partition(labels, { hospitals, seed })
      t.is(parts.length, hospitals)
      t.deepEqual(
        parts.flatMap(part => [...part]).sort((a, b) => a - b),
        labels.map((_, record) => record),
      )
    }),
  )
})

test('hospitals have different numbers of records, the largest about four times the smallest', t => {
  for (const hospitals of [3, 4, 7]) {
    const sizes = partition(LABELS, { hospitals, seed: 1 }).map(part => part.length)
    t.is(new Set(sizes).size, hospitals)
    const ratio = sizes[0]! / sizes.at(-1)!
    t.true(ratio > 3.5 && ratio < 4.5, `${ratio}`)
  }
})

test('hospitals see the classes in clearly different shares, and all of them see each', t => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const shares = partition(LABELS, { hospitals: 4, seed })
      .map(shareOf)
      .sort((a, b) => a - b)
    for (let rank = 1; rank < shares.length; rank++) t.true(shares[rank]! - shares[rank - 1]! > 0.03, `${shares}`)
    t.true(shares.at(-1)! - shares[0]! > 0.2)
    t.true(shares[0]! > 0.02 && shares.at(-1)! < 0.98)
  }
})

test('the same seed gives the same partition, another seed another one', t => {
  const of = (seed: number) => partition(LABELS, { hospitals: 4, seed })
  t.deepEqual(of(7), of(7))
  t.notDeepEqual(of(7), of(8))
})

test('neighbouring records of the file do not stay together', t => {
  const [first] = partition(LABELS, { hospitals: 4, seed: 1 })
  const steps = [...first!.subarray(1)].filter((record, at) => record === first![at]! + 1)
  t.true(steps.length < first!.length / 50)
})

const grouping = fc.record({
  records: fc.array(fc.record({ label: fc.nat(3), group: fc.nat(60).map(String) }), { maxLength: 300 }),
  hospitals: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(),
})

test('with groups every record is at exactly one hospital, and no group at two', t => {
  fc.assert(
    fc.property(grouping, ({ records, hospitals, seed }) => {
      const groups = records.map(({ group }) => group)
      const of = () =>
        partition(
          records.map(({ label }) => label),
          { hospitals, seed, groups },
        )
      const parts = of()
      t.is(parts.length, hospitals)
      t.deepEqual(
        parts.flatMap(part => [...part]).sort((a, b) => a - b),
        records.map((_, record) => record),
      )
      const places = parts.map(part => new Set([...part].map(record => groups[record])))
      t.is(sum(places.map(({ size }) => size)), new Set(groups).size)
      t.deepEqual(of(), parts, 'the same seed gives the same partition')
    }),
  )
})

/** Patients as chest X-ray archives have them: mostly one image, some many, all of one class. */
const PATIENTS = Array.from(LABELS, (label, record) => `${label}-${Math.floor((record % 3000) ** 0.97)}`)

test('with groups, hospitals have nearly the sizes and the shares of classes that they have without', t => {
  for (const hospitals of [4, 8]) {
    const free = partition(LABELS, { hospitals, seed: 1 })
    const bound = partition(LABELS, { hospitals, seed: 1, groups: PATIENTS })
    t.true(new Set(PATIENTS).size < LABELS.length * 0.7)
    bound.forEach((part, hospital) => {
      t.true(Math.abs(part.length / free[hospital]!.length - 1) < 0.02, `${part.length}`)
      t.true(Math.abs(shareOf(part) - shareOf(free[hospital]!)) < 0.02)
    })
  }
})

test('groups of one record change no number of any class at any hospital', t => {
  const counts = (groups?: string[]) =>
    partition(LABELS, { hospitals: 6, seed: 3, groups }).map(part => [part.length, shareOf(part)])
  t.deepEqual(counts(Array.from(LABELS, (_, record) => String(record))), counts())
})

test('another seed places groups otherwise, and neighbours in the file do not stay together', t => {
  const of = (seed: number) => partition(LABELS, { hospitals: 4, seed, groups: PATIENTS })
  t.notDeepEqual(of(7), of(8))
  const [first] = of(7)
  const steps = [...first!.subarray(1)].filter((record, at) => record === first![at]! + 1)
  t.true(steps.length < first!.length / 50)
})
