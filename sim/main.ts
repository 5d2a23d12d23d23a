/**
 * `npm run sim`: runs the protocols in deterministic simulated worlds with seeded faults, under all checkers.
 *
 *   npm run sim -- --seeds 0..999 [--scenario NAME] [--workers 2]
 *   npm run sim -- --seed 17 --scenario crashes --trace
 *
 * @module
 */

import { CommanderError } from 'commander'
import { EXIT } from '../node/errors.ts'
import { parseOptions, type SimOptions } from './runner/options.ts'
import { type Job, runAll } from './runner/pool.ts'
import { failureLines, summaryLine } from './runner/report.ts'
import { type Outcome, runSeed } from './runner/run-seed.ts'
import { EVERYDAY, SCENARIOS, scenarioOf } from './scenarios/list.ts'

const PROGRESS_MS = 10_000

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}

function* jobsOf({ from, to, scenario }: SimOptions): Generator<Job> {
  for (let seed = from; seed <= to; seed++) {
    yield { seed, scenario: scenario ?? (EVERYDAY[seed % EVERYDAY.length] as { name: string }).name }
  }
}

function runOne({ seed, scenario }: Job, trace: boolean): Outcome {
  return runSeed({ seed, scenario: scenarioOf(scenario), ...(trace && { tell: write }) })
}

async function runMany(options: SimOptions): Promise<number> {
  const started = performance.now()
  let [count, failures, shown] = [0, 0, started]
  const seconds = () => (performance.now() - started) / 1000
  const done = (outcome: Outcome): void => {
    count += 1
    if (outcome.failure !== null) failures += 1
    for (const line of failureLines(outcome)) write(line)
    if (process.stderr.isTTY && performance.now() - shown > PROGRESS_MS) {
      shown = performance.now()
      process.stderr.write(`${summaryLine({ count, failures, seconds: seconds() })}\n`)
    }
  }
  const jobs = [...jobsOf(options)]
  if (jobs.length === 1) done(runOne(jobs[0] as Job, options.trace))
  else await runAll(jobs, { workers: Math.min(options.workers, jobs.length), done })
  write(summaryLine({ count, failures, seconds: seconds() }))
  return failures === 0 ? EXIT.ok : EXIT.bug
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), text => void process.stdout.write(text))
  if (!options.list) return await runMany(options)
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length))
  for (const { name, summary } of SCENARIOS) write(`${name.padEnd(width)}  ${summary}`)
  return EXIT.ok
}

// a reader such as `head` may close the pipe
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  if (error.exitCode !== 0) {
    process.stderr.write(`sim: ${error.message.replace(/^error: /, '')}\n  hint: See "npm run sim -- --help".\n`)
    process.exitCode = EXIT.usage
  }
}
