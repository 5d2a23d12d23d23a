// Claims: every scenario's studies come to their end on any seed; the same seed tells the same story, byte by byte; what
// goes wrong is reported with its seed, its invariant, its place and the command that shows it again.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import test from 'ava'
import { failureLines, summaryLine } from '../../../sim/runner/report.ts'
import { runSeed } from '../../../sim/runner/run-seed.ts'
import { EVERYDAY, SCENARIOS, scenarioOf } from '../../../sim/scenarios/list.ts'
import type { Checker } from '../../../sim/world/api.ts'
import { Random } from '../../../sim/world/random.ts'
import { Violation } from '../../../sim/world/violation.ts'

const SEEDS = 6

function trace(scenario: string, seed: number): string {
  const lines: string[] = []
  runSeed({ scenario: scenarioOf(scenario), seed, tell: line => lines.push(line) })
  return lines.join('\n')
}

for (const scenario of [...EVERYDAY, scenarioOf('restore')]) {
  test(`${scenario.name}: ${scenario.summary}`, t => {
    let certified = 0
    for (let seed = 0; seed < SEEDS; seed++) {
      const { failure, certified: rounds } = runSeed({ scenario, seed })
      t.is(failure, null, `seed ${seed}: ${failure?.what}`)
      certified += rounds.results + rounds.voids
    }
    t.true(certified >= 3 * SEEDS, 'every study has at least three rounds')
  })

  test(`${scenario.name}: one seed, one story`, t => {
    const story = trace(scenario.name, 7)
    t.is(trace(scenario.name, 7), story)
    t.not(trace(scenario.name, 8), story)
    t.regex(story, /has finished after round/)
  })

  test(`${scenario.name}: a plan is a function of its seed, within the limits of a study`, t => {
    for (let seed = 0; seed < 50; seed++) {
      const plan = () => scenario.plan(new Random(`plan ${seed}`))
      const one = plan()
      const shown = ({ begin: _, checkers: __, liars, ...plan }: typeof one) => ({
        ...plan,
        liars: [...(liars?.keys() ?? [])],
      })
      t.deepEqual(shown(one), shown(plan()))
      t.true(one.study.hospitals >= 3 && one.study.hospitals <= 10)
      t.true(one.study.rounds >= 3 && one.study.rounds <= 6)
      t.true(Number.isFinite(one.withinMs) && one.withinMs > 0)
    }
  })
}

test('names of scenarios are their own', t => {
  t.is(new Set(SCENARIOS.map(({ name }) => name)).size, SCENARIOS.length)
  t.throws(() => scenarioOf('nothing'), { instanceOf: RangeError })
})

test('the scenarios do what they say: crashes restarts, void voids, rollback sets back, budget refuses', t => {
  const told = (name: string, words: RegExp) => {
    for (let seed = 0; seed < 20; seed++) if (words.test(trace(name, seed))) return true
    return false
  }
  t.true(told('crashes', /crashes at written/), 'between a write and its fsync')
  t.true(told('crashes', /crashes at computed[\s\S]*starts again/))
  t.true(told('void', /is certified: void/))
  t.true(told('rollback', /is set back to/))
  t.true(told('budget', /privacy-budget-exhausted/))
  t.true(told('partition', /nothing passes[\s\S]*has lost[\s\S]*is connected to/))
})

test('a study that stands still fails by invariant 11, with the command that shows it again', t => {
  const outcome = runSeed({
    scenario: scenarioOf('calm'),
    seed: 5,
    tamper: world => {
      // nobody ever hears a prevote
      world.inspect = (_, effect) => {
        const prevote = effect.type === 'schedule' && effect.timer.kind === 'vote' && effect.timer.step === 'prevote'
        // a view that is never reached
        if (prevote) Object.assign(effect, { timer: { ...effect.timer, view: 999 } })
      }
      world.deliver = () => false
      world.antiEntropy.compare = () => {}
    },
  })
  t.like(outcome.failure, { invariant: 11, hospital: 0, round: 1 })
  const [first, second, last] = failureLines(outcome)
  t.regex(first as string, /^FAILURE seed 5, scenario calm: invariant 11: not finished within \d+ s/)
  t.regex(second as string, /^ {2}hospital 0, round 1, at \d+\.\d{3} s$/)
  t.is(last, '  npm run sim -- --seed 5 --scenario calm --trace')
})

test('a checker sees everything, ends the world with its Violation, and that says where and when', t => {
  const seen = new Set<string>()
  const watch = (): Checker => ({
    name: 'watch',
    invariant: null,
    begin: () => void seen.add('begin'),
    effect: (_, { type }) => void seen.add(type),
    output: (_, { kind }) => void seen.add(`job ${kind}`),
    packet: (_from, _to, { kind }) => void seen.add(`packet ${kind}`),
    lifecycle: (_, change) => void seen.add(change),
    end: () => void seen.add('end'),
  })
  for (let seed = 0; seed < 8; seed++) runSeed({ scenario: scenarioOf('crashes'), seed, checkers: [watch] })
  const all = ['begin', 'end', 'start', 'kill', 'store', 'publish', 'send', 'pull', 'train', 'compute', 'emit']
  const jobs = ['prepare', 'mask', 'reveal', 'sum', 'apply'].map(kind => `job ${kind}`)
  const packets = ['hello', 'gossip', 'chunk', 'receipt', 'summary', 'fill', 'push', 'pull', 'pulled']
  for (const one of [...all, ...jobs, ...packets.map(kind => `packet ${kind}`)]) t.true(seen.has(one), one)

  const strict = (): Checker => ({
    name: 'strict',
    invariant: 2,
    output: (_, { kind }) => {
      if (kind === 'reveal') throw new Violation(2, 'somebody released')
    },
  })
  const { failure } = runSeed({ scenario: scenarioOf('calm'), seed: 1, checkers: [strict] })
  t.like(failure, { invariant: 2, what: 'somebody released', round: 1 })
  t.true(failure !== null && failure.hospital !== null && failure.at !== null && failure.at > 0)
})

test('an exception in the code under test is a failure as well, with its stack', t => {
  const outcome = runSeed({
    scenario: scenarioOf('calm'),
    seed: 1,
    tamper: world => {
      world.inspect = (_, { type }) => {
        if (type === 'send') throw new TypeError('a bug')
      }
    },
  })
  t.like(outcome.failure, { invariant: null, what: 'a bug' })
  t.regex(failureLines(outcome).join('\n'), /crash: a bug[\s\S]*scenarios\.test\.ts/)
})

const MAIN = join(import.meta.dirname, '../../../sim/main.ts')

/** Exit code and stdout. */
function sim(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

test('the command runs a range of seeds on several threads and ends in one line', async t => {
  const { code, stdout } = await sim('--seeds', '0..11', '--workers', '2')
  t.is(code, 0)
  t.regex(stdout, /^12 seeds, 0 failures, \d+ s\n$/)
})

test('the command tells one story, the same each time', async t => {
  const args = ['--seed', '4', '--scenario', 'mixed', '--trace']
  const [one, other] = await Promise.all([sim(...args), sim(...args)])
  t.is(one.code, 0)
  t.true(one.stdout.split('\n').length > 50)
  const story = (text: string) => text.split('\n').slice(0, -2).join('\n')
  t.is(story(one.stdout), story(other.stdout))
})

test('what the command does not understand ends in a sentence, a hint and exit code 2', async t => {
  for (const args of [['--seeds', '3..1'], ['--scenario', 'sunny'], ['--seeds', '1..2', '--trace'], ['--nothing']]) {
    const { code, stdout, stderr } = await sim(...args)
    t.is(code, 2, args.join(' '))
    t.is(stdout, '')
    t.regex(stderr, /^sim: .+\n {2}hint: .+\n$/)
  }
  const { stdout } = await sim('--list')
  for (const { name, summary } of SCENARIOS) t.true(stdout.includes(name) && stdout.includes(summary))
})

test('the last line counts', t => {
  t.is(summaryLine({ count: 10_000, failures: 0, seconds: 811.6 }), '10000 seeds, 0 failures, 812 s')
  t.is(summaryLine({ count: 1, failures: 1, seconds: 0.2 }), '1 seed, 1 failure, 0 s')
})
