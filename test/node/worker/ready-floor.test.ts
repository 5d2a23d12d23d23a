// Claims of node/worker/ready-floor.ts: the time of READY does not tell how many units were drawn, not even that none was.

import test from 'ava'
import fc from 'fast-check'
import type { Trainer } from '../../../node/training/trainer.ts'
import { largestBatch, measuredFloor, readyAfter, readyFloorOf } from '../../../node/worker/ready-floor.ts'
import { SAMPLE_RATE_ONE } from '../../../protocols/study/limits.ts'
import { testSigners, testStudy } from '../../helpers/study/study.ts'

test('rounds of empty, small and usual batches are all ready at the floor', t => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (largest, share) => {
        const floor = readyFloorOf(largest, SAMPLE_RATE_ONE / 10)
        t.true(floor >= 100 && floor >= largest && floor < largest + 200 && floor % 100 === 0)
        t.is(readyAfter(share * largest, floor), floor)
        // one that takes longer waits for a multiple, which tells as little as can be
        t.is(readyAfter(floor + 1 + share, floor), 2 * floor)
      },
    ),
  )
})

test('where every unit is in every batch there is nothing to hide, and nothing is waited for', t => {
  t.is(readyFloorOf(1234, SAMPLE_RATE_ONE), 0)
  t.is(readyAfter(1234.5, 0), 1234.5)
})

test('the largest batch is six deviations above the mean, and never more than there is', t => {
  t.is(largestBatch(10_000, SAMPLE_RATE_ONE / 10), 1000 + 180)
  t.is(largestBatch(5, SAMPLE_RATE_ONE / 2), 5)
  t.is(largestBatch(0, SAMPLE_RATE_ONE / 2), 0)
})

test('the floor is measured with the largest batch on a warm engine, for all local steps', t => {
  const signers = testSigners(4)
  const study = testStudy(signers)
  const privacy = { ...study.privacy, sampleRate: SAMPLE_RATE_ONE / 4, noise: 'local' as const, localSteps: 3 }
  const calls: number[] = []
  let time = 0
  const trainer = {
    units: 400,
    sumOfLargest: (_: unknown, units: number) => {
      calls.push(units)
      time += calls.length === 1 ? 5000 : 70
    },
  } as unknown as Trainer
  t.is(
    measuredFloor({ ...study, privacy }, trainer, () => time),
    300,
  )
  t.deepEqual(calls, [152, 152])
})
