// Claims of sim/chaos/report.ts and options.ts: a failure is seen in the table and comes with the command that repeats its plan.

import test from 'ava'
import { parseOptions } from '../../../sim/chaos/options.ts'
import { reasonLines, tableLines } from '../../../sim/chaos/report.ts'
import { SCENARIOS } from '../../../sim/chaos/scenarios/list.ts'
import type { Outcome } from '../../../sim/chaos/trial.ts'

const PASSED: Outcome = {
  scenario: 'kill',
  seed: 3,
  outcome: 'passed',
  rounds: 20,
  certified: 20,
  longestMs: 10_640,
  voids: 0,
  restarts: 20,
  hashesEqual: true,
  reasons: [],
  notes: [],
  seconds: 100,
}
const FAILED: Outcome = { ...PASSED, outcome: 'failed', hashesEqual: false, certified: 7, reasons: ['Round 4 broke'] }
const SKIPPED: Outcome = { ...PASSED, scenario: 'disk', outcome: 'skipped', reasons: ['not root'] }

test('the table has a line per scenario', t => {
  const [head, passed, failed, skipped] = tableLines([PASSED, FAILED, SKIPPED])
  t.deepEqual(head!.split(/ {2,}/), [
    'scenario',
    'seed',
    'rounds',
    'longest round',
    'void',
    'restarts',
    'hashes equal',
    'outcome',
  ])
  t.deepEqual(passed!.split(/ {2,}/), ['kill', '3', '20/20', '10.6 s', '0', '20', 'yes', 'passed'])
  t.deepEqual(failed!.split(/ {2,}/), ['kill', '3', '7/20', '10.6 s', '0', '20', 'NO', 'failed'])
  t.regex(skipped!, /^disk .* skipped$/)
})

test('a failure says what broke and how to repeat its plan; the command is one that is understood', t => {
  const lines = reasonLines([PASSED, FAILED, SKIPPED])
  t.deepEqual(lines.slice(0, 2), ['kill FAILED:', '  Round 4 broke'])
  const [, args] = /npm run chaos -- (.*)$/.exec(lines[2]!)!
  t.like(parseOptions(args!.split(' ')), { scenario: 'kill', seed: 3, rounds: 20, keep: true })
  t.is(lines[3], 'disk was skipped: not root')
})

test('without arguments every scenario runs, with its own rounds', t => {
  const options = parseOptions([])
  t.is(options.scenario, undefined)
  t.is(options.rounds, undefined)
  t.is(options.seed, 1)
  t.is(new Set(SCENARIOS.map(({ name }) => name)).size, 6)
})

test('what cannot be meant is refused', t => {
  for (const args of ['--scenario flood', '--seed -1', '--rounds 0', '--rounds 1.5', 'kill']) {
    t.throws(() => parseOptions(args.split(' ')), undefined, args)
  }
})
