// Claims of sim/demo/absence.ts: any hospital may be drawn, after a third of the rounds, and the rounds tell how it was
// missed.

import test from 'ava'
import { absenceLines, absenceReport, planAbsence } from '../../../sim/demo/absence.ts'
import { RECORDED, RECORDED_ROUNDS } from './recorded.ts'

const KILLED = { site: 'Cedar', killedInRound: 40, phase: 'uploaded', awayMs: 9109.3 }

test('the same seed draws the same hospital and phase, and every hospital is drawn by some seed', t => {
  const plans = Array.from({ length: 60 }, (_, seed) => planAbsence({ hospitals: 4, rounds: 120, seed }))
  t.deepEqual(planAbsence({ hospitals: 4, rounds: 120, seed: 9 }), plans[9])
  t.is(new Set(plans.map(({ victim }) => victim)).size, 4)
  t.is(new Set(plans.map(({ phase }) => phase)).size, 6)
  t.is(plans[1]!.phase, 'opened')
  t.true(plans.every(({ fromRound }) => fromRound === 40))
})

test('rounds without it and its return are read from the rounds', t => {
  t.deepEqual(absenceReport(KILLED, RECORDED_ROUNDS), RECORDED.absence)
})

test('a round that waited for its return has its update in', t => {
  const durationMs = KILLED.awayMs + 1000
  const rounds = RECORDED_ROUNDS.map(round => ({ ...round, durationMs, contributors: ['Alder', 'Cedar'] }))
  const report = absenceReport(KILLED, rounds)
  t.like(report, { contributedToThatRound: true, waitedForIt: true, roundsWithout: [], contributedAgain: 41 })
  t.regex(
    absenceLines(report).join('\n'),
    /Round 40 waited for it, and after its restart was certified with its update/,
  )
})

test('whoever stays away has not contributed again', t => {
  const report = absenceReport(KILLED, RECORDED_ROUNDS.slice(0, 5))
  t.is(report.contributedAgain, null)
  t.regex(absenceLines(report).join('\n'), /did not contribute again/)
})

test('the sentences say when, how long and what went on meanwhile', t => {
  const text = absenceLines(RECORDED.absence!).join('\n')
  t.regex(text, /round 40, phase "uploaded".* 9\.1 s/)
  t.regex(text, /Round 40 was certified without its update/)
  t.regex(text, /6 rounds were certified without it: 40 to 45/)
  t.regex(text, /contributed again in round 46/)
})
