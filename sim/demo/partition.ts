/**
 * Partitions records over hospitals as in reality: disjoint parts of different sizes, with different shares of each
 * class.
 *
 * @module
 */

import { createRandom, type Random, shuffled } from './random.ts'

/** The largest hospital has about this many times the records of the smallest. */
const SIZE_RATIO = 4
/** Largest deviation of a class's log-odds at a hospital from those of all records. */
const SKEW = 0.9
/** Proportional fitting converges linearly; after these passes the error is below one record. */
const FITTING_PASSES = 50

/**
 * Deterministic: the same labels, groups and seed give the same parts.
 *
 * @param labels classes, whole numbers from 0
 * @param groups for each record its group, such as a patient: a group stays at one hospital, so sizes and shares of
 *               classes are only approximate
 * @returns for each hospital the indices of its records, in random order; together they hold every record once
 */
export function partition(
  labels: ArrayLike<number>,
  { hospitals, seed, groups }: { hospitals: number; seed: number; groups?: ArrayLike<string> | undefined },
): Uint32Array[] {
  const random = createRandom(`partition ${seed}`)
  const pools: number[][] = []
  for (const index of shuffled(labels.length, random)) {
    const label = labels[index]!
    while (pools.length <= label) pools.push([])
    pools[label]!.push(index)
  }
  const sizes = sizesOf(labels.length, hospitals)
  const counts = countsOf({ sizes, classes: pools.map(pool => pool.length) }, random)
  const parts =
    groups === undefined
      ? counts.map(row => row.flatMap((count, label) => pools[label]!.splice(0, count)))
      : placed(grouped(pools.flat(), groups), { labels, wanted: counts })
  return parts.map(part => Uint32Array.from(shuffled(part.length, random), at => part[at]!))
}

/** Records by group, the largest group first, so that small groups fill the gaps. */
function grouped(records: readonly number[], groups: ArrayLike<string>): number[][] {
  const members = new Map<string, number[]>()
  for (const record of records) {
    const group = groups[record]!
    const own = members.get(group)
    if (own === undefined) members.set(group, [record])
    else own.push(record)
  }
  return [...members.values()].sort((a, b) => b.length - a.length)
}

/** Places each group at the hospital that still lacks most of its records; among equals, the one with most room. */
function placed(
  groups: readonly number[][],
  { labels, wanted }: { labels: ArrayLike<number>; wanted: readonly number[][] },
): number[][] {
  const room = wanted.map(row => [...row])
  const parts: number[][] = wanted.map(() => [])
  for (const records of groups) {
    const counts = new Map<number, number>()
    for (const record of records) counts.set(labels[record]!, (counts.get(labels[record]!) ?? 0) + 1)
    const sumOver = (row: readonly number[], value: (left: number, count: number) => number): number =>
      sumOf([...counts].map(([label, count]) => value(row[label]!, count)))
    const fits = room.map(row => ({
      welcome: sumOver(row, (left, count) => Math.min(left, count)),
      left: sumOver(row, left => left),
    }))
    let best = 0
    fits.forEach(({ welcome, left }, hospital) => {
      const { welcome: most, left: roomiest } = fits[best]!
      if (welcome > most || (welcome === most && left > roomiest)) best = hospital
    })
    parts[best]!.push(...records)
    for (const [label, count] of counts) room[best]![label]! -= count
  }
  return parts
}

/** Sizes in a falling geometric series. */
function sizesOf(records: number, hospitals: number): number[] {
  const step = hospitals === 1 ? 1 : SIZE_RATIO ** (-1 / (hospitals - 1))
  const weights = Array.from({ length: hospitals }, (_, rank) => step ** rank)
  const sizes = weights.map(weight => Math.floor((records * weight) / sumOf(weights)))
  sizes[0]! += records - sumOf(sizes)
  return sizes
}

/** How many records of each class each hospital has: rows add up to the sizes, columns to the classes. */
function countsOf({ sizes, classes }: { sizes: number[]; classes: number[] }, random: Random): number[][] {
  // the skew of classes is independent of the size
  const tilts = shuffled(sizes.length, random)
  const spread = (at: number, count: number): number => (count === 1 ? 0 : (2 * at) / (count - 1) - 1)
  const table = sizes.map((_, hospital) =>
    classes.map((count, label) => {
      const tilt = spread(tilts[hospital]!, sizes.length) * spread(label, classes.length)
      return count * Math.exp(SKEW * tilt)
    }),
  )
  for (let pass = 0; pass < FITTING_PASSES; pass++) {
    classes.forEach((count, label) => {
      const total = sumOf(table.map(row => row[label]!))
      for (const row of table) row[label] = total === 0 ? 0 : (row[label]! * count) / total
    })
    table.forEach((row, hospital) => {
      const total = sumOf(row)
      row.forEach((value, label) => {
        row[label] = total === 0 ? 0 : (value * sizes[hospital]!) / total
      })
    })
  }
  return rounded(table, { sizes, classes })
}

/** Rounds the table down and fills up the sizes from the classes with the most records left. */
function rounded(table: number[][], { sizes, classes }: { sizes: number[]; classes: number[] }): number[][] {
  const left = [...classes]
  const counts = table.map(row =>
    row.map((value, label) => {
      const count = Math.min(Math.floor(value), left[label]!)
      left[label]! -= count
      return count
    }),
  )
  counts.forEach((row, hospital) => {
    for (let missing = sizes[hospital]! - sumOf(row); missing > 0; missing--) {
      const label = left.indexOf(Math.max(...left))
      left[label]! -= 1
      row[label]! += 1
    }
  })
  return counts
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
