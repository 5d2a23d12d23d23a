// Claim of sim/chaos/plan.ts: what goes wrong follows from the seed alone, and stays within what the scenarios promise.

import test from 'ava'
import fc from 'fast-check'
import { PHASES, planBlow, planClock, planKills, planSplits } from '../../../sim/chaos/plan.ts'

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 })

test('one seed, one plan; another seed, another plan', t => {
  const plans = (seed: number) => [
    planKills({ hospitals: 5, rounds: 20, seed }),
    planBlow('stop', { hospitals: 4, seed }),
    planSplits({ hospitals: 4, seed }),
    planClock({ jumps: 5, seed: String(seed) }),
  ]
  t.deepEqual(plans(7), plans(7))
  for (const [at, plan] of plans(7).entries()) t.notDeepEqual(plan, plans(8)[at])
})

test('every round has its kill, of anybody, in a phase that there is, and nobody is away for 20 s', t => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 3, max: 9 }), (seed, hospitals) => {
      const kills = planKills({ hospitals, rounds: 20, seed })
      t.deepEqual(
        kills.map(({ instant }) => instant.round),
        Array.from({ length: 20 }, (_, at) => at + 1),
      )
      for (const { instant, victims, awayMs } of kills) {
        t.deepEqual(
          [...victims].sort((a, b) => a - b),
          Array.from({ length: hospitals }, (_, at) => at),
        )
        t.true(PHASES.includes(instant.phase) && instant.afterMs >= 0)
        t.true(awayMs > 0 && awayMs < 20_000)
      }
    }),
    { numRuns: 50 },
  )
})

test('over some seeds every hospital is the first to be hit, in every phase', t => {
  const kills = [1, 2, 3, 4, 5].flatMap(seed => planKills({ hospitals: 5, rounds: 20, seed }))
  t.is(new Set(kills.map(({ victims }) => victims[0])).size, 5)
  t.true(new Set(kills.map(({ instant }) => instant.phase)).size > 6)
  t.true(kills.some(({ awayMs }) => awayMs > 10_000) && kills.some(({ awayMs }) => awayMs < 1000))
})

test('a longer study begins with the plan of a shorter one', t => {
  const of = (rounds: number) => planKills({ hospitals: 5, rounds, seed: 3 })
  t.deepEqual(of(30).slice(0, 10), of(10))
})

test('splits: each kind once, both directions of whoever is cut off, one of a one-way cut', t => {
  fc.assert(
    fc.property(seeds, seed => {
      const splits = planSplits({ hospitals: 4, seed })
      t.deepEqual(splits.map(({ kind }) => kind).sort(), ['deaf', 'mute', 'one-way', 'three-one', 'two-two'])
      const cutsOf = (kind: string) => splits.find(split => split.kind === kind)!
      t.is(cutsOf('three-one').cuts.length, 6)
      t.is(cutsOf('two-two').cuts.length, 8)
      t.is(cutsOf('one-way').cuts.length, 1)
      const { part, cuts } = cutsOf('deaf')
      t.true(cuts.length === 3 && cuts.every(([from, to]) => from !== to && to === part[0]))
      t.true(cutsOf('mute').cuts.every(([from]) => from === cutsOf('mute').part[0]))
      t.deepEqual(
        splits.filter(({ goesOn }) => !goesOn).map(({ kind }) => kind),
        ['two-two'],
      )
      for (const { cuts } of splits) t.is(new Set(cuts.map(String)).size, cuts.length)
    }),
    { numRuns: 50 },
  )
})

test('a clock jumps by hours, both ways', t => {
  const jumps = planClock({ jumps: 100, seed: '1' })
  t.true(Math.min(...jumps) < -3_600_000 && Math.max(...jumps) > 3_600_000)
})
