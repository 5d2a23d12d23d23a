// Claims of sim/demo/report.ts: the JSON has the promised fields, the table and the sentences say what happened, and
// an outcome that does not show what it should is refused.

import test from 'ava'
import { EXIT, type ExitCode, OperatorError } from '../../../node/errors.ts'
import { median, type Outcome, reportJson, requireShown, summaryLines, tableLines } from '../../../sim/demo/report.ts'
import { RECORDED, RECORDED_ROUNDS, recordedStatus } from './recorded.ts'

test('the JSON has every promised field, with the promised shape', t => {
  // biome-ignore lint/suspicious/noExplicitAny: the document as a reader that knows no types sees it
  const json = JSON.parse(JSON.stringify(reportJson(RECORDED))) as any
  t.is(json.hospitals, 4)
  t.is(json.parameters, 6970)
  t.is(json.rounds.length, 9)
  for (const round of json.rounds) {
    t.true(Number.isInteger(round.round) && Number.isInteger(round.views))
    t.is(round.outcome, 'result')
    t.true(Array.isArray(round.contributors) && round.contributors.length >= 3)
    t.true(round.durationMs > 0 && round.trainMs > 0 && round.beyondMs > 0)
    t.is(round.bytesSent.length, 4)
    t.regex(round.checkpoint, /^[0-9a-f]+$/)
  }
  t.deepEqual(Object.keys(json.epsilon), ['model', 'colluding', 'alone'])
  t.is(json.epsilon.colluding, 1.893)
  t.is(json.delta, 1e-5)
  t.is(json.noiseMultiplier, 2.0484)
  t.is(json.modelHashes.length, 4)
  t.is(new Set(json.modelHashes).size, 1)
  t.deepEqual(json.test, { auc: 0.9324, accuracy: 0.8301, mcc: 0.6431 })
  t.is(json.seconds, 166.1)
  t.is(json.absent.contributedAgain, 46)
  t.deepEqual(
    json.peers.map((peer: { memoryBytesMax: number }) => peer.memoryBytesMax),
    [4e8, 3.5e8, 3e8, 2.5e8],
  )
})

test('the table has a row for each hospital, its columns aligned', t => {
  const lines = tableLines(RECORDED)
  t.is(lines.length, 5)
  t.is(new Set(lines.map(line => line.length)).size, 1)
  t.regex(lines[3]!, /^Cedar +820 +67 % +3 of 9 /)
})

test('the sentences name all three epsilons and what they do not cover', t => {
  const text = summaryLines(RECORDED).join('\n')
  t.regex(text, /epsilon 1\.893 of 3 against any one of the hospitals: what is charged/)
  t.regex(text, /epsilon 1\.541 against everyone who sees the model/)
  t.regex(text, /epsilon 4\.404 against all other hospitals colluding/)
  t.regex(text, /more records, or known to more hospitals/)
  t.regex(text, /at all 4 hospitals in 9 of 9 rounds/)
  t.regex(text, /Cedar was killed with SIGKILL in round 40/)
})

test('a sound outcome is accepted', t => {
  t.notThrows(() => requireShown(RECORDED))
  t.notThrows(() => requireShown({ ...RECORDED, absence: null }))
})

const REFUSED: readonly [string, Partial<Outcome>, ExitCode][] = [
  [
    'one hospital with another model',
    { statuses: [...RECORDED.statuses.slice(0, 3), recordedStatus(3, { checkpoint: 'ff' })] },
    EXIT.verificationFailed,
  ],
  ['a hospital that says nothing', { statuses: RECORDED.statuses.slice(1) }, EXIT.verificationFailed],
  ['a measurement of another model', { test: { ...RECORDED.test, hash: 'ff' } }, EXIT.verificationFailed],
  [
    'a VOID round',
    { rounds: [{ ...RECORDED_ROUNDS[0]!, outcome: 'void' }, ...RECORDED_ROUNDS.slice(1)] },
    EXIT.timedOut,
  ],
  ['a hospital that never came back', { absence: { ...RECORDED.absence!, contributedAgain: null } }, EXIT.timedOut],
]

for (const [what, changes, exitCode] of REFUSED) {
  test(`${what} is refused`, t => {
    const error = t.throws(() => requireShown({ ...RECORDED, ...changes }), { instanceOf: OperatorError })
    t.is((error as OperatorError).exitCode, exitCode)
  })
}

test('the median is the middle', t => {
  t.is(median([3, 1, 2]), 2)
  t.is(median([4, 1, 2, 3]), 2.5)
  t.is(median([]), Number.NaN)
})
