// Claims of sim/demo/round-history.ts: hospitals that differ are found at once, and a round's figures are theirs.

import test from 'ava'
import { EXIT, OperatorError } from '../../../node/errors.ts'
import type { RoundRecord } from '../../../node/storage/round-record.ts'
import { RoundHistory } from '../../../sim/demo/round-history.ts'

const SITES = ['Alder', 'Birch', 'Cedar'].map(site => ({ site, peer: `peer of ${site}` }))

function record(round: number, changes: Partial<RoundRecord> = {}): RoundRecord {
  return {
    round,
    outcome: 'result',
    views: 1,
    contributors: SITES.map(({ peer }) => peer),
    durationMs: 1000,
    trainMs: 500,
    beyondMs: 400,
    bytesSent: 10,
    checkpoint: 'aa',
    ...changes,
  }
}

test('one differing model hash is a verification failure that names both', t => {
  const history = new RoundHistory(SITES)
  history.add(0, record(1))
  history.add(2, record(1))
  const error = t.throws(() => history.add(1, record(1, { checkpoint: 'ab' })), { instanceOf: OperatorError })
  t.is((error as OperatorError).exitCode, EXIT.verificationFailed)
  t.regex(error!.message, /round 1.*Alder result aa.*Birch result ab/)
})

test('a differing outcome is one too', t => {
  const history = new RoundHistory(SITES)
  history.add(0, record(1))
  t.throws(() => history.add(1, record(1, { outcome: 'void' })), { code: 'models-differ' })
})

test('a round has the slowest duration and training, and the shortest wait beyond training', t => {
  const history = new RoundHistory(SITES)
  history.add(0, record(1, { durationMs: 1100, trainMs: 300, beyondMs: 700, bytesSent: 1 }))
  history.add(1, record(1, { durationMs: 1200, trainMs: 900, beyondMs: 250, bytesSent: 2 }))
  t.like(history.summary(1), {
    durationMs: 1200,
    trainMs: 900,
    beyondMs: 250,
    bytesSent: [1, 2, null],
    contributors: ['Alder', 'Birch', 'Cedar'],
    checkpoint: 'aa',
    agreed: 2,
  })
})

test('whoever only took the round over measures nothing', t => {
  const history = new RoundHistory(SITES)
  const contributors = SITES.slice(0, 2).map(({ peer }) => peer)
  history.add(0, record(1, { contributors, durationMs: 900, beyondMs: 300 }))
  history.add(1, record(1, { contributors, durationMs: 20, trainMs: 0, beyondMs: 0 }))
  history.add(2, record(1, { contributors, durationMs: 9999, trainMs: 9999, beyondMs: 1 }))
  t.like(history.summary(1), { durationMs: 900, trainMs: 500, beyondMs: 300, contributors: ['Alder', 'Birch'] })
})

test('rounds come in order, and each hospital has a newest one', t => {
  const history = new RoundHistory(SITES)
  for (const round of [2, 1, 3]) history.add(1, record(round))
  t.deepEqual(
    history.summaries().map(({ round }) => round),
    [1, 2, 3],
  )
  t.is(history.newest(1), 3)
  t.is(history.newest(0), 0)
  t.is(history.summary(4), undefined)
  t.is(history.agreed(3), 1)
})
